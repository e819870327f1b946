//! A center in all kinds of trouble that keeps its one promise: a drop id is recorded once, and its first reply is its reply for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wire::check::{CheckRequest, CheckResult, Echo, QualificationRecord};
use wire::code::Validity;

use super::people::mark;
use super::world::World;
use crate::center::{Answers, CenterError, CenterRefusal, CheckReply};

#[derive(Debug, Default)]
pub(super) struct Center {
    replies: HashMap<String, CheckResult>,
    /// Drop ids with the drops they ask about, as the audit log has them.
    pub(super) records: Vec<(String, usize)>,
    /// How many more questions find it away.
    away: usize,
}

impl Center {
    fn answer(&mut self, request: &CheckRequest, drop_id: &str) -> CheckResult {
        if let Some(first) = self.replies.get(drop_id) {
            return first.clone();
        }
        let asked = request.file_identifier.clone().unwrap();
        let drop = (0..9).find(|index| mark(*index) == asked).unwrap();
        self.records.push((drop_id.to_owned(), drop));
        // Every fresh answer differs, so that a second one would be seen.
        let name = format!("架空　{}", self.records.len());
        let record = QualificationRecord { name, ..QualificationRecord::default() };
        let at = jiff::civil::date(2026, 7, 15).at(9, 15, 2, 0);
        let result = CheckResult::answer(at, Echo::from(request), Validity::Valid, vec![record]);
        self.replies.insert(drop_id.to_owned(), result.clone());
        result
    }

    /// The name in the kept reply.
    pub(super) fn kept_name(&self, drop_id: &str) -> Option<String> {
        Some(self.replies.get(drop_id)?.body.records.first()?.name.clone())
    }
}

/// The center as one bridge reaches it.
pub(super) struct Line {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) bridge: usize,
}

impl Line {
    /// What comes back and after what time; `None`: nobody is there any more to hear it.
    fn ask(&self, request: &CheckRequest, drop_id: &str) -> Option<(Result<CheckResult, CenterError>, Duration)> {
        let lost = || Err(CenterError::Unreachable { what: "simulated".to_owned() });
        let mut world = self.world.lock().unwrap();
        if world.dead[self.bridge] {
            return None;
        }
        let fate = world.dice.below(20);
        let quick = Duration::from_millis(u64::try_from(world.dice.below(80)).unwrap());
        let restart = 1 + world.dice.below(4);
        let center = &mut world.center;
        if center.away > 0 {
            center.away -= 1;
            return Some((lost(), quick));
        }
        let recorded = (fate != 0 && fate != 2 && fate != 4).then(|| center.answer(request, drop_id));
        Some(match (fate, recorded) {
            // The line is lost on the way there, or on the way back.
            (0 | 1, _) => (lost(), quick),
            // It restarts, before or after it wrote its record.
            (2 | 3, _) => {
                center.away = restart;
                (lost(), quick)
            }
            // Later than anyone waits.
            (6, Some(result)) => (Ok(result), Duration::from_secs(1000)),
            // The line doubled the question.
            (5, Some(_)) => (Ok(center.answer(request, drop_id)), quick),
            (_, Some(result)) => (Ok(result), quick),
            (_, None) => {
                let refusal = CenterRefusal { status: 503, code: "OQSC5001E".into(), message: "混雑".into(), incident: None };
                (Err(CenterError::Refused(refusal)), quick)
            }
        })
    }
}

impl Answers for Line {
    async fn check(&self, request: &CheckRequest, drop_id: Option<&str>) -> Result<CheckReply, CenterError> {
        let Some((reply, after)) = self.ask(request, drop_id.unwrap()) else { return std::future::pending().await };
        tokio::time::sleep(after).await;
        reply.map(|result| CheckReply { result })
    }
}
