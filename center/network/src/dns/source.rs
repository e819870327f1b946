//! Where the list comes from: the manuals, or the operator's file or folder of files, looked at again and again while the server runs.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use chassis::clock::{self, Clock};
use jiff::civil::Date;

use super::choice::ViewSettings;
use super::desk::Desk;
use super::list::{LONGEST_FILE, List};

/// Where a list is taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The manuals, as of the day.
    Manuals,
    /// A list file, or a folder of them of which that of the latest day not after today counts.
    Path(PathBuf),
}

/// Why there is no list. The text says what to mend.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A file or folder cannot be read.
    #[error("名前の一覧 {path} を読めません（{error}）。")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// What the operating system said.
        error: std::io::Error,
    },
    /// A file is too long.
    #[error("名前の一覧 {0} が大きすぎます（4 MiB まで）。")]
    TooLong(String),
    /// A file has the wrong shape.
    #[error(transparent)]
    Shape(#[from] chassis::config::ConfigError),
    /// No file of the folder holds today.
    #[error("フォルダー {path} に、{on} に有効な名前の一覧（*.toml）がありません。")]
    NotYet {
        /// The folder or file.
        path: String,
        /// The day.
        on: Date,
    },
    /// What the zones say cannot be answered.
    #[error("名前の一覧 {origin} に誤りがあります: {}", mistakes.join(" "))]
    Mistakes {
        /// The file.
        origin: String,
        /// Sentences.
        mistakes: Vec<String>,
    },
}

/// What a look at the files shows without opening them: when it is the same, nothing is read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Look {
    day: Date,
    files: Vec<(PathBuf, u64, Option<SystemTime>)>,
}

impl Source {
    /// Reads and compiles the list that holds on a day.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn load(&self, views: &[ViewSettings], on: Date) -> Result<Desk, ListError> {
        let (list, origin) = match self {
            Self::Manuals => (List::of_the_manuals(on), "manuals".to_owned()),
            Self::Path(path) => self.newest(path, on)?,
        };
        Desk::compile(&list, views).map_err(|mistakes| ListError::Mistakes { origin, mistakes })
    }

    /// Every file must be readable: one that is broken today would be missing on its day.
    fn newest(&self, path: &Path, on: Date) -> Result<(List, String), ListError> {
        let mut best: Option<(List, String)> = None;
        for file in self.files()? {
            let origin = file.display().to_string();
            let unreadable = |error| ListError::Unreadable { path: origin.clone(), error };
            if std::fs::metadata(&file).map_err(unreadable)?.len() > LONGEST_FILE {
                return Err(ListError::TooLong(origin));
            }
            let list = List::read(&chassis::config::text_of(&file)?, &origin)?;
            let holds = list.from.is_none_or(|from| from <= on);
            // Of the same day the last in the order of names.
            if holds && best.as_ref().is_none_or(|(known, _)| known.from <= list.from) {
                best = Some((list, origin));
            }
        }
        best.ok_or_else(|| ListError::NotYet { path: path.display().to_string(), on })
    }

    /// The list files, in the order of their names.
    fn files(&self) -> Result<Vec<PathBuf>, ListError> {
        let Self::Path(path) = self else { return Ok(Vec::new()) };
        let unreadable = |error| ListError::Unreadable { path: path.display().to_string(), error };
        if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
            return Ok(vec![path.clone()]);
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|end| end == "toml") {
                files.push(file);
            }
        }
        files.sort();
        Ok(files)
    }

    fn look(&self, day: Date) -> Look {
        let of = |file: PathBuf| {
            let found = std::fs::metadata(&file).ok();
            let changed = found.as_ref().and_then(|found| found.modified().ok());
            (file, found.map_or(u64::MAX, |found| found.len()), changed)
        };
        Look { day, files: self.files().unwrap_or_default().into_iter().map(of).collect() }
    }
}

/// The list in force; every reader keeps the one it has until it asks again.
#[derive(Debug)]
pub(super) struct Current {
    desk: RwLock<Arc<Desk>>,
    edition: AtomicU64,
}

impl Current {
    pub(super) fn new(desk: Desk) -> Self {
        Self { desk: RwLock::new(Arc::new(desk)), edition: AtomicU64::new(0) }
    }

    /// Moves on with each new list.
    pub(super) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    pub(super) fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, desk: Desk) {
        *self.desk.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(desk);
        self.edition.fetch_add(1, Ordering::Release);
    }
}

/// Looks at the source every `pause` for as long as it runs: a new list, or a new day, takes effect at once; a list that cannot be used is
/// told once and changes nothing.
pub(super) async fn follow(source: Source, views: Vec<ViewSettings>, clock: Clock, current: Arc<Current>, pause: Duration) {
    let mut seen = source.look(clock::japan_date(clock.now()));
    let mut every = tokio::time::interval(pause);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let look = source.look(clock::japan_date(clock.now()));
        if look == seen {
            continue;
        }
        match source.load(&views, look.day) {
            Ok(desk) => {
                tracing::info!(list = desk.version(), from = ?desk.from(), "a new list of names is in force");
                note(&desk, Some(&current.desk()));
                metrics::gauge!("onshi_dns_list_refused").set(0.0);
                current.replace(desk);
            }
            Err(error) => {
                let kept = current.desk();
                tracing::warn!(%error, kept = kept.version(), "the new list of names cannot be used: the old one stays in force");
                metrics::gauge!("onshi_dns_list_refused").set(1.0);
                metrics::counter!("onshi_dns_lists_refused_total").increment(1);
            }
        }
        seen = look;
    }
}

/// Shows the edition in the figures, and the earlier one no longer.
pub(super) fn note(desk: &Desk, before: Option<&Desk>) {
    if let Some(before) = before.filter(|before| before.version() != desk.version()) {
        metrics::gauge!("onshi_dns_list_info", "version" => before.version().to_owned()).set(0.0);
    }
    metrics::gauge!("onshi_dns_list_info", "version" => desk.version().to_owned()).set(1.0);
    for doubt in desk.doubts() {
        tracing::warn!(doubt, "the list of names is answered as it is written, but is that meant?");
    }
}
