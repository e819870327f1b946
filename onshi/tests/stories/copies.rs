//! Several copies of a center, started at once from nothing, are one center; and no program spoils tables it does not know.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use chassis::db::{Database, values};
use chassis::testing::Place;

use crate::world::{onshi, run, text};

/// A process that serves some rooms, ended when dropped.
pub(crate) struct Copy {
    child: Child,
    /// What it said until it served, or until it ended.
    pub(crate) said: String,
}

impl Copy {
    pub(crate) fn begin(folder: &Path, name: &str) -> Child {
        let mut command = onshi(folder);
        command.args(["center", "serve", "--config", &format!("{name}.toml")]).env("ONSHI_PASSPHRASE", "あいことば");
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn ready(mut child: Child) -> Self {
        let mut said = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            said.push_str(&line);
            said.push('\n');
            if line.contains("動いています") {
                return Self { child, said };
            }
        }
        let output = child.wait_with_output().unwrap();
        panic!("it ended before it served: {said}{}", text(&output));
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What a process says that ends by itself.
fn refusal_of(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    text(&output)
}

fn configure(folder: &Path, name: &str, rooms: &str, database: &str) {
    let text = format!(
        "[center]\nlisten = \"127.0.0.1:0\"\nrooms = [{rooms}]\ndata = \"{name}\"\nshared = \"shared\"\n\
        database = \"{database}\"\naudit_database = \"{database}\"\n"
    );
    std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_that_start_at_once_from_nothing_are_one_center() {
    let Some(place) = Place::postgres() else { return };
    let folder = place.folder.path();
    let database = place.url().await;
    let names =
        [("one", "\"authority\""), ("two", "\"authority\""), ("three", "\"eligibility\""), ("four", "\"registry\", \"eligibility\"")];
    for (name, rooms) in names {
        configure(folder, name, rooms, &database);
    }
    let begun = names.map(|(name, _)| Copy::begin(folder, name));
    let copies = begun.map(Copy::ready);
    let operators = copies.iter().filter(|copy| copy.said.contains("最初の運用者")).count();
    assert_eq!(operators, 1, "one copy makes the first operator");
    let root = |name: &str| std::fs::read(folder.join(name).join("center/certificates/server-root.pem")).unwrap();
    assert!(names.iter().all(|(name, _)| root(name) == root("one")));
    let order = |name: &str, arguments: &[&str]| {
        let output = onshi(folder).args(arguments).arg("--json").env("ONSHI_DATA", name).output().unwrap();
        (output.status.success(), text(&output))
    };
    let (applied, said) =
        order("four", &["registry", "apply-facility", "--code", "1310099999", "--name", "架空医院", "--from", "2026-04-01"]);
    assert!(applied, "{said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(order("four", &["registry", "approve", said["application_id"].as_str().unwrap()]).0);
    let (noticed, said) = order("two", &["authority", "notice", "--code", "1310099999", "--terminal", "受付"]);
    assert!(noticed, "what one copy was told the others know: {said}");
    assert!(!order("three", &["authority", "roots"]).0, "a room answers where it is served only");
    assert!(order("three", &["audit", "verify"]).0);
    let second = refusal_of(Copy::begin(folder, "one"));
    assert!(second.contains("すでに使われています"), "{second}");
}

#[test]
fn a_copy_that_would_keep_to_itself_what_all_must_share_is_refused() {
    let place = Place::sqlite();
    let folder = place.folder.path();
    for (wrong, why) in [
        ("[center]\nrooms = [\"authority\"]\n", "PostgreSQL"),
        ("[center]\nshared = \"shared\"\ndatabase = \"postgres://a@127.0.0.1/x\"\n", "audit_database"),
        (
            "[center]\nrooms = [\"authority\"]\ndatabase = \"postgres://a@127.0.0.1/x\"\naudit_database = \"postgres://a@127.0.0.1/x\"\n",
            "shared",
        ),
        ("[center]\nrooms = []\n", "rooms"),
    ] {
        std::fs::write(folder.join("center.toml"), wrong).unwrap();
        let output = run(folder, &["check-config", "center.toml"]);
        assert!(!output.status.success() && text(&output).contains(why), "{}", text(&output));
    }
}

chassis::on_both!(an_older_program_refuses_newer_tables_with_a_sentence, async |place: &Place| {
    let folder = place.folder.path();
    let databases = [place.url().await, place.url().await, place.url().await];
    let [rooms, register, audit] = &databases;
    let config = format!(
        "[center]\nlisten = \"127.0.0.1:0\"\ndatabase = \"{rooms}\"\nregister_database = \"{register}\"\naudit_database = \"{audit}\"\n"
    );
    std::fs::write(folder.join("one.toml"), config).unwrap();
    drop(Copy::ready(Copy::begin(folder, "one")));
    for (url, room) in [(rooms, "registry"), (rooms, "authority"), (register, "eligibility"), (audit, "audit")] {
        let db = Database::open(url).await.unwrap();
        let add = "INSERT INTO schema_version (room, number, name, digest) VALUES ($1, $2, $3, $4)";
        db.execute(add, &values![room, 900, "from tomorrow", "?"]).await.unwrap();
        drop(db);
        let refusal = refusal_of(Copy::begin(folder, "one"));
        assert!(refusal.contains(&format!("{room} の表は版 900")) && refusal.contains("新しいプログラムを起動"), "{refusal}");
        let db = Database::open(url).await.unwrap();
        db.execute("DELETE FROM schema_version WHERE number = $1", &values![900]).await.unwrap();
    }
    drop(Copy::ready(Copy::begin(folder, "one")));
});
