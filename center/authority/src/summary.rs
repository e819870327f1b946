//! What an operator sees at a glance: how many certificates end when, what waits for a decision, and whose keeper has gone silent.

use jiff::Timestamp;

use crate::applications::ApplicationState;
use crate::renewal::renewal_fact;
use crate::revocation::RequestState;
use crate::{Authority, Error, IssuedFact, rules};

/// The whole picture at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Certificates that count: not revoked, not replaced, not ended.
    pub valid: usize,
    /// Those of them that are provisionally blocked.
    pub held: usize,
    /// Revoked before their end.
    pub revoked: usize,
    /// Replaced by newer ones and not ended.
    pub superseded: usize,
    /// Ended and never replaced: these terminals stand still.
    pub expired: usize,
    /// The valid ones by days left, in steps of 30 days; the last step holds all that is above.
    pub by_days_left: Vec<DaysLeft>,
    /// How many will ask for renewal, by week from now on: the wave ahead.
    pub renewals_by_week: Vec<usize>,
    /// Valid ones without a sign of life of their keeper for the configured days. Those that never gave one have none.
    pub silent: Vec<Silent>,
    /// Applications that wait.
    pub applications: usize,
    /// Requests for revocation that wait.
    pub revocations: usize,
}

/// One column of the histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DaysLeft {
    /// From so many days left.
    pub from: i64,
    /// So many certificates.
    pub count: usize,
}

/// A terminal whose keeper gave no sign of life.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Silent {
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name.
    pub terminal_name: String,
    /// Its certificate.
    pub serial: String,
    /// When the keeper was last heard.
    pub seen_at: Timestamp,
    /// When the certificate ends.
    pub not_after: Timestamp,
}

const STEP: i64 = 30;
const STEPS: usize = 41;
const WEEKS: usize = 26;

impl Authority {
    /// The picture at this moment.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn summary(&self, now: Timestamp) -> Result<Summary, Error> {
        let mut summary = Summary {
            by_days_left: (0..STEPS).map(|step| DaysLeft { from: STEP * i64::try_from(step).unwrap_or(0), count: 0 }).collect(),
            renewals_by_week: vec![0; WEEKS],
            ..Summary::default()
        };
        for certificate in self.certificate_outlines().await? {
            summary.add(&certificate, self.config.silent_days, now);
        }
        summary.applications = self.applications().await?.iter().filter(|row| row.state == ApplicationState::Waiting).count();
        summary.revocations = self.revocation_requests().await?.iter().filter(|row| row.state == RequestState::Asked).count();
        Ok(summary)
    }
}

impl Summary {
    fn add(&mut self, certificate: &IssuedFact, silent_days: u32, now: Timestamp) {
        match certificate {
            IssuedFact { revoked_at: Some(_), .. } => self.revoked += 1,
            IssuedFact { superseded_by: Some(_), not_after, .. } if *not_after >= now => self.superseded += 1,
            IssuedFact { superseded_by: Some(_), .. } => {}
            IssuedFact { not_after, .. } if *not_after < now => self.expired += 1,
            _ => self.add_valid(certificate, silent_days, now),
        }
    }

    fn add_valid(&mut self, certificate: &IssuedFact, silent_days: u32, now: Timestamp) {
        self.valid += 1;
        self.held += usize::from(certificate.held_at.is_some());
        let left = certificate.not_after.duration_since(now).as_hours() / 24;
        let step = usize::try_from(left / STEP).unwrap_or(0).min(STEPS - 1);
        if let Some(column) = self.by_days_left.get_mut(step) {
            column.count += 1;
        }
        let window = rules::window(&certificate.serial, &renewal_fact(certificate), now);
        let week = usize::try_from(window.start.duration_since(now).as_hours().max(0) / (7 * 24)).unwrap_or(usize::MAX);
        if let Some(count) = self.renewals_by_week.get_mut(week) {
            *count += 1;
        }
        if let Some(seen_at) = certificate.keeper_seen_at.filter(|seen| *seen < now - rules::days(silent_days)) {
            self.silent.push(Silent {
                facility_code: certificate.facility_code.clone(),
                terminal_name: certificate.terminal_name.clone(),
                serial: certificate.serial.clone(),
                seen_at,
                not_after: certificate.not_after,
            });
        }
    }
}
