//! Measures how long each step of a check takes: for the operator's figures, and as spans for those who collect traces.

use chassis::clock;
use tracing::Instrument;

/// A part of the way from a question to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Who is calling: line, terminal, log-in, facility.
    Admit,
    /// From JSON to a question.
    Read,
    /// Each value in its meaning.
    Validate,
    /// The register and its rules.
    LookUp,
    /// From the answer to JSON.
    Write,
    /// Waiting until the answer stands in the audit log.
    Record,
}

impl Step {
    fn span(self) -> tracing::Span {
        match self {
            Self::Admit => tracing::debug_span!("admit"),
            Self::Read => tracing::debug_span!("read"),
            Self::Validate => tracing::debug_span!("validate"),
            Self::LookUp => tracing::debug_span!("look_up"),
            Self::Write => tracing::debug_span!("write"),
            Self::Record => tracing::debug_span!("record"),
        }
    }

    /// Spelled out one by one: a label that is a constant costs no allocation.
    fn figure(self) -> metrics::Histogram {
        match self {
            Self::Admit => metrics::histogram!("onshi_check_step_seconds", "step" => "admit"),
            Self::Read => metrics::histogram!("onshi_check_step_seconds", "step" => "read"),
            Self::Validate => metrics::histogram!("onshi_check_step_seconds", "step" => "validate"),
            Self::LookUp => metrics::histogram!("onshi_check_step_seconds", "step" => "look_up"),
            Self::Write => metrics::histogram!("onshi_check_step_seconds", "step" => "write"),
            Self::Record => metrics::histogram!("onshi_check_step_seconds", "step" => "record"),
        }
    }

    /// Does the step's work and remembers how long it took.
    pub(crate) fn of<T>(self, work: impl FnOnce() -> T) -> T {
        let begun = clock::instant();
        let done = self.span().in_scope(work);
        self.figure().record(begun.elapsed().as_secs_f64());
        done
    }

    /// As [`Step::of`], for work that waits.
    pub(crate) async fn when<T>(self, work: impl Future<Output = T>) -> T {
        let begun = clock::instant();
        let done = work.instrument(self.span()).await;
        self.figure().record(begun.elapsed().as_secs_f64());
        done
    }
}
