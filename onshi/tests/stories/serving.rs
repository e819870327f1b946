//! The small servers as processes of their own: the proxy hands its port to a new version and keeps its tunnels, the time is read by others' clients.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::world::{World, onshi, run, text};

/// A server that says where it listens, and is ended when it is dropped.
struct Server {
    child: Child,
    said: BufReader<ChildStdout>,
    address: SocketAddr,
    /// What it said before that.
    greeting: String,
}

impl Server {
    fn begin(folder: &Path, arguments: &[&str]) -> Self {
        let quiet = ("ONSHI_NETWORK__LOG__LEVELS", "warn");
        let mut child = onshi(folder).args(arguments).env(quiet.0, quiet.1).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let (line, greeting) = line_with(&mut said, "動いています");
        let address = line.rsplit(' ').next().unwrap().trim().parse().unwrap();
        Self { child, said, address, greeting }
    }

    /// Asks it to stop, as a service manager does, and waits.
    fn ask_to_stop(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The next line in which these words stand, and all before it.
fn line_with(said: &mut impl BufRead, words: &str) -> (String, String) {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        assert!(said.read_line(&mut line).unwrap() > 0, "it ended before it said 「{words}」: {all}");
        if line.contains(words) {
            return (line, all);
        }
        all.push_str(&line);
    }
}

const HOST: &str = "d2vhvuj0j7c8bh.cloudfront.net";

/// A center with its demo clinic, whose line is this machine, and a proxy's configuration that maps the cloud to `host`.
fn world(host: SocketAddr) -> (World, Vec<String>) {
    let world = World::begin();
    let config = world.folder.path().join("network.toml");
    let hosts = format!("[proxy]\nlisten = [\"127.0.0.1:0\"]\n[proxy.hosts]\n\"{HOST}\" = [\"{host}\"]\n");
    std::fs::write(&config, hosts).unwrap();
    let path = |name: &str| world.path("center/snapshots").join(name).display().to_string();
    let arguments = [
        "network",
        "proxy",
        "serve",
        "--config",
        "network.toml",
        "--snapshot",
        &path("registry.signed"),
        "--snapshot-key",
        &path("registry-key.txt"),
    ];
    let arguments = arguments.map(str::to_owned).to_vec();
    (world, arguments)
}

fn tunnel(proxy: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    (stream, String::from_utf8(head).unwrap())
}

/// An echo.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut back = stream.try_clone().unwrap();
                let _ended = std::io::copy(&mut stream, &mut back);
                let _closed = back.shutdown(std::net::Shutdown::Write);
            });
        }
    });
    address
}

fn echoes(stream: &mut TcpStream) -> bool {
    let mut heard = [0; 5];
    stream.write_all(b"hello").is_ok() && stream.read_exact(&mut heard).is_ok() && &heard == b"hello"
}

/// Rows: PX-10
#[test]
fn a_closure_that_an_operator_announces_reaches_the_proxy_by_the_signed_snapshot() {
    let (world, arguments) = world(echo());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let proxy = Server::begin(world.folder.path(), &arguments);
    let (mut open, head) = tunnel(proxy.address);
    assert!(head.starts_with("HTTP/1.1 200") && echoes(&mut open), "{head}");
    let late = world.run(&["registry", "closure", "add", "--from", "2020-01-01 01:00", "--until", "2020-01-01 05:00"]);
    assert!(!late.status.success() && text(&late).contains("もう過ぎています"), "{}", text(&late));
    // From long ago until tomorrow in Japan, whatever the day is.
    let (from, until) = around_now();
    let closure = world.json(&["registry", "closure", "add", "--from", &from, "--until", &until, "--reason", "定期保守", "--json"]);
    wait_for(|| tunnel(proxy.address).1.starts_with("HTTP/1.1 503"));
    let refused = tunnel(proxy.address).1.to_lowercase();
    assert!(refused.contains("retry-after: ") && refused.contains("onshi-reopens-at: "), "{refused}");
    assert!(echoes(&mut open), "what was open stays open");
    let listed = world.json(&["registry", "closure", "list", "--json"]);
    assert_eq!(listed[0]["closure_id"], closure["closure_id"]);
    let removed = world.run(&["registry", "closure", "remove", closure["closure_id"].as_str().unwrap()]);
    assert!(removed.status.success(), "{}", text(&removed));
    wait_for(|| tunnel(proxy.address).1.starts_with("HTTP/1.1 200"));
    // The same snapshot into a file of one's own.
    let about = world.json(&["registry", "snapshot", "--out", "mine.signed", "--json"]);
    assert_eq!(about["closures"].as_u64(), Some(0));
    assert!(about["lines"].as_u64() >= Some(1), "the demo clinic's line: {about}");
    let key = std::fs::read_to_string(world.path("center/snapshots/registry-key.txt")).unwrap();
    assert_eq!(about["key"].as_str().unwrap(), key.trim());
    let mine = std::fs::read(world.folder.path().join("mine.signed")).unwrap();
    let key = chassis::signed::PublicKey::from_hex(&key).unwrap();
    assert!(chassis::signed::open(&mine, wire::snapshot::KIND, &[key]).is_ok());
}

/// Rows: LA-13
#[test]
fn a_proxy_on_another_machine_fetches_the_snapshot_from_the_center() {
    let (world, _) = world(echo());
    let key = world.path("center/snapshots/registry-key.txt").display().to_string();
    let roots = world.path("center/certificates/server-root.pem").display().to_string();
    let more = format!("snapshot_roots = '{roots}'\nsnapshot_at = \"127.0.0.1\"\n[proxy.hosts]");
    let config = world.folder.path().join("network.toml");
    let changed = std::fs::read_to_string(&config).unwrap().replace("[proxy.hosts]", &more);
    std::fs::write(&config, changed).unwrap();
    let address = format!("https://operator.onshi.localhost:{}/snapshots/registry", world.port);
    let arguments = ["network", "proxy", "serve", "--config", "network.toml", "--snapshot", &address, "--snapshot-key", &key];
    let proxy = Server::begin(world.folder.path(), &arguments);
    assert!(tunnel(proxy.address).1.starts_with("HTTP/1.1 200"));
    // Another key: nothing of what comes is believed, and the proxy says so while it serves.
    let other = "d7".repeat(32);
    let arguments = ["network", "proxy", "serve", "--config", "network.toml", "--snapshot", &address, "--snapshot-key", &other];
    let distrustful = Server::begin(world.folder.path(), &arguments);
    assert!(tunnel(distrustful.address).1.starts_with("HTTP/1.1 503"));
}

/// Japan's time two hours ago and in two hours, as an operator writes it.
fn around_now() -> (String, String) {
    let now = chassis::clock::Clock::system().now();
    let hours = jiff::SignedDuration::from_hours(2);
    let said = |at| chassis::clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string();
    (said(now - hours), said(now + hours))
}

/// Asks again and again until it holds; a snapshot is looked at twice a second.
fn wait_for(holds: impl Fn() -> bool) {
    let begun = chassis::clock::instant();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came to hold");
        std::thread::yield_now();
    }
}

/// Rows: PX-10
#[test]
fn a_new_process_takes_the_port_over_and_the_old_one_keeps_its_tunnels_to_their_end() {
    let (world, arguments) = world(echo());
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--handover", "run/proxy.sock"]);
    let mut old = Server::begin(world.folder.path(), &arguments);
    let (mut kept, head) = tunnel(old.address);
    assert!(head.starts_with("HTTP/1.1 200") && echoes(&mut kept), "{head}");
    let new = Server::begin(world.folder.path(), &arguments);
    assert_eq!(new.address, old.address, "the same port, without a moment in which nobody listens");
    let (said, _) = line_with(&mut old.said, "引き継ぎました");
    assert!(said.contains("開いているトンネル: 1"), "{said}");
    // Everything new is served by the new process, whatever becomes of the old one.
    for _ in 0..20 {
        let (mut stream, head) = tunnel(new.address);
        assert!(head.starts_with("HTTP/1.1 200") && echoes(&mut stream), "{head}");
    }
    assert!(echoes(&mut kept), "the old tunnel is kept");
    drop(kept);
    assert!(old.child.wait().unwrap().success(), "it ends when its last tunnel has");
    // And a third one can follow.
    let third = Server::begin(world.folder.path(), &arguments);
    assert!(tunnel(third.address).1.starts_with("HTTP/1.1 200"));
    third.ask_to_stop();
}

/// Rows: PX-01, PX-02, PX-03, PX-04, PX-06, PX-11
#[test]
fn the_settings_are_shown_and_a_terminals_are_judged() {
    let folder = TempDir::new().unwrap();
    let shown = text(&run(folder.path(), &["network", "proxy", "settings"]));
    let settings: serde_json::Value =
        serde_json::from_slice(&run(folder.path(), &["network", "proxy", "settings", "--json"]).stdout).unwrap();
    let bypass = settings["bypass_text"].as_str().unwrap();
    assert!(shown.contains(bypass) && shown.contains(settings["winhttp"]["display"].as_str().unwrap()), "{shown}");
    let display = folder.path().join("winhttp.txt");
    std::fs::write(&display, settings["winhttp"]["display"].as_str().unwrap()).unwrap();
    let judge = |bypass: &str| {
        run(
            folder.path(),
            &["network", "proxy", "check", "--proxy", "proxy.base.oqs-pdl.org:8080", "--bypass", bypass, "--winhttp", "winhttp.txt"],
        )
    };
    let right = judge(bypass);
    assert!(right.status.success(), "{}", text(&right));
    let wrong = judge(&bypass.replace("*.rece;", ""));
    assert!(!wrong.status.success() && text(&wrong).contains("「*.rece」がありません"), "{}", text(&wrong));
    // As a Japanese console writes it into a file: 直接アクセス.
    std::fs::write(&display, b"    \x92\xbc\x90\xda\x83A\x83N\x83Z\x83X (\x83v\x83\x8d\x83L\x83V)\r\n").unwrap();
    let forgotten = judge(bypass);
    assert!(text(&forgotten).contains("netsh winhttp import proxy source=ie"), "{}", text(&forgotten));
}

#[test]
fn each_server_shows_its_figures_on_a_port_of_its_own() {
    let (world, arguments) = world(echo());
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--monitoring", "127.0.0.1:0"]);
    let figures = |server: &Server| {
        let place = server.greeting.split("http://").nth(1).unwrap().trim().to_owned();
        let output = Command::new("curl").args(["--silent", "--noproxy", "*", &format!("http://{place}")]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let proxy = Server::begin(world.folder.path(), &arguments);
    let (mut open, head) = tunnel(proxy.address);
    assert!(head.starts_with("HTTP/1.1 200") && echoes(&mut open), "{head}");
    let page = figures(&proxy);
    for series in [
        "onshi_proxy_requests_total{outcome=\"tunnel\"} 1",
        "onshi_proxy_tunnels 1",
        "onshi_snapshot_lines ",
        "process_resident_memory_bytes ",
    ] {
        assert!(page.contains(series), "{series}: {page}");
    }
    let time = Server::begin(world.folder.path(), &["network", "time", "serve", "--listen", "127.0.0.1:0", "--monitoring", "127.0.0.1:0"]);
    let asker = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    asker.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut question = [0; 48];
    question[0] = 0x23;
    asker.send_to(&question, time.address).unwrap();
    let mut answer = [0; 100];
    assert_eq!(asker.recv(&mut answer).unwrap(), 48, "as much as was asked with");
    // A question of another kind, as amplifiers are asked: nothing comes, and it is counted.
    question[0] = 0x17;
    asker.send_to(&question, time.address).unwrap();
    wait_for(|| figures(&time).contains("onshi_time_ignored_total 1"));
    assert!(figures(&time).contains("onshi_time_answers_total 1"));
}

/// Rows: TM-01, TM-03
#[test]
fn others_clients_read_our_time() {
    let folder = TempDir::new().unwrap();
    let server = Server::begin(folder.path(), &["network", "time", "serve", "--listen", "127.0.0.1:0"]);
    // It measures and says by how much this machine's clock is off, without setting it; both are the same clock.
    let directive = format!("server 127.0.0.1 port {} iburst", server.address.port());
    let chrony = Command::new("chronyd").args(["-Q", "-t", "30", "-f", "/dev/null", &directive]).output().unwrap();
    let said = text(&chrony);
    assert!(chrony.status.success() && said.contains("System clock wrong by"), "{said}");
    let off: f64 = said.split("wrong by ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(off.abs() < 0.1, "{said}");
    server.ask_to_stop();
    // The other client asks at port 123 only: in a network of its own, where several addresses answer.
    let script = format!(
        "ip link set lo up && mkfifo said && {{ '{}' network time serve --listen 127.0.0.1:123 --listen 127.0.0.2:123 > said & }} && read -r line < said \
         && ntpdig -t 10 127.0.0.1 && ntpdig -t 10 127.0.0.2; code=$?; kill $!; exit $code",
        env!("CARGO_BIN_EXE_onshi")
    );
    let mut alone = Command::new("unshare");
    let digs = alone.args(["--map-root-user", "--net", "sh", "-c", &script]).current_dir(folder.path()).output().unwrap();
    assert!(digs.status.success() && text(&digs).contains("127.0.0.2"), "{}", text(&digs));
}
