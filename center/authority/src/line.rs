//! Lets admitted lines in, and only those: terminals come to the authority's doors before they have a certificate (RN-16).

use chassis::serve::Caller;
use chassis::tls::PeerCertificate;
use jiff::Timestamp;
use manuals::situation::Situation;
use registry::{Demand, Registry};

use crate::Error;

/// Whether a caller's line is admitted. Whatever certificate an older terminal still shows does not matter here.
pub(crate) async fn admits(registry: &Registry, caller: &Caller, now: Timestamp) -> Result<Result<(), Situation>, Error> {
    let caller = Caller { certificate: PeerCertificate::Absent, ..caller.clone() };
    let entered = registry.enter(&caller, None, Demand { certificate: false, session: false }, now).await?;
    Ok(entered.map(|_| ()))
}
