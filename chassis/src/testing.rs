//! Gives each story databases of its own: a file in a temporary folder, or a fresh database on the PostgreSQL server that tests may use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc, reason = "only tests are built with this")]

use crate::db::Database;
use tempfile::TempDir;

/// Where a story takes place; everything is gone when it is dropped.
pub struct Place {
    /// A folder of its own.
    pub folder: TempDir,
    server: Option<Server>,
}

struct Server {
    url: String,
    made: std::sync::Mutex<Vec<String>>,
}

impl Place {
    /// A place for SQLite files.
    pub fn sqlite() -> Self {
        Self { folder: TempDir::new().unwrap(), server: None }
    }

    /// A place on the PostgreSQL server, or nothing where no server was named (which is allowed unless everything must be tested).
    pub fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var("ONSHI_TEST_POSTGRES") else {
            assert!(
                std::env::var_os("ONSHI_TEST_ALL").is_none(),
                "ONSHI_TEST_ALL wants PostgreSQL too: name a server in ONSHI_TEST_POSTGRES"
            );
            return None;
        };
        let server = Server { url, made: std::sync::Mutex::default() };
        Some(Self { folder: TempDir::new().unwrap(), server: Some(server) })
    }

    /// The address of a new, empty database.
    pub async fn url(&self) -> String {
        let name = format!("story_{}", crate::random::text(16, "abcdefghijklmnopqrstuvwxyz").unwrap());
        let Some(server) = &self.server else {
            return format!("sqlite:{}", self.folder.path().join(name).display());
        };
        Database::open(&server.url).await.unwrap().execute(&format!("CREATE DATABASE {name}"), &[]).await.unwrap();
        server.made.lock().unwrap().push(name.clone());
        let (start, _) = server.url.rsplit_once('/').unwrap();
        format!("{start}/{name}")
    }

    /// A new, empty database.
    pub async fn database(&self) -> Database {
        Database::open(&self.url().await).await.unwrap()
    }
}

impl Drop for Server {
    /// The story's runtime may be gone already, so a thread with one of its own clears up.
    fn drop(&mut self) {
        let (url, made) = (self.url.clone(), std::mem::take(&mut *self.made.lock().unwrap()));
        let clear = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let db = Database::open(&url).await.unwrap();
                for name in made {
                    db.execute(&format!("DROP DATABASE {name} WITH (FORCE)"), &[]).await.unwrap();
                }
            });
        });
        clear.join().unwrap();
    }
}

/// Tells a story on both engines: `story!(name, async |place| { … })` becomes the tests `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! on_both {
    ($(#[$about:meta])* $name:ident, $story:expr) => {
        $(#[$about])*
        mod $name {
            use super::*;

            #[tokio::test]
            async fn sqlite() {
                let story = $story;
                story(&$crate::testing::Place::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(place) = $crate::testing::Place::postgres() {
                    let story = $story;
                    story(&place).await;
                }
            }
        }
    };
}
