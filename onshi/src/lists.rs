//! Opens the plain HTTP port on which revocation lists are fetched and certificates are asked about.

use std::sync::Arc;

use authority::publish;
use chassis::serve::{self, PlainDoor, Running};
use manuals::hosts;

use crate::center::Center;
use crate::center_config::Room;
use crate::ports::bind;

/// Opens it where the configuration names one and this process serves the authority.
pub(crate) async fn open(center: &Center) -> anyhow::Result<Option<Running>> {
    let Some(address) = center.config.center.lists.filter(|_| center.config.serves(Room::Authority)) else { return Ok(None) };
    let routes = publish::routes(center.authority.clone(), center.registry.clone(), center.clock.clone());
    let routes = registry::door::before(center.registry.clone(), routes);
    let door = PlainDoor { host: Arc::from(hosts::crl().name), routes, limits: center.config.limits };
    Ok(Some(serve::open_plain(bind(address).await?, door)?))
}
