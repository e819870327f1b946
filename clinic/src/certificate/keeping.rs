//! What people and the bridge do with the keeper: start it, ask it how things stand, have it renew now, revoke, delete.

use std::io;
use std::path::Path;
use std::sync::Arc;

use chassis::clock::Clock;
use chassis::mail::{Letterbox, Mail, MailAddress, MailError};
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::door::Door;
use super::keeper::{Keeper, Setting};
use super::leaf::Leaf;
use super::notes::{Letter, Notes};
use super::partners::{Obstacle, Post};
use super::rules::{self, Coming, Plan};
use super::shelf::{Pair, Places, Shelf};
use crate::center::Center;
use crate::config::Config;

/// Why something cannot be done with the certificate.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// There is none.
    #[error("この端末には証明書がありません。発行通知書の番号で onshi clinic certificate get を実行してください。")]
    None,
    /// The files cannot be read or written.
    #[error("証明書のファイルを読み書きできません（{0}）。場所とアクセス権を確かめてください。")]
    Disk(#[from] io::Error),
    /// The authority was not reached, or said no.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// The mail section cannot be used.
    #[error("設定の [mail] を使えません（{0}）。")]
    Mail(#[from] MailError),
}

/// The post of this machine; without recipients nothing is ever sent.
pub(crate) struct Mailer(Letterbox);

impl Post for Mailer {
    async fn send(&self, letter: &Letter) -> Result<(), String> {
        // An address that is none was refused when the program started.
        let Some(to) = MailAddress::parse(&letter.to) else { return Ok(()) };
        let mail = Mail { to, subject: letter.subject.clone(), text: letter.text.clone() };
        match self.0.send(&mail, &letter.id, letter.at).await {
            Ok(()) => Ok(()),
            Err(obstacle) => Err(obstacle.problem),
        }
    }
}

fn shelf(config: &Config) -> Shelf {
    Shelf::new(Places::of(&config.center.certificate, &config.center.key))
}

fn plan(config: &Config) -> Plan {
    Plan { renews: config.keeper.renew, tries_a_day: config.keeper.tries_a_day.clamp(1, 24) }
}

fn keeper(config: &Config, clock: Clock, changed: Box<dyn Fn() + Send + Sync>) -> Result<Keeper<Door, Mailer>, KeepError> {
    if let Some(wrong) = config.keeper.mail_to.iter().find(|address| MailAddress::parse(address).is_none()) {
        let said = format!("[keeper] mail_to の「{wrong}」は宛先として読めません。");
        return Err(MailError::Config(said).into());
    }
    let folder = config.center.certificate.parent().unwrap_or(Path::new("")).join("mail");
    let mailer = Mailer(Letterbox::open(&config.mail, &folder)?);
    let setting = Setting {
        plan: plan(config),
        clock,
        key_kind: config.keeper.key,
        recipients: config.keeper.mail_to.clone(),
        // Without randomness every machine would take the middle of its window.
        chance: Box::new(|| chassis::random::bytes::<8>().map_or(1 << 15, u64::from_be_bytes)),
        changed,
    };
    Ok(Keeper::new(shelf(config), Door::of(&config.center), mailer, setting))
}

/// A keeper at work; dropping it stops it where it stands, and the next start goes on.
#[derive(Debug)]
pub struct Keeping {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.stop.cancel();
        self.task.abort();
    }
}

impl Keeping {
    /// Keeps this machine's certificate on the current tokio runtime; `center` shows the new one as soon as it is in place.
    ///
    /// # Errors
    /// [`KeepError::Mail`] if mail cannot be sent as configured.
    pub fn start(config: &Config, clock: Clock, center: Option<Arc<Center>>) -> Result<Self, KeepError> {
        let changed = Box::new(move || {
            let Some(center) = center.clone() else { return };
            tokio::spawn(async move {
                match center.renew_identity().await {
                    Ok(()) => tracing::info!("the bridge shows the new certificate"),
                    Err(error) => tracing::error!(%error, "the bridge goes on with the certificate that it knows"),
                }
            });
        });
        let stop = CancellationToken::new();
        let task = tokio::spawn(keeper(config, clock, changed)?.run(stop.clone()));
        Ok(Self { stop, task })
    }
}

/// Finishes a change of the certificate that was broken off, so that the pair in place fits together.
///
/// # Errors
/// What the operating system says.
pub fn settle(config: &Config) -> io::Result<()> {
    let shelf = shelf(config);
    if shelf.look()?.torn {
        let _held = shelf.hold()?;
        if shelf.look()?.torn {
            shelf.settle()?;
        }
    }
    Ok(())
}

/// How this machine's certificate stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The certificate in place.
    pub leaf: Leaf,
    /// Days in Japan until its last one.
    pub days_left: i32,
    /// When the keeper will renew it.
    pub renewal: Timestamp,
    /// The one that is to come, if it is here already.
    pub coming: Option<String>,
    /// Whether the pair before is still kept.
    pub leftover: bool,
    /// What the keeper remembers.
    pub notes: Notes,
}

/// How this machine's certificate stands.
///
/// # Errors
/// [`KeepError::None`] if there is none.
pub fn standing(config: &Config, now: Timestamp) -> Result<Standing, KeepError> {
    let shelf = shelf(config);
    let (lying, notes) = (shelf.look()?, shelf.notes()?);
    let leaf = lying.held.ok_or(KeepError::None)?;
    let coming = match lying.coming {
        Coming::Pair(pair) => Some(pair.serial),
        Coming::None | Coming::Strange => None,
    };
    let (days_left, renewal) = (rules::days_left(&leaf.held, now), rules::renewal_moment(&leaf.held, &notes));
    Ok(Standing { leaf, days_left, renewal, coming, leftover: lying.leftover, notes })
}

/// Renews now, whatever the window says, and puts the new certificate in place when it has worked (RN-02, RN-03).
///
/// # Errors
/// [`KeepError`] says what stands in the way; everything can be asked again.
pub async fn renew_now(config: &Config, clock: Clock) -> Result<Standing, KeepError> {
    let now = clock.now();
    let mut keeper = keeper(config, clock, Box::new(|| ()))?;
    if keeper.shelf().look()?.held.is_none() {
        return Err(KeepError::None);
    }
    match keeper.renew_now().await? {
        Some(obstacle) => Err(obstacle.into()),
        None => standing(config, now),
    }
}

/// Does what is due now, once, and says how things stand.
///
/// # Errors
/// [`KeepError`] says what cannot be used; what stands in the way of a renewal is in the notes.
pub async fn keep_once(config: &Config, clock: Clock) -> Result<Standing, KeepError> {
    let now = clock.now();
    keeper(config, clock, Box::new(|| ()))?.steps().await?;
    standing(config, now)
}

/// Asks for the revocation of this machine's certificate: the terminal is refused from this moment on (CA-23). The answer is the request's
/// number; the word that it was done goes to `mail`.
///
/// # Errors
/// [`KeepError`] says what stands in the way.
pub async fn revoke(config: &Config, mail: &str) -> Result<String, KeepError> {
    let identity = shelf(config).identity(Pair::InPlace)?.ok_or(KeepError::None)?;
    Ok(Door::of(&config.center).revoke(&identity, mail).await.answer?.number)
}

/// Takes certificate and key away from this machine for good.
///
/// # Errors
/// What the operating system says.
pub fn delete(config: &Config) -> Result<(), KeepError> {
    let shelf = shelf(config);
    let _held = shelf.hold()?;
    shelf.look()?.held.ok_or(KeepError::None)?;
    Ok(shelf.clear()?)
}
