//! Two faults at the same time: the root must be named first, since it must be mended first, and the other must be named too.
//!
//! All were written after the table was frozen.

use anyhow::{Context, Result};
use lab::patience;
use serde_json::Value;

use crate::score::{Sheet, Written};
use crate::ward::{DAYS, FAULT, Fault, Ward, usual};
use crate::{addresses, bridge, center, line, names, passage, trust};

/// Two faults, by their names.
struct Pair {
    /// Must be mended first.
    root: &'static str,
    /// Is there too.
    other: &'static str,
    /// Whether the other cannot be seen while the root is there.
    hidden: bool,
    /// Asks the doctor.
    asked: fn(&Ward<'_>) -> Result<Value>,
    /// Why the doctor is known to miss it, if it does.
    missed: Option<&'static str>,
}

const PAIR: Pair = Pair { root: "", other: "", hidden: false, asked: |ward| ward.examined(), missed: None };

/// A fault of any family, by its name.
fn known(name: &str) -> Result<&'static Fault> {
    let families = [addresses::FAULTS, bridge::FAULTS, center::FAULTS, line::FAULTS, names::FAULTS, passage::FAULTS, trust::FAULTS];
    families.into_iter().flatten().find(|fault| fault.name == name).with_context(|| format!("no fault is \"{name}\""))
}

/// Two come, the root last, since the other could not come behind it; the root goes first.
fn suffers(ward: &Ward<'_>, sheet: &mut Sheet, pair: &Pair) -> Result<()> {
    let (root, other) = (known(pair.root)?, known(pair.other)?);
    let watch = patience::now();
    let said = (other.comes)(ward).and_then(|()| (root.comes)(ward)).and_then(|()| (pair.asked)(ward));
    (root.goes)(ward).context("taking the root back")?;
    (other.goes)(ward).context("taking the other back")?;
    let name = format!("{} + {}", root.name, other.name).leak();
    let both = Fault {
        name,
        cause: root.cause,
        second: Some(other.cause),
        hidden: pair.hidden,
        written: Written::After,
        missed: pair.missed,
        ..FAULT
    };
    sheet.judge(&both, &said?, watch.elapsed())
}

/// Tells pairs in a world of their own.
fn told(name: &'static str, pairs: &[Pair]) -> Result<()> {
    lab::story(&format!("faults-{name}"), |world| {
        world.issues_certificates_for(DAYS);
        let ward = Ward::healthy(world, &usual())?;
        let mut sheet = Sheet::begin(name)?;
        ward.finds_nothing(&mut sheet, "before the first pair")?;
        for pair in pairs {
            suffers(&ward, &mut sheet, pair).with_context(|| format!("\"{}\" with \"{}\"", pair.root, pair.other))?;
        }
        ward.finds_nothing(&mut sheet, "after the last pair")?;
        sheet.end()
    })
}

/// Those that leave a line to be authenticated again come last: the proxy hears of it a minute later.
const HERE: &[Pair] = &[
    Pair { root: "the router has no table", other: "the bridge has stopped and requests wait", ..PAIR },
    Pair { root: "line authentication's domain is missing from the table", other: "there is no certificate", ..PAIR },
    Pair { root: "the adapter is switched off", other: "the bridge has stopped and requests wait", ..PAIR },
    Pair { root: "the terminal asks the provider's resolver", other: "the folder of results is gone", ..PAIR },
    Pair { root: "another way out is preferred, and it leads nowhere", other: "the certificate's key is gone", ..PAIR },
    Pair { root: "the carrier's own zone is missing from the table", other: "the file of the account's password is empty", ..PAIR },
    Pair { root: "the router takes IPv6 addresses out of answers", other: "the certificate is that of the clinic next door", ..PAIR },
    Pair {
        root: "the router is switched off and a hub keeps the cable's light on",
        other: "a certificate of another purpose is used",
        ..PAIR
    },
    Pair { root: "the line was never authenticated", other: "the certificate's key is gone", ..PAIR },
    Pair { root: "the network's root is not installed", other: "the line was never authenticated", hidden: true, ..PAIR },
];

const BEYOND: &[Pair] = &[
    Pair {
        root: "a digit of both servers is wrong in the table for the portal's domain",
        other: "the site's firewall drops port 8080",
        ..PAIR
    },
    Pair { root: "the revocation lists' domain is missing from the table", other: "the site's firewall drops UDP 123", ..PAIR },
    Pair { root: "the portal is down", other: "the time servers are silent", ..PAIR },
    Pair { root: "the platform's name servers are silent", other: "the bridge has stopped and requests wait", ..PAIR },
    Pair { root: "the carrier's network is down behind the first box", other: "there is no certificate", ..PAIR },
    Pair { root: "nothing comes through the line", other: "the folder of results is gone", ..PAIR },
    Pair { root: "the whole center is dark", other: "the certificate is that of the clinic next door", ..PAIR },
    Pair { root: "the Web API is down", other: "the time servers are silent", ..PAIR },
    Pair { root: "the line has no v6 option", other: "the site's firewall drops UDP 123", ..PAIR },
    Pair {
        root: "works on the line in the night: another prefix in the morning",
        other: "the bridge has stopped and requests wait",
        ..PAIR
    },
];

/// Rows: SU-06, SU-08
#[test]
fn near_ones_are_diagnosed() -> Result<()> {
    told("pairs-here", HERE)
}

/// Rows: SU-06, LA-18
#[test]
fn far_ones_are_diagnosed() -> Result<()> {
    told("pairs-beyond", BEYOND)
}
