//! A process that is killed at any moment has kept everything it said it had kept, and leaves the file to the next.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use chassis::audit::Appended;
use chassis::db::{Database, DbError};

use crate::audit::Log;
use chassis::testing::Place;

const FOLDER: &str = "STORY_FOLDER";
const DATABASE: &str = "STORY_DATABASE";

/// Not a story of its own: the process that gets killed, started by the story below. Without a folder to work in it does nothing.
#[tokio::test]
async fn a_process_that_records_until_it_is_killed() {
    let (Some(folder), Ok(url)) = (std::env::var_os(FOLDER), std::env::var(DATABASE)) else { return };
    let log = Log::open_in(folder.into(), Database::open(&url).await.unwrap()).await;
    for i in 0_u64.. {
        let question = format!("question {i} of process {}", std::process::id());
        let (one, two) = tokio::join!(log.record("something"), log.answer(&question, "yes"));
        for recorded in [one, two.unwrap()] {
            let Appended::New { writer, seq } = recorded else { panic!("new") };
            writeln!(std::io::stdout(), "recorded {writer} {seq}").unwrap();
        }
    }
}

fn start(place: &Place, url: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::a_process_that_records_until_it_is_killed", "--nocapture"]);
    command.env(FOLDER, place.folder.path()).env(DATABASE, url).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

async fn story(place: &Place, sqlite: bool) {
    let url = place.url().await;
    let mut records = 0;
    for life in 1..=4 {
        let mut child = start(place, &url);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        while said.len() < 20 * life {
            let line = lines.next().unwrap().unwrap();
            // The test runner may have begun the line.
            said.extend(line.split_once("recorded ").map(|(_, rest)| rest.to_owned()));
        }
        if sqlite {
            let refusal = Database::open(&url).await.unwrap_err();
            assert!(matches!(refusal, DbError::Held { .. }) && refusal.to_string().contains(&format!("(pid {})", child.id())), "{refusal}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines.map_while(Result::ok).filter_map(|line| Some(line.split_once("recorded ")?.1.to_owned())));
        let db = Database::open(&url).await.unwrap();
        let stored = db.query("SELECT writer, seq FROM audit_record", &[]).await.unwrap();
        let stored: std::collections::BTreeSet<_> =
            stored.iter().map(|row| format!("{} {}", row.text(0).unwrap(), row.int(1).unwrap())).collect();
        // The last line may have been cut.
        let kept = said.iter().filter(|line| stored.contains(*line)).count();
        assert!(kept + 1 >= said.len(), "{} said, {kept} kept", said.len());
        let log = Log::open_in(place.folder.path().to_owned(), db).await;
        let report = log.verify().await;
        assert!(report.is_sound(), "{:?}", report.faults);
        assert_eq!(report.writers, life as u64);
        assert!(report.records >= records + said.len() as u64 - 1);
        records = report.records;
        log.audit.close().await;
    }
}

#[tokio::test]
async fn a_killed_process_kept_what_it_said_on_sqlite() {
    story(&Place::sqlite(), true).await;
}

#[tokio::test]
async fn a_killed_process_kept_what_it_said_on_postgres() {
    if let Some(place) = Place::postgres() {
        story(&place, false).await;
    }
}
