//! The authority as the center composes it: its doors for programs and for people, its lists, and the operators' side of it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use authority::Authority;
use authority::acme::Acme;
use authority::pages::Tickets;
use axum::Router;
use chassis::files;
use chassis::vault::Vault;
use manuals::hosts::{self, Host};

use crate::center::Center;

/// What the doors keep of their own beside the authority: the keys of nonces and of tickets.
pub(crate) struct Desks {
    acme: Acme,
    tickets: Arc<Tickets>,
}

impl Desks {
    pub(crate) fn open(authority: &Authority, vault: &Vault) -> anyhow::Result<Self> {
        let tickets = Arc::new(Tickets::open(vault, authority.config().page_minutes)?);
        Ok(Self { acme: Acme::open(authority, vault)?, tickets })
    }
}

/// Leaves the root of the center's hosts where the command line and a demo clinic find it.
pub(crate) fn publish_roots(authority: &Authority, folders: &[&Path]) -> anyhow::Result<()> {
    for folder in folders {
        files::make_private_folder(folder).with_context(|| format!("{} を作れません", folder.display()))?;
        let path = folder.join("server-root.pem");
        files::write_whole(&path, authority::pem_of(authority.server_root()).as_bytes())
            .with_context(|| format!("{} を書けません", path.display()))?;
    }
    Ok(())
}

/// The hosts of the authority with what stands behind them.
pub(crate) fn doors(center: &Center) -> Vec<(&'static Host, Router)> {
    let (authority, registry, clock) = (center.authority.clone(), center.registry.clone(), center.clock.clone());
    let programs = authority::api::routes(authority.clone(), registry.clone(), clock.clone())
        .merge(authority::acme::routes(center.desks.acme.clone(), registry.clone(), clock.clone()))
        .merge(authority::est::routes(authority.clone(), registry.clone(), clock.clone()));
    let people = authority::pages::routes(authority.clone(), registry.clone(), clock.clone(), Arc::clone(&center.desks.tickets));
    vec![(hosts::authority(), programs.merge(people)), (hosts::crl(), authority::publish::routes(authority, registry, clock))]
}

/// What operators may ask and see of it.
pub(crate) fn operators(center: &Center) -> Router {
    let (authority, clock) = (center.authority.clone(), center.clock.clone());
    authority::operator::routes(authority.clone(), clock.clone()).merge(authority::console::routes(
        authority,
        clock,
        Arc::clone(&center.desks.tickets),
    ))
}
