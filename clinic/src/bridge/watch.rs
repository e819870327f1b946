//! Listens for the operating system's word that something happened in the request folder.
//!
//! The word is only a bell: what is there is always read from the folder itself, because shares announce nothing and full queues
//! announce too little.

use std::path::Path;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// Rings `bell` whenever a file may have come or changed in `folder`, as long as the returned watcher lives.
/// `None` where the system cannot watch: then only the regular reading of the folder finds files.
pub(crate) fn watch(folder: &Path, bell: Arc<Notify>) -> Option<RecommendedWatcher> {
    let heard = move |event: Result<Event, notify::Error>| {
        if event.map_or(true, |event| may_bring_a_file(event.kind)) {
            bell.notify_one();
        }
    };
    let watching = notify::recommended_watcher(heard).and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watching.inspect_err(|error| tracing::warn!(%error, "request folder cannot be watched; it is only read at intervals")).ok()
}

/// Our own reading of the folder and taking out of it also make events; they must not ring.
fn may_bring_a_file(kind: EventKind) -> bool {
    let taken = EventKind::Modify(ModifyKind::Name(RenameMode::From));
    kind != taken
        && !matches!(
            kind,
            EventKind::Remove(_) | EventKind::Access(AccessKind::Open(_) | AccessKind::Read | AccessKind::Close(AccessMode::Read))
        )
}
