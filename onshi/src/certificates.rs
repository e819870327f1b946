//! The authority as the center composes it: its doors for programs and for people, its lists, and the operators' side of it.

use std::sync::Arc;

use axum::Router;
use manuals::hosts::{self, Host};

use crate::center::Center;

/// The hosts of the authority with what stands behind them.
pub(crate) fn doors(center: &Center) -> Vec<(&'static Host, Router)> {
    let (authority, registry, clock) = (center.authority.clone(), center.registry.clone(), center.clock.clone());
    let programs = authority::api::routes(authority.clone(), registry.clone(), clock.clone())
        .merge(authority::acme::routes(center.acme.clone(), registry.clone(), clock.clone()))
        .merge(authority::est::routes(authority.clone(), registry.clone(), clock.clone()));
    let people = authority::pages::routes(authority.clone(), registry.clone(), clock.clone(), Arc::clone(&center.tickets));
    vec![(hosts::authority(), programs.merge(people)), (hosts::crl(), authority::publish::routes(authority, registry, clock))]
}

/// What operators may ask and see of it.
pub(crate) fn operators(center: &Center) -> Router {
    let (authority, clock) = (center.authority.clone(), center.clock.clone());
    authority::operator::routes(authority.clone(), clock.clone()).merge(authority::console::routes(
        authority,
        clock,
        Arc::clone(&center.tickets),
    ))
}
