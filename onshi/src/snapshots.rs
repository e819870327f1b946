//! Publishes what registry tells servers without a database: a signed file in the shared folder, and an address that answers with it; anew
//! whenever something changes here, and every minute for what other copies changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use chassis::clock::Clock;
use chassis::files;
use chassis::serve::Caller;
use chassis::signed::SigningKey;
use chassis::vault::Vault;
use http::{StatusCode, header};
use registry::operator::Problem;
use registry::{Error, Registry, rules};
use serde_json::{Value, json};
use wire::snapshot::KIND;

/// The signed snapshot in the folder `snapshots`.
pub(crate) const FILE: &str = "registry.signed";
/// Beside it, the public key that checks it, as 64 hex digits.
pub(crate) const KEY_FILE: &str = "registry-key.txt";
/// The address at the operators' host where the same is fetched.
pub(crate) const PATH: &str = "/snapshots/registry";
/// Where the key lies in the vault.
const KEY: &str = "snapshot-signing";
/// At least so often.
const INTERVAL: Duration = Duration::from_mins(1);
/// At most so often.
const PAUSE: Duration = Duration::from_secs(1);

/// Makes, signs and publishes.
#[derive(Clone)]
pub(crate) struct Publisher {
    registry: Registry,
    clock: Clock,
    key: Arc<SigningKey>,
    folder: PathBuf,
}

/// One that was published.
struct Published {
    envelope: Vec<u8>,
    about: Value,
}

impl Publisher {
    /// Takes the key from the vault, making it at the first start, and leaves the public one where servers' operators find it.
    pub(crate) fn open(registry: Registry, clock: Clock, vault: &Vault, shared: &Path) -> anyhow::Result<Self> {
        let key = SigningKey::load_or_create(vault, KEY)?;
        let folder = shared.join("snapshots");
        files::make_private_folder(&folder).with_context(|| format!("{} を作れません", folder.display()))?;
        let path = folder.join(KEY_FILE);
        let public = format!("{}\n", key.public());
        // Several copies share the folder: what is there already is left alone.
        if std::fs::read_to_string(&path).ok().as_deref() != Some(public.as_str()) {
            files::write_whole(&path, public.as_bytes()).with_context(|| format!("{} を書けません", path.display()))?;
        }
        Ok(Self { registry, clock, key: Arc::new(key), folder })
    }

    async fn make(&self) -> Result<Published, Error> {
        let snapshot = self.registry.snapshot(self.clock.now()).await?;
        let about = json!({
            "number": snapshot.number, "made_at": snapshot.made_at, "valid_until": snapshot.valid_until,
            "lines": snapshot.admitted.len(), "closures": snapshot.closures.len(), "key": self.key.public().to_string(),
        });
        Ok(Published { envelope: self.key.seal(KIND, &snapshot.write()), about })
    }

    /// Puts a new snapshot in the place of the last.
    pub(crate) async fn publish(&self) -> anyhow::Result<()> {
        let published = self.make().await?;
        let path = self.folder.join(FILE);
        let written = tokio::task::spawn_blocking({
            let path = path.clone();
            move || files::write_whole(&path, &published.envelope)
        });
        written.await?.with_context(|| format!("{} を書けません", path.display()))
    }

    /// Publishes again and again until it is aborted.
    pub(crate) fn keep_publishing(self) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                // Whichever comes first; both are the same to us.
                let _changed = tokio::time::timeout(INTERVAL, self.registry.changed()).await;
                if let Err(error) = self.publish().await {
                    metrics::counter!("onshi_snapshot_failures_total").increment(1);
                    tracing::error!(%error, "a snapshot could not be published");
                }
                tokio::time::sleep(PAUSE).await;
            }
        })
    }

    /// For operators: a snapshot made now.
    pub(crate) fn operator_routes(&self) -> Router {
        Router::new().route("/registry/snapshot", get(shown)).with_state(self.clone())
    }

    /// For servers at the places that the configuration names: without a log-in, since what is told is signed and names no one.
    pub(crate) fn routes(&self) -> Router {
        Router::new().route(PATH, get(fetched)).with_state(self.clone())
    }
}

async fn shown(State(publisher): State<Publisher>) -> Result<Json<Value>, Problem> {
    let Published { envelope, mut about } = publisher.make().await?;
    if let Some(about) = about.as_object_mut() {
        about.insert("envelope".to_owned(), Value::String(String::from_utf8_lossy(&envelope).into_owned()));
    }
    Ok(Json(about))
}

async fn fetched(State(publisher): State<Publisher>, Extension(caller): Extension<Caller>) -> Response {
    if !rules::may_read_snapshots(caller.address, publisher.registry.config()) {
        let message = "この場所からは一覧を取り出せません。センターの設定 snapshot_readers を確かめてください。";
        return Problem::new(StatusCode::FORBIDDEN, message).into_response();
    }
    match publisher.make().await {
        Ok(published) => ([(header::CONTENT_TYPE, "application/octet-stream")], published.envelope).into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}
