//! Keeps requests of the same name in the order in which they were dropped: the next is taken when the result of the one before is out.
//!
//! Both results have the same name. Asked at the same time, the older could be delivered over the newer.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The names of the requests that are on their way, each with whether another of that name waits.
#[derive(Debug, Default)]
pub(crate) struct OpenNames(Mutex<HashMap<OsString, bool>>);

impl OpenNames {
    fn inner(&self) -> MutexGuard<'_, HashMap<OsString, bool>> {
        // Every change is one call: a lane that broke off left none half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request of this name is on its way now.
    pub(crate) fn open(&self, name: &OsStr) {
        self.inner().entry(name.to_owned()).or_default();
    }

    /// Whether a request of this name is on its way; then the one who asks counts as waiting.
    pub(crate) fn is_open(&self, name: &OsStr) -> bool {
        self.inner().get_mut(name).map(|waited_for| *waited_for = true).is_some()
    }

    /// The request of this name has its result. Says whether another waits.
    pub(crate) fn close(&self, name: &OsStr) -> bool {
        self.inner().remove(name).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_of_a_name_waits_and_is_called() {
        let (names, one, other) = (OpenNames::default(), OsStr::new("one"), OsStr::new("other"));
        assert!(!names.is_open(one));
        names.open(one);
        names.open(other);
        assert!(names.is_open(one) && names.close(one), "one waits");
        assert!(!names.is_open(one) && !names.close(other), "nobody waits");
    }
}
