//! A center that is serving: where it listens, and how it ends.

use std::net::SocketAddr;
use std::path::PathBuf;

use chassis::serve::Running;

use super::Center;
use crate::chores::Chores;
#[cfg(feature = "clinic")]
use crate::monitoring::Monitoring;
use crate::run_file::RunFile;

/// A center that is serving.
pub(crate) struct RunningCenter {
    pub(super) running: Running,
    pub(super) lists: Option<Running>,
    pub(super) apart: Option<tokio::task::JoinHandle<()>>,
    pub(super) chores: Chores,
    pub(super) publishing: Option<tokio::task::JoinHandle<()>>,
    pub(super) data: PathBuf,
    #[cfg(feature = "clinic")]
    pub(crate) monitoring: Monitoring,
    pub(crate) center: Center,
}

impl RunningCenter {
    /// The HTTPS port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Finishes what was begun, writes the audit log out, and takes the note away.
    pub(crate) async fn stop(self) {
        self.apart.into_iter().chain(self.publishing).for_each(|task| task.abort());
        self.running.stop().await;
        if let Some(lists) = self.lists {
            lists.stop().await;
        }
        self.chores.end().await;
        if let Some((audit, _)) = &self.center.audit {
            audit.close().await;
        }
        RunFile::remove(&self.data);
    }
}
