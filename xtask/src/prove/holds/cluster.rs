//! Three PostgreSQL servers on this machine that Patroni and etcd keep as one: one takes writes, another has each before it is acknowledged.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::copy::free_port;
use crate::postgres;
use crate::process;
use crate::stopwatch::Stopwatch;

const NODES: usize = 3;
/// For the cluster to be whole: a node that was killed rewinds and follows again.
const PATIENCE: Duration = Duration::from_secs(120);
const PASSWORD: &str = "loopback-only";

/// The running cluster.
pub(super) struct Cluster {
    nodes: Vec<Node>,
    etcd: Child,
    folder: TempDir,
}

/// One of its machines.
struct Node {
    name: String,
    server: u16,
    api: u16,
    patroni: Option<Child>,
}

impl Cluster {
    /// Starts etcd and three nodes; returns when one takes writes and one of the others has them at once.
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("onshi-cluster-").tempdir()?;
        let bin = postgres::programs().context("no PostgreSQL server programs: install the Debian package postgresql")?;
        let (client, peer) = (free_port()?, free_port()?);
        let mut nodes = Vec::new();
        for number in 1..=NODES {
            let node = Node { name: format!("node{number}"), server: free_port()?, api: free_port()?, patroni: None };
            std::fs::write(folder.path().join(format!("{}.yml", node.name)), node.configuration(folder.path(), &bin, client))?;
            nodes.push(node);
        }
        if process::is_root() {
            process::output(Command::new("chown").arg("-R").arg("postgres").arg(folder.path()))?;
        }
        let etcd = start_etcd(folder.path(), client, peer)?;
        let mut cluster = Self { nodes, etcd, folder };
        for place in 0..NODES {
            cluster.start_node(place)?;
        }
        cluster.wait_until_whole()?;
        Ok(cluster)
    }

    /// The address of all three.
    pub(super) fn url(&self) -> String {
        let hosts = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.server)).collect::<Vec<_>>().join(",");
        format!("postgres://postgres:{PASSWORD}@{hosts}/postgres")
    }

    /// Kills the server that takes writes, and its keeper, at one stroke; says which.
    pub(super) fn kill_primary(&mut self) -> Result<usize> {
        let leader = self.members()?.into_iter().find(|member| member.role == "leader").context("no server takes writes")?;
        let place = self.nodes.iter().position(|node| node.name == leader.name).context("an unknown leader")?;
        let node = self.nodes.get_mut(place).context("a node")?;
        let pid = std::fs::read_to_string(self.folder.path().join(&node.name).join("postmaster.pid"))?;
        let pid = pid.lines().next().context("an empty postmaster.pid")?.trim().to_owned();
        if let Some(mut patroni) = node.patroni.take() {
            patroni.kill()?;
            patroni.wait()?;
        }
        process::output(Command::new("kill").args(["-s", "KILL", &pid]))?;
        Ok(place)
    }

    /// Starts a node that was killed.
    pub(super) fn start_node(&mut self, place: usize) -> Result<()> {
        let folder = self.folder.path();
        let node = self.nodes.get_mut(place).context("a node")?;
        let log = File::options().create(true).append(true).open(folder.join(format!("{}.log", node.name)))?;
        let mut patroni = postgres::as_account(&process::find("patroni").context("no patroni")?);
        patroni.arg(folder.join(format!("{}.yml", node.name))).current_dir(folder).env("LC_ALL", "C");
        node.patroni = Some(patroni.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("could not start patroni")?);
        Ok(())
    }

    /// Whether all three run and one that follows has every write.
    pub(super) fn is_whole(&self) -> bool {
        self.members().is_ok_and(|members| {
            let running = members.iter().filter(|member| member.state == "running" || member.state == "streaming").count();
            let has = |role: &str| members.iter().any(|member| member.role == role);
            running == NODES && has("leader") && has("sync_standby")
        })
    }

    fn wait_until_whole(&self) -> Result<()> {
        let watch = Stopwatch::start();
        while !self.is_whole() {
            if watch.passed() > PATIENCE {
                let log = std::fs::read_to_string(self.folder.path().join("node1.log")).unwrap_or_default();
                bail!("the cluster is not whole after {} s:\n{log}", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        Ok(())
    }

    /// What the first node that answers says of all.
    fn members(&self) -> Result<Vec<Member>> {
        let ask = |node: &Node| {
            let said =
                process::output(Command::new("curl").args(["-s", "-m", "2", &format!("http://127.0.0.1:{}/cluster", node.api)])).ok()?;
            let said: serde_json::Value = serde_json::from_str(&said).ok()?;
            let members = said.get("members")?.as_array()?;
            let word = |member: &serde_json::Value, key: &str| Some(member.get(key)?.as_str()?.to_owned());
            members.iter().map(|m| Some(Member { name: word(m, "name")?, role: word(m, "role")?, state: word(m, "state")? })).collect()
        };
        self.nodes.iter().find_map(ask).context("no node of the cluster answers")
    }
}

struct Member {
    name: String,
    role: String,
    state: String,
}

impl Node {
    /// The leader's lease is as short as Patroni allows; a server that died is not waited for.
    fn configuration(&self, folder: &Path, bin: &Path, etcd: u16) -> String {
        let (name, server, api, data) = (&self.name, self.server, self.api, folder.join(&self.name));
        format!(
            "scope: onshi\nname: {name}\nrestapi: {{listen: '127.0.0.1:{api}', connect_address: '127.0.0.1:{api}'}}\n\
            etcd3: {{hosts: ['127.0.0.1:{etcd}']}}\n\
            bootstrap:\n  dcs:\n    ttl: 20\n    loop_wait: 2\n    retry_timeout: 5\n    primary_start_timeout: 0\n    master_start_timeout: 0\n\
            \x20   synchronous_mode: true\n    synchronous_mode_strict: true\n    postgresql: {{use_pg_rewind: true, use_slots: true}}\n\
            \x20 initdb: [{{encoding: UTF8}}, {{locale: C}}]\n\
            postgresql:\n  listen: '127.0.0.1:{server}'\n  connect_address: '127.0.0.1:{server}'\n  data_dir: {}\n  bin_dir: {}\n  pgpass: {}\n\
            \x20 pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256']\n\
            \x20 authentication:\n    superuser: {{username: postgres, password: {PASSWORD}}}\n\
            \x20   replication: {{username: replicator, password: {PASSWORD}}}\n    rewind: {{username: rewinder, password: {PASSWORD}}}\n\
            \x20 parameters: {{unix_socket_directories: '', max_connections: 100, wal_keep_size: 512MB, wal_log_hints: 'on'}}\n",
            data.display(),
            bin.display(),
            folder.join(format!("{name}.pgpass")).display(),
        )
    }
}

fn start_etcd(folder: &Path, client: u16, peer: u16) -> Result<Child> {
    let log = File::create(folder.join("etcd.log"))?;
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    let mut etcd = postgres::as_account(&process::find("etcd").context("no etcd")?);
    etcd.arg("--data-dir").arg(folder.join("etcd"));
    etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client, "--listen-peer-urls", &peer]);
    etcd.args(["--initial-advertise-peer-urls", &peer, "--initial-cluster", &format!("default={peer}")]);
    etcd.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("could not start etcd")
}

/// The programs that Debian's packages bring, where they are missing.
pub(super) fn missing() -> Vec<&'static str> {
    let programs = [("patroni", "patroni"), ("etcd", "etcd-server"), ("curl", "curl")];
    let absent = programs.into_iter().filter(|(program, _)| process::find(program).is_none()).map(|(_, package)| package);
    postgres::programs().is_none().then_some("postgresql").into_iter().chain(absent).collect()
}

impl Drop for Cluster {
    /// A keeper that is asked to stop ends its server too.
    fn drop(&mut self) {
        for patroni in self.nodes.iter_mut().filter_map(|node| node.patroni.as_mut()) {
            process::end(patroni, "TERM", Duration::from_secs(20));
        }
        process::end(&mut self.etcd, "TERM", Duration::from_secs(10));
    }
}
