//! Checks a second over kept-open connections with a full register and durable audit, beside the same server answering a constant.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use chassis::clock::instant;
use serde_json::json;

use crate::Size;
use crate::figure::{Figure, quantile, sorted};
use crate::process::cpu_seconds;
use crate::world::World;

const PEER: &str = "the same server answering a constant";
/// Requests under way at one time.
const LANES: usize = 64;

pub(crate) async fn measure(size: Size) -> anyhow::Result<Vec<Figure>> {
    let folder = tempfile::tempdir()?;
    let world = World::begin(folder.path())?;
    let people = folder.path().join("people.csv");
    let file = people.to_str().context("the folder's name")?;
    world.run(&["people", "generate", "--count", &size.people.to_string(), "--seed", "1", "--output", file])?;
    let begun = instant();
    world.run(&["people", "import", file])?;
    let import = begun.elapsed().as_secs_f64();
    let asking = Load::asking(&world, questions(&people, size.people)?).await?;
    let constant = world.url(manuals::hosts::operator().name, "/health/live");
    let still = Load { client: asking.client.clone(), url: constant, token: None, bodies: Arc::new(vec![]) };
    // One after the other, twice, so that neither has the warmer machine.
    let half = Duration::from_secs(size.seconds.div_ceil(2));
    let mut ours = Outcome::default();
    let mut peer = Outcome::default();
    for _ in 0..2 {
        peer.add(still.run(&world, half).await?);
        ours.add(asking.run(&world, half).await?);
    }
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    let persons = size.people as f64;
    let (fast, peer_fast) = (sorted(ours.milliseconds.clone()), sorted(peer.milliseconds.clone()));
    Ok(vec![
        Figure::new("check.throughput", ours.rate(), "checks/s", PEER, peer.rate()),
        Figure::new("check.p50", quantile(&fast, 0.5), "ms", PEER, quantile(&peer_fast, 0.5)),
        Figure::new("check.p99", quantile(&fast, 0.99), "ms", PEER, quantile(&peer_fast, 0.99)),
        Figure::new("check.cpu", ours.cpu_microseconds(), "µs/check", PEER, peer.cpu_microseconds()),
        Figure::new("check.import", persons / import, "persons/s", "the goal of 50,000 persons/s", 50_000.0),
    ])
}

/// How many questions are kept at hand, so that those who ask stay small whatever the register's size.
const QUESTIONS: u64 = 50_000;

/// Questions by the numbers and birth dates of qualification lines that lie evenly over the file of so many `persons`.
pub(crate) fn questions(people: &std::path::Path, persons: u64) -> anyhow::Result<Vec<String>> {
    let (every, mut line) = (persons.div_ceil(QUESTIONS).max(1), 0_u64);
    let mut reader = csv::Reader::from_path(people)?;
    let headers = reader.headers()?.clone();
    let column = |name: &str| headers.iter().position(|header| header == name).context("the file's columns");
    let (record, birthdate, insurer) = (column("record")?, column("birthdate")?, column("insurer_number")?);
    let (symbol, number, branch) = (column("symbol")?, column("number")?, column("branch")?);
    let (mut out, mut born) = (Vec::new(), String::new());
    for row in reader.records() {
        let row = row?;
        let cell = |place: usize| row.get(place).unwrap_or_default().to_owned();
        match row.get(record) {
            Some("person") => born = cell(birthdate),
            Some("qualification") => {
                line += 1;
                if !line.is_multiple_of(every) {
                    continue;
                }
                let mut search = json!({
                    "InsurerNumber": cell(insurer),
                    "InsuredIdentificationNumber": cell(number),
                    "Birthdate": born,
                    "LimitApplicationCertificateRelatedConsFlg": "1",
                });
                if let Some(fields) = search.as_object_mut() {
                    for (name, value) in [("InsuredCardSymbol", cell(symbol)), ("InsuredBranchNumber", cell(branch))] {
                        if !value.is_empty() {
                            fields.insert(name.to_owned(), value.into());
                        }
                    }
                }
                let header = json!({ "QualificationConfirmationDate": "20261001", "MedicalInstitutionCode": "1310099999" });
                let body = json!({ "QualificationConfirmSearchInfo": search });
                out.push(json!({ "XmlMsg": { "MessageHeader": header, "MessageBody": body } }).to_string());
            }
            _ => {}
        }
    }
    ensure!(!out.is_empty(), "the file has no qualifications");
    Ok(out)
}

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) milliseconds: Vec<f64>,
    seconds: f64,
    cpu: f64,
}

impl Outcome {
    fn add(&mut self, other: Self) {
        self.milliseconds.extend(other.milliseconds);
        self.seconds += other.seconds;
        self.cpu += other.cpu;
    }
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    pub(crate) fn rate(&self) -> f64 {
        self.milliseconds.len() as f64 / self.seconds
    }
    #[allow(clippy::cast_precision_loss, reason = "counts are small")]
    pub(crate) fn cpu_microseconds(&self) -> f64 {
        self.cpu * 1_000_000.0 / self.milliseconds.len() as f64
    }
}

/// A stream of requests of one kind.
#[derive(Clone)]
pub(crate) struct Load {
    client: reqwest::Client,
    url: String,
    token: Option<String>,
    bodies: Arc<Vec<String>>,
}

impl Load {
    /// Questions as the clinic of `world` asks them.
    pub(crate) async fn asking(world: &World, bodies: Vec<String>) -> anyhow::Result<Self> {
        let client = world.client()?;
        let token = Some(world.token(&client).await?);
        let url = world.url(manuals::hosts::web_api_search().name, manuals::hosts::paths().web_api_search);
        Ok(Self { client, url, token, bodies: Arc::new(bodies) })
    }

    pub(crate) async fn run(&self, world: &World, span: Duration) -> anyhow::Result<Outcome> {
        // A moment to open the connections, not measured.
        self.ask(0).await?;
        let next = Arc::new(AtomicUsize::new(0));
        let (begun, cpu) = (instant(), cpu_seconds(world.pid())?);
        let mut lanes = tokio::task::JoinSet::new();
        for _ in 0..LANES {
            let (load, next) = (self.clone(), Arc::clone(&next));
            lanes.spawn(async move {
                let mut taken = Vec::new();
                while begun.elapsed() < span {
                    let asked = instant();
                    // A stride through the register, so that neighbours are not asked together.
                    load.ask(next.fetch_add(7919, Ordering::Relaxed)).await?;
                    taken.push(asked.elapsed().as_secs_f64() * 1000.0);
                }
                anyhow::Ok(taken)
            });
        }
        let mut outcome = Outcome::default();
        while let Some(lane) = lanes.join_next().await {
            outcome.milliseconds.extend(lane??);
        }
        outcome.seconds = begun.elapsed().as_secs_f64();
        outcome.cpu = cpu_seconds(world.pid())? - cpu;
        Ok(outcome)
    }

    async fn ask(&self, place: usize) -> anyhow::Result<()> {
        let request = match self.bodies.get(place % self.bodies.len().max(1)) {
            Some(body) => self.client.post(&self.url).body(body.clone()),
            None => self.client.get(&self.url),
        };
        let request = match &self.token {
            Some(token) => request.header("Authorization", token),
            None => request,
        };
        let answer = request.send().await?;
        let status = answer.status();
        answer.bytes().await?;
        ensure!(status.is_success(), "refused: {status}");
        Ok(())
    }
}
