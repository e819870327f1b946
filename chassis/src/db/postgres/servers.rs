//! Finds the server that takes writes among those of the address: the one that took them last, else whichever answers first.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::tls::Tls;

/// How long the last server is asked alone before the others are asked too.
const HEAD_START: Duration = Duration::from_secs(1);

/// The servers of one address.
pub(super) struct Servers {
    all: Vec<Config>,
    tls: Option<Tls>,
    last: AtomicUsize,
}

type Connected = (Client, JoinHandle<()>);

impl Servers {
    pub(super) fn new(all: Vec<Config>, tls: Option<Tls>) -> Self {
        Self { all, tls, last: AtomicUsize::new(0) }
    }

    async fn one(&self, place: usize, config: &Config) -> (usize, Result<Connected, Error>) {
        let connected = match &self.tls {
            Some(tls) => config.connect(tls.clone()).await.map(|(client, connection)| (client, tokio::spawn(kept(connection)))),
            None => config.connect(NoTls).await.map(|(client, connection)| (client, tokio::spawn(kept(connection)))),
        };
        (place, connected)
    }

    /// Never ends while a server keeps it waiting and no other takes it: the pool has a limit for that.
    async fn any(&self, otherwise: &Config) -> Result<Connected, Error> {
        let last = self.last.load(Ordering::Relaxed);
        let mut asked = FuturesUnordered::new();
        asked.push(self.one(last, self.all.get(last).unwrap_or(otherwise)));
        let first = tokio::time::timeout(HEAD_START, asked.next()).await;
        if let Ok(Some((_, Ok(connected)))) = first {
            return Ok(connected);
        }
        for (place, config) in self.all.iter().enumerate().filter(|(place, _)| *place != last) {
            asked.push(self.one(place, config));
        }
        let mut refused = match first {
            Ok(Some((_, Err(error)))) => Some(error),
            _ => None,
        };
        while let Some((place, answer)) = asked.next().await {
            match answer {
                Ok(connected) => {
                    self.last.store(place, Ordering::Relaxed);
                    return Ok(connected);
                }
                // What is wrong with a server that answers says more than that another is away.
                Err(error) if refused.is_none() || error.as_db_error().is_some() => refused = Some(error),
                Err(_) => {}
            }
        }
        match refused {
            Some(error) => Err(error),
            None => self.one(last, otherwise).await.1,
        }
    }
}

/// Works for a connection until it ends.
async fn kept(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        tracing::info!(%error, "a connection to the database ended");
    }
}

impl Connect for Servers {
    fn connect(&self, otherwise: &Config) -> Pin<Box<dyn Future<Output = Result<Connected, Error>> + Send + '_>> {
        let otherwise = otherwise.clone();
        Box::pin(async move { self.any(&otherwise).await })
    }
}
