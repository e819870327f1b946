//! What an operator sees from outside: the dashboard's figures exist, the profile adds up, and an incident number leads to its line in the log.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use manuals::situation::Situation;
use serde_json::Value;

use crate::world::{SEARCH, World, onshi, question, question_xml, text, until};

fn document(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Every figure a text speaks of: words that begin as ours or the process' own do.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("onshi_") || word.starts_with("process_")).map(str::to_owned).collect()
}

/// Every figure that a page of /metrics exports, with the names of its parts.
fn exported(page: &str) -> BTreeSet<String> {
    page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['{', ' ']).next().map(str::to_owned)).collect()
}

fn value(page: &str, series: &str) -> f64 {
    let line = page.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("{series} is missing:\n{page}")).rsplit_once(' ').unwrap().1.parse().unwrap()
}

/// The figures through the operators' door, as Prometheus asks for them.
fn metrics(world: &World) -> String {
    let run: Value = serde_json::from_slice(&std::fs::read(world.path("run.json")).unwrap()).unwrap();
    let bearer = format!("Authorization: Bearer {}", run["local_token"].as_str().unwrap());
    let (status, page) = world.curl("operator.onshi.localhost", "/metrics", "", &["--request", "GET", "--header", &bearer]);
    assert_eq!(status, "200", "{page}");
    page
}

#[test]
fn every_figure_of_the_dashboard_and_the_alerts_is_exported_and_moves() {
    let world = World::begin();
    let xml = question_xml("06990014", Some("1"), "1001", Some("00"), "19800101");
    world.drop_file("OQSsiquc01req_watched", xml.as_bytes(), "xml");
    let before = metrics(&world);
    let token = format!("Authorization: {}", world.token());
    let right = question("06990014", Some("1"), "1001", Some("00"), "19800101").to_string();
    for _ in 0..3 {
        let (status, body) = world.curl(SEARCH.0, SEARCH.1, &right, &["--header", &token]);
        assert_eq!(status, "200", "{body}");
    }
    let (status, _) = world.curl(SEARCH.0, SEARCH.1, &right, &["--header", "Authorization: invented"]);
    assert_eq!(status, Situation::UnknownToken.get().status.to_string());
    let page = metrics(&world);
    let grown = |series: &str| value(&page, series) - value(&before, series);
    assert_eq!(grown("onshi_check_seconds_count"), 4.0);
    assert_eq!(grown("onshi_checks_total{outcome=\"1\"}"), 3.0);
    assert_eq!(grown("onshi_refusals_total{situation=\"unknown-token\"}"), 1.0);
    // The authority may tell the log of the start's certificate at the same moment.
    assert!(grown("onshi_audit_records_total") >= 3.0);
    for step in ["read", "validate", "look_up", "write", "record"] {
        assert_eq!(grown(&format!("onshi_check_step_seconds_count{{step=\"{step}\"}}")), 3.0, "{step}");
    }
    assert_eq!(grown("onshi_check_step_seconds_count{step=\"admit\"}"), 4.0);
    let exported = exported(&page);
    for file in ["grafana-onshi.json", "alerts.yml"] {
        let named = named(&document(file));
        assert!(named.len() > 8, "{file} names only {named:?}");
        let missing: Vec<&String> = named.difference(&exported).filter(|name| !name.ends_with("_onshi")).collect();
        assert!(missing.is_empty(), "{file} names what is not exported: {missing:?}");
    }
    for private in ["19800101", "06990014", "試験"] {
        assert!(!page.contains(private), "{private} stands among the figures");
    }
}

#[test]
fn the_alert_rules_are_rules_to_prometheus_itself() {
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/alerts.yml");
    match Command::new("promtool").args(["check", "rules", rules]).output() {
        Ok(checked) => assert!(checked.status.success(), "{}", text(&checked)),
        // Debian's package `prometheus` brings it; without it the expressions are only looked through for their names.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
    let alerts = document("alerts.yml");
    let count = |what: &str| alerts.matches(what).count();
    assert!(count("- alert: ") >= 10);
    assert_eq!((count("- alert: "), count(" summary: ")), (count(" expr: "), count(" todo: ")), "each alert says what to do");
}

#[test]
fn the_profile_says_where_a_checks_time_went() {
    let world = World::begin();
    let profile = world.json(&["center", "profile", "--checks", "40", "--json"]);
    // The bridge's first question may still be on its way when the watch begins, and a question whose connection is lost is asked again.
    assert!((40.0..=48.0).contains(&profile["checks"].as_f64().unwrap()), "{profile}");
    let steps = profile["steps"].as_array().unwrap();
    let share: f64 = steps.iter().map(|step| step["share"].as_f64().unwrap()).sum();
    assert!((0.999..1.01).contains(&share), "{profile}");
    assert!(
        steps.iter().filter(|step| step["step"] != "rest").all(|step| step["microseconds_per_check"].as_f64().unwrap() > 0.0),
        "{profile}"
    );
    let shown = world.run(&["center", "profile", "--checks", "5"]);
    assert!(text(&shown).contains("監査記録の書き込み待ち") && text(&shown).contains("CPU"), "{}", text(&shown));
    let idle = world.run(&["center", "profile", "--seconds", "1"]);
    assert!(!idle.status.success() && text(&idle).contains("--checks"), "{}", text(&idle));
}

#[test]
fn an_incident_number_runs_from_the_callers_answer_to_one_line_of_the_log() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let world = World::begin_logging(
        tempfile::TempDir::new().unwrap(),
        &[("ONSHI_CENTER__LOG__LEVELS", "info"), ("ONSHI_CENTER__LOG__FORMAT", "json")],
        log.reopen().unwrap().into(),
    );
    let head = world.folder.path().join("head");
    let head_file = head.display().to_string();
    // A door that answers with words of its own, and the desk that answers in the shape of a check.
    let (_, body) = world.curl(SEARCH.0, "/nothing", "{}", &["--dump-header", &head_file]);
    let shown: Value = serde_json::from_str(&body).unwrap();
    let number = header(&std::fs::read_to_string(&head).unwrap());
    assert_eq!(shown["incident"], number.as_str(), "the number of the answer and of its header");
    let (_, body) = world.curl(SEARCH.0, SEARCH.1, "{}", &["--dump-header", &head_file]);
    let second = header(&std::fs::read_to_string(&head).unwrap());
    assert_ne!(number, second);
    // A question with a mistake, asked by a program, and as a file: the desk reads the number in the result.
    let wrong = question("06990015", Some("1"), "1001", Some("00"), "19800101").to_string();
    let token = format!("Authorization: {}", world.token());
    world.curl(SEARCH.0, SEARCH.1, &wrong, &["--header", &token, "--dump-header", &head_file]);
    let third = header(&std::fs::read_to_string(&head).unwrap());
    let wrong = question_xml("06990015", Some("1"), "1001", Some("00"), "19800101");
    let result = wire::xml::read_check_result(&world.drop_file("OQSsiquc01req_incident", wrong.as_bytes(), "xml")).unwrap();
    let message = result.header.error_message.unwrap();
    let fourth = message.rsplit_once("受付番号 ").unwrap_or_else(|| panic!("{message}")).1.trim_end_matches('）').to_owned();
    let mistake = Situation::WrongCheckDigit;
    for (number, situation) in [(&number, Situation::NotFound), (&second, Situation::NoToken), (&third, mistake), (&fourth, mistake)] {
        let line = until(Duration::from_secs(10), || {
            let log = std::fs::read_to_string(log.path()).unwrap();
            log.lines().find(|line| line.contains(number.as_str()) && line.contains("\"refused\"")).map(str::to_owned)
        });
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["fields"]["incident"], number.as_str(), "{line}");
        assert_eq!(line["fields"]["situation"], situation.key(), "{line}");
        assert_eq!(line["fields"]["code"], situation.get().code, "{line}");
    }
    assert!(body.contains(Situation::NoToken.get().code));
}

fn header(head: &str) -> String {
    let line =
        head.lines().find_map(|line| line.to_ascii_lowercase().starts_with("onshi-incident:").then(|| line.split_once(':').unwrap().1));
    line.unwrap_or_else(|| panic!("no incident header: {head}")).trim().to_owned()
}

/// A bridge as a process of its own, ended when it is dropped.
struct Bridge(Child);

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn a_bridge_of_its_own_shows_its_figures_on_a_port_of_its_own() {
    let world = World::begin();
    let other = world.folder.path().join("other");
    let config = std::fs::read_to_string(world.path("clinic/clinic.toml")).unwrap();
    let mut config: toml::Table = config.parse().unwrap();
    for folder in ["req", "res", "face", "work"] {
        std::fs::create_dir_all(other.join(folder)).unwrap();
        config["bridge"][folder] = other.join(folder).display().to_string().into();
    }
    // Beside the demo clinic's own file: keys are looked for from there.
    let file = world.path("clinic/other.toml");
    std::fs::write(&file, config.to_string()).unwrap();
    let mut command = onshi(world.folder.path());
    command.args(["clinic", "bridge", "--monitoring", "127.0.0.1:0", "--config"]).arg(&file);
    command.stdout(Stdio::piped());
    let mut bridge = Bridge(command.spawn().unwrap());
    let mut lines = BufReader::new(bridge.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.strip_prefix("指標: http://")?.strip_suffix("/metrics").map(str::to_owned)).unwrap();
    assert!(lines.any(|line| line.contains("連携が動いています")));
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(&port).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: bridge\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask("/metrics").contains("\nonshi_bridge_taken_total 0\n"));
    assert!(ask("/health/live").starts_with("HTTP/1.1 200") && ask("/elsewhere").starts_with("HTTP/1.1 404"));
    let xml = question_xml("06990014", Some("1"), "1001", Some("00"), "19800101");
    std::fs::write(other.join("OQSsiquc01req_own.tmp"), xml).unwrap();
    std::fs::rename(other.join("OQSsiquc01req_own.tmp"), other.join("req/OQSsiquc01req_own.xml")).unwrap();
    until(Duration::from_secs(60), || std::fs::read(other.join("res/OQSsiquc01res_own.xml")).ok());
    let page = until(Duration::from_secs(10), || Some(ask("/metrics")).filter(|page| page.contains("\nonshi_bridge_seconds_count 1\n")));
    assert_eq!(value(&page, "onshi_bridge_results_total{outcome=\"answered\"}"), 1.0);
    let exported = exported(&page);
    for name in named(&document("alerts.yml")).iter().filter(|name| name.starts_with("onshi_bridge_")) {
        assert!(exported.contains(name), "{name} is not exported by a bridge: {page}");
    }
}

#[cfg(not(feature = "otel"))]
#[test]
fn traces_that_were_not_built_in_are_not_silently_left_out() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut command = onshi(folder.path());
    let refused = command.args(["up", "--once", "--port", "0"]).env("ONSHI_CENTER__LOG__TRACES", "http://127.0.0.1:4318").output().unwrap();
    assert!(!refused.status.success() && text(&refused).contains("--features otel"), "{}", text(&refused));
}

/// Takes what an OpenTelemetry collector is sent, and keeps the bodies.
#[cfg(feature = "otel")]
fn collect(listener: std::net::TcpListener, kept: std::sync::mpsc::Sender<Vec<u8>>) {
    for stream in listener.incoming() {
        let mut reader = BufReader::new(stream.unwrap());
        let (mut first, mut length) = (String::new(), 0);
        reader.read_line(&mut first).unwrap();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        if first.starts_with("POST /v1/traces ") && kept.send(body).is_err() {
            return;
        }
    }
}

#[cfg(feature = "otel")]
#[test]
fn traces_of_a_check_and_its_steps_reach_a_collector_without_a_patients_number() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    let (kept, bodies) = std::sync::mpsc::channel();
    std::thread::spawn(move || collect(listener, kept));
    let world = World::begin_with(&[("ONSHI_CENTER__LOG__TRACES", &collector)]);
    let token = format!("Authorization: {}", world.token());
    let right = question("06990014", Some("1"), "1001", Some("00"), "19800101").to_string();
    let (status, _) = world.curl(SEARCH.0, SEARCH.1, &right, &["--header", &token]);
    assert_eq!(status, "200");
    let folder = world.stop();
    let sent: Vec<u8> = bodies.try_iter().flatten().collect();
    let stands = |name: &str| sent.windows(name.len()).any(|part| part == name.as_bytes());
    for span in ["request", "admit", "read", "validate", "look_up", "write", "record", SEARCH.0] {
        assert!(stands(span), "{span} is missing among {} bytes", sent.len());
    }
    for private in ["06990014", "19800101", "試験"] {
        assert!(!stands(private), "{private} stands in a trace");
    }
    drop(folder);
}
