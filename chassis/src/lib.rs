//! What programs are bolted to: configuration, clock, logs, keys, HTTPS; behind the feature `server` also listeners, database, audit and mail.
//!
//! No word of the field stands here: a thing enters the chassis when a third room needs it.

#[cfg(feature = "server")]
pub mod audit;
pub mod clock;
pub mod config;
#[cfg(feature = "server")]
pub mod db;
pub mod files;
pub mod http;
pub mod incident;
pub mod log;
#[cfg(feature = "mail")]
pub mod mail;
#[cfg(feature = "server")]
pub mod page;
pub mod password;
pub mod pfx;
pub mod random;
pub mod sealer;
pub mod serial;
#[cfg(feature = "server")]
pub mod serve;
pub mod signed;
pub mod stop;
pub mod style;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "server")]
pub mod tls;
pub mod vault;

#[cfg(feature = "server")]
pub use db::lease;
