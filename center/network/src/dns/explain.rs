//! Says what one asker would be answered, by which view of which list, and why.

use std::net::IpAddr;

use domain::base::iana::Class;
use domain::base::{Message, ParsedName, Rtype};
use domain::rdata::AllRecordData;
use serde::Serialize;

use super::choice::{Door, ViewSettings};
use super::desk::{Desk, NO_VIEW, Over};
use super::packet;
use super::template::PLAIN_DATAGRAM;
use super::zone;

/// One answer explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The name asked for.
    pub name: String,
    /// The type asked for.
    pub rtype: String,
    /// The server address asked.
    pub server: IpAddr,
    /// The address of who asks.
    pub asker: IpAddr,
    /// The list's edition.
    pub list: String,
    /// The view; `None` when no view is for this asker at this address.
    pub view: Option<String>,
    /// Why this view.
    pub because: String,
    /// The zone of the view that holds the name; `None` when none does, and the question is refused.
    pub zone: Option<String>,
    /// The answer's code, `NOERROR`, `NXDOMAIN`, `REFUSED` and so on.
    pub rcode: String,
    /// Whether the answer carries the authoritative mark; without it nslookup says 権限のない回答.
    pub authoritative: bool,
    /// The answer's records, one a line.
    pub records: Vec<String>,
    /// Bytes of the whole answer.
    pub bytes: usize,
    /// Whether a client without EDNS must come again over TCP (DN-23).
    pub needs_tcp: bool,
}

/// Explains what `asker` is answered at the address `server`.
///
/// # Errors
/// When the name is none.
pub fn explain(
    desk: &Desk,
    views: &[ViewSettings],
    server: IpAddr,
    asker: IpAddr,
    name: &str,
    rtype: Rtype,
) -> Result<Explanation, String> {
    let owner = zone::name(name)?;
    let chosen = Door::new(views, server).choose(asker);
    let place = chosen.and_then(|(place, _)| desk.describe(place, &owner, rtype));
    let mut out = Vec::new();
    desk.answer(&packet::question(&owner, rtype, Class::IN), Over::Tcp, chosen, &mut 0, &mut out);
    let answer = described(&out)?;
    Ok(Explanation {
        name: owner.to_string(),
        rtype: rtype.to_string(),
        server,
        asker,
        list: desk.version().to_owned(),
        view: place.as_ref().map(|(view, _)| (*view).to_owned()),
        because: chosen.map_or_else(|| NO_VIEW.to_owned(), |(_, why)| why.to_string()),
        zone: place.and_then(|(_, zone)| zone),
        rcode: answer.rcode,
        authoritative: answer.authoritative,
        records: answer.records,
        bytes: answer.bytes,
        needs_tcp: answer.needs_tcp,
    })
}

/// What an answer's bytes say.
pub(super) struct Described {
    pub(super) zone: Option<String>,
    pub(super) rcode: String,
    pub(super) authoritative: bool,
    pub(super) records: Vec<String>,
    pub(super) bytes: usize,
    pub(super) needs_tcp: bool,
}

/// Reads an answer that has an OPT record.
pub(super) fn described(answer: &[u8]) -> Result<Described, String> {
    let message = Message::from_slice(answer).map_err(|error| error.to_string())?;
    let mut records = Vec::new();
    for record in message.answer().into_iter().flatten().flatten() {
        if let Ok(Some(record)) = record.to_record::<AllRecordData<_, ParsedName<_>>>() {
            records.push(format!("{} {} {} {}", record.owner(), record.ttl().as_secs(), record.rtype(), record.data()));
        }
    }
    let negative = message.authority().into_iter().flatten().flatten().find(|record| record.rtype() == Rtype::SOA);
    Ok(Described {
        zone: negative.map(|record| record.owner().to_string()),
        rcode: message.header().rcode().to_string(),
        authoritative: message.header().aa(),
        records,
        bytes: answer.len(),
        // A client without EDNS gets no OPT record.
        needs_tcp: answer.len() > usize::from(PLAIN_DATAGRAM) + OPT,
    })
}

/// Bytes of our OPT record.
const OPT: usize = 11;
