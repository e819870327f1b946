//! Opens the rooms of line authentication: the portal, and the two carriers' notifiers, together or each in a process of its own.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use authority::Authority;
use axum::Router;
use chassis::clock::Clock;
use chassis::db::Database;
use chassis::vault::Vault;
use lineauth::{Lines, Link, Notifier, Portal, notifier, operator, portal};
use manuals::Region;
use manuals::hosts::{self, Host};
use registry::Registry;

use crate::center_config::{CenterConfig, Room};

/// What this process serves of line authentication.
pub(crate) struct LineRooms {
    /// The carriers' table, where their notifiers are.
    pub(crate) lines: Option<Lines>,
    notifiers: HashMap<Region, Notifier>,
    portal: Option<Portal>,
}

impl LineRooms {
    /// Opens what the configuration names.
    pub(crate) async fn open(
        config: &CenterConfig,
        db: Database,
        registry: &Registry,
        vault: &Vault,
        certificates: &Path,
        authority: &Authority,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let (mut lines, mut notifiers) = (None, HashMap::new());
        if config.serves(Room::Notifier) {
            let table = Lines::open(db).await?;
            for region in Region::ALL {
                notifiers.insert(region, Notifier::open(region, table.clone(), vault, certificates, &config.notifier)?);
            }
            lines = Some(table);
        }
        let portal = if config.serves(Room::Lineauth) {
            let given = &config.lineauth.notifier_roots;
            let roots = if given.as_os_str().is_empty() {
                authority::pem_of(authority.server_root()).into_bytes()
            } else {
                std::fs::read(given).with_context(|| format!("{} を読めません", given.display()))?
            };
            let link = |region| match notifiers.get(&region) {
                Some(notifier) => Ok(Link::Here(notifier.clone())),
                None => Link::there(region, roots.clone(), &config.lineauth),
            };
            Some(Portal::open(registry.clone(), vault, certificates, config.lineauth.clone(), clock.clone(), link)?)
        } else {
            None
        };
        Ok(Self { lines, notifiers, portal })
    }

    /// The hosts, open to everybody: here a line is admitted.
    pub(crate) fn routes(&self, clock: &Clock) -> Vec<(&'static Host, Router)> {
        let portal = self.portal.iter().map(|portal| (hosts::line_portal(), portal::pages::routes(portal.clone())));
        let notifiers = self
            .notifiers
            .iter()
            .map(|(region, notifier)| (hosts::line_notifier(*region), notifier::pages::routes(notifier.clone(), clock.clone())));
        portal.chain(notifiers).collect()
    }

    /// What a carrier's operator may ask.
    pub(crate) fn operator_routes(&self) -> Router {
        self.lines.clone().map(operator::routes).unwrap_or_default()
    }
}
