//! A clinic in which everything works, a doctor who is asked there, and the walk through a family of faults.

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::routers::{Names, Uplink};
use lab::{Carrier, Center, Clinic, LineRecord, Plan, Program, Terminal, World, patience};
use manuals::{Region, proxy};
use serde_json::Value;

use crate::score::{Sheet, Written};

/// A change between two looks must have settled within this time.
const SETTLES: Duration = Duration::from_secs(30);

/// A fault: how it comes into the world and how it goes.
pub(crate) struct Fault {
    /// What was done, in a few words.
    pub(crate) name: &'static str,
    /// The cause as the field knows it: a key of `causes`.
    pub(crate) cause: &'static str,
    /// Another cause that is here at the same time, in a story of two.
    pub(crate) second: Option<&'static str>,
    /// Whether the other cannot be seen from the terminal while the first is there.
    pub(crate) hidden: bool,
    /// Whether it was written before the table was frozen.
    pub(crate) written: Written,
    /// Brings it in.
    pub(crate) comes: fn(&Ward<'_>) -> Result<()>,
    /// Takes it back.
    pub(crate) goes: fn(&Ward<'_>) -> Result<()>,
    /// Asks the doctor.
    pub(crate) asked: fn(&Ward<'_>) -> Result<Value>,
    /// Why the doctor is known to miss it, if it does.
    pub(crate) missed: Option<&'static str>,
}

/// A fault that changes nothing: the beginning of every other.
pub(crate) const FAULT: Fault = Fault {
    name: "",
    cause: "",
    second: None,
    hidden: false,
    written: Written::Before,
    comes: nothing,
    goes: nothing,
    asked: |ward| ward.examined(),
    missed: None,
};

/// Nothing is done.
pub(crate) fn nothing(_: &Ward<'_>) -> Result<()> {
    Ok(())
}

/// A clinic with everything around it.
pub(crate) struct Ward<'w> {
    pub(crate) world: &'w World,
    pub(crate) center: Rc<Center>,
    pub(crate) carrier: Rc<Carrier>,
    pub(crate) clinic: Clinic,
    pub(crate) terminal: Terminal,
    pub(crate) line: LineRecord<'static>,
    pub(crate) facility: &'static str,
    pub(crate) roots: Vec<PathBuf>,
    bridge: RefCell<Option<Rc<Program>>>,
    others: RefCell<Vec<Rc<Program>>>,
}

/// The plan of most families: the router asks per domain, the carrier advertises the prefix.
pub(crate) fn usual() -> Plan {
    Plan::new("clinic", Region::East, Names::Dnsmasq, Uplink::Advertised)
}

/// For how many days the certificates of these worlds are issued: no renewal is due.
pub(crate) const DAYS: u32 = 400;

/// Tells a family: a world of its own, in which the doctor finds nothing before the first fault and nothing after the last.
pub(crate) fn family(name: &'static str, plan: &Plan, faults: &[Fault]) -> Result<()> {
    family_in(name, |_| Ok(()), plan, faults)
}

/// Tells a family in a world that is prepared first.
pub(crate) fn family_in(name: &'static str, prepare: fn(&World) -> Result<()>, plan: &Plan, faults: &[Fault]) -> Result<()> {
    lab::story(&format!("faults-{name}"), |world| {
        world.issues_certificates_for(DAYS);
        prepare(world)?;
        let ward = Ward::healthy(world, plan)?;
        let mut sheet = Sheet::begin(name)?;
        ward.finds_nothing(&mut sheet, "before the first fault")?;
        for fault in faults {
            ward.suffers(&mut sheet, fault).with_context(|| format!("the fault \"{}\"", fault.name))?;
        }
        ward.finds_nothing(&mut sheet, "after the last fault")?;
        sheet.end()
    })
}

impl<'w> Ward<'w> {
    /// Builds it: the line is authenticated, the certificate fetched, the doctor told what the site uses.
    pub(crate) fn healthy(world: &'w World, plan: &Plan) -> Result<Self> {
        let region = plan.region();
        let center = world.open_center()?;
        let cloud = *proxy::sheet().own_proxy.must_reach.first().context("the manuals name a cloud")?;
        center.serves_proxy(cloud)?;
        center.serves_time()?;
        let (facility, line_id) = match region {
            Region::East => ("1312345678", "CAF1234567890"),
            Region::West => ("2712345678", "CAF2234567890"),
        };
        let line = LineRecord::new(line_id);
        center.approves(facility, line.line_id, "next-family")?;
        let clinic = world.clinic(plan)?;
        let carrier = world.carrier(region)?;
        carrier.knows(&line, &clinic.prefix())?;
        let terminal = clinic.terminal("reception")?;
        let roots = world.roots()?;
        terminal.installs_onshi(facility, &roots)?;
        let ward = Self {
            world,
            center,
            carrier,
            clinic,
            terminal,
            line,
            facility,
            roots,
            bridge: RefCell::default(),
            others: RefCell::default(),
        };
        ward.authenticates()?;
        ward.is_enrolled()?;
        ward.says_of_itself(&format!(
            "[site]\nregion = \"{}\"\nservices = [\"eligibility\"]\nprefecture = \"{}\"\ndistribution = \"base\"\nphone_router = {}\n",
            region.key(),
            if region == Region::East { "tokyo" } else { "osaka" },
            ward.clinic.phone().is_some()
        ))?;
        ward.starts_the_bridge()?;
        Ok(ward)
    }

    /// Starts the bridge, which reads requests and writes results.
    pub(crate) fn starts_the_bridge(&self) -> Result<()> {
        let log = self.terminal.folder()?.join("bridge.log");
        let starts = || std::fs::read_to_string(&log).unwrap_or_default().matches("連携が動いています").count();
        let before = starts();
        let bridge = self.terminal.keeps_running("bridge", &["clinic", "bridge"])?;
        self.bridge.replace(Some(bridge));
        patience::until("the bridge", SETTLES, || Ok((starts() > before).then_some(())))
    }

    /// Stops it.
    pub(crate) fn stops_the_bridge(&self) -> Result<()> {
        self.bridge.take().context("no bridge runs")?.stop()
    }

    /// Takes note of a program that a fault has started.
    pub(crate) fn runs(&self, program: Rc<Program>) {
        self.others.borrow_mut().push(program);
    }

    /// Stops what faults have started.
    pub(crate) fn stops_what_it_runs(&self) -> Result<()> {
        self.others.take().iter().try_for_each(|program| program.stop())
    }

    /// Chooses 「希望する」 until the line is authenticated.
    pub(crate) fn authenticates(&self) -> Result<()> {
        patience::until("the line's authentication", SETTLES, || {
            let said = self.terminal.onshi(&["clinic", "line", "authenticate", "--json"])?;
            let said = String::from_utf8_lossy(&said.stdout).into_owned();
            Ok(["line-success", "line-already"].iter().any(|key| said.contains(key)).then_some(()))
        })
    }

    fn is_enrolled(&self) -> Result<()> {
        let folder = self.terminal.folder()?;
        let account = self.center.operate(&["registry", "add-account", "--code", self.facility])?;
        let of = |value: &Value, key: &str| value[key].as_str().map(str::to_owned).with_context(|| format!("no {key} in {value}"));
        std::fs::write(folder.join("keys/password"), of(&account, "password")?)?;
        self.edits("clinic.toml", "R000000001", &of(&account, "account_id")?)?;
        self.fetches_a_certificate()
    }

    /// Fetches another certificate in place of one that is worth nothing any more.
    pub(crate) fn is_enrolled_again(&self) -> Result<()> {
        for name in ["clinic.crt", "clinic.key"] {
            std::fs::remove_file(self.terminal.folder()?.join("keys").join(name))?;
        }
        self.fetches_a_certificate()
    }

    fn fetches_a_certificate(&self) -> Result<()> {
        let of = |value: &Value, key: &str| value[key].as_str().map(str::to_owned).with_context(|| format!("no {key} in {value}"));
        let notice = self.center.operate(&["authority", "notice", "--code", self.facility, "--terminal", "受付端末"])?;
        let (request, reference) = (of(&notice, "request_id")?, of(&notice, "reference_id")?);
        let mut get = self.terminal.prepared("onshi", &[])?;
        get.args(["clinic", "certificate", "--request-id", &request]).env("ONSHI_REFERENCE_ID", reference);
        let done = get.output()?;
        ensure!(done.status.success(), "no certificate: {}", shown(&done));
        Ok(())
    }

    /// Adds a section to `clinic.toml`.
    pub(crate) fn says_of_itself(&self, section: &str) -> Result<()> {
        let file = self.terminal.folder()?.join("clinic.toml");
        let text = std::fs::read_to_string(&file)?;
        Ok(std::fs::write(&file, format!("{text}{section}"))?)
    }

    /// Replaces a text in a file of the clinic's programs.
    pub(crate) fn edits(&self, file: &str, from: &str, to: &str) -> Result<()> {
        let file = self.terminal.folder()?.join(file);
        let text = std::fs::read_to_string(&file)?;
        ensure!(text.contains(from), "{from} does not stand in {}", file.display());
        Ok(std::fs::write(&file, text.replace(from, to))?)
    }

    /// Keeps a file before it is spoiled.
    pub(crate) fn keeps(&self, file: &str) -> Result<()> {
        let file = self.terminal.folder()?.join(file);
        std::fs::copy(&file, file.with_extension("kept"))?;
        Ok(())
    }

    /// Puts it back.
    pub(crate) fn puts_back(&self, file: &str) -> Result<()> {
        let file = self.terminal.folder()?.join(file);
        Ok(std::fs::rename(file.with_extension("kept"), &file)?)
    }

    /// What the doctor says, as machines read it.
    pub(crate) fn examined(&self) -> Result<Value> {
        diagnosis(self.doctor("onshi", &[])?)
    }

    /// What it says when it is told what somebody saw on a screen.
    pub(crate) fn examined_seeing(&self, words: &str) -> Result<Value> {
        let mut doctor = self.doctor("onshi", &[])?;
        doctor.args(["--seen", words]);
        diagnosis(doctor)
    }

    /// The doctor as a command, perhaps inside a wrapper such as `faketime`.
    pub(crate) fn doctor(&self, wrapper: &str, before: &[&str]) -> Result<Command> {
        let mut doctor = self.terminal.prepared(wrapper, before)?;
        doctor.args(["doctor", "--json"]);
        Ok(doctor)
    }

    /// What it says when `sh` has done something before it in the same machine, out of everybody's sight: a mount lives as long as the program.
    pub(crate) fn examined_after(&self, script: &str) -> Result<Value> {
        let script = format!("{script}\nexec \"$@\"");
        diagnosis(self.doctor("sh", &["-ec", &script, "sh"])?)
    }

    /// One fault comes, is looked at, and goes, whatever was said of it.
    fn suffers(&self, sheet: &mut Sheet, fault: &Fault) -> Result<()> {
        let watch = patience::now();
        let said = (fault.comes)(self).and_then(|()| (fault.asked)(self));
        (fault.goes)(self).context("taking it back")?;
        sheet.judge(fault, &said?, watch.elapsed())
    }

    /// The doctor finds nothing to mend; what was changed has perhaps not settled yet.
    pub(crate) fn finds_nothing(&self, sheet: &mut Sheet, when: &str) -> Result<()> {
        let mut said = Value::Null;
        let well = patience::until("a healthy clinic", SETTLES, || {
            said = self.examined()?;
            Ok((said["exit"] == 0).then_some(()))
        });
        sheet.control(when, well.is_ok(), &said)
    }
}

/// What a program has printed.
pub(crate) fn shown(done: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}

/// Reads the doctor's answer; its exit code is added as `exit`.
pub(crate) fn diagnosis(mut doctor: Command) -> Result<Value> {
    let done = doctor.output()?;
    let mut said: Value = serde_json::from_slice(&done.stdout).with_context(|| format!("the doctor says: {}", shown(&done)))?;
    said["exit"] = done.status.code().into();
    Ok(said)
}
