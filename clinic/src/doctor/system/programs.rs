//! Which texts tell of a machine, and how they are got: programs of the system, files, or a folder of saved texts.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::text;

/// How long one program of the system may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// How a text is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By running a program.
    Run(&'static [&'static str]),
    /// By reading a file that may be missing.
    File(&'static str),
    /// From the variables that matter here.
    Environment,
    /// From the kernel's switches, a line for each adapter: its name, `disable_ipv6`, `accept_ra`.
    Ipv6Switches,
}

/// One text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its file in a folder of saved texts.
    pub file: &'static str,
    /// How it is got.
    pub how: How,
    /// The network is asked only after this one is read: it tells of addresses and name servers.
    pub near: bool,
}

const fn source(file: &'static str, how: How) -> Source {
    Source { file, how, near: false }
}

const fn near(file: &'static str, how: How) -> Source {
    Source { file, how, near: true }
}

/// The texts of Linux.
pub const LINUX: [Source; 8] = [
    near("ip-address.json", How::Run(&["ip", "-j", "address"])),
    near("ip-route6.json", How::Run(&["ip", "-j", "-6", "route"])),
    near("ip-route4.json", How::Run(&["ip", "-j", "-4", "route"])),
    near("resolv.conf", How::File("/etc/resolv.conf")),
    near("resolved.conf", How::File("/run/systemd/resolve/resolv.conf")),
    source("environment.txt", How::Environment),
    source("os-release.txt", How::File("/etc/os-release")),
    source("ipv6-disabled.txt", How::Ipv6Switches),
];

/// The texts of Windows.
pub const WINDOWS: [Source; 20] = [
    near("ipconfig.txt", How::Run(&["ipconfig", "/all"])),
    source("netsh-winhttp.txt", How::Run(&["netsh", "winhttp", "show", "proxy"])),
    source("netsh-ipv6-interface.txt", How::Run(&["netsh", "interface", "ipv6", "show", "interface"])),
    source("netsh-ipv6-address.txt", How::Run(&["netsh", "interface", "ipv6", "show", "addresses"])),
    source("netsh-ipv6-route.txt", How::Run(&["netsh", "interface", "ipv6", "show", "route"])),
    source("reg-internet-settings.txt", How::Run(&["reg", "query", r"HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings"])),
    source("certutil-my.txt", How::Run(&["certutil", "-user", "-store", "My"])),
    source("certutil-machine.txt", How::Run(&["certutil", "-store", "My"])),
    source("certutil-root.txt", How::Run(&["certutil", "-user", "-store", "Root"])),
    source("schtasks.xml", How::Run(&["schtasks", "/query", "/xml"])),
    source("schtasks.txt", How::Run(&["schtasks", "/query", "/fo", "LIST", "/v"])),
    source("cmdkey.txt", How::Run(&["cmdkey", "/list"])),
    source("net-share.txt", How::Run(&["net", "share"])),
    source("powercfg.txt", How::Run(&["powercfg", "/query", "SCHEME_CURRENT", "SUB_SLEEP", "STANDBYIDLE"])),
    source(
        "reg-power.txt",
        How::Run(&["reg", "query", r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Power", "/v", "HiberbootEnabled"]),
    ),
    source("reg-display.txt", How::Run(&["reg", "query", r"HKCU\Control Panel\Desktop\WindowMetrics", "/v", "AppliedDPI"])),
    source("w32tm.txt", How::Run(&["w32tm", "/query", "/status"])),
    source("tzutil.txt", How::Run(&["tzutil", "/g"])),
    source("ver.txt", How::Run(&["cmd", "/c", "ver"])),
    source("whoami.txt", How::Run(&["whoami", "/user", "/groups", "/fo", "list"])),
];

/// The variables of the environment that are read; none of them holds a secret but a proxy's login, which is taken out.
const VARIABLES: [&str; 8] = ["LANG", "TZ", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

impl Source {
    /// What a person would type.
    #[must_use]
    pub fn of(&self) -> String {
        match self.how {
            How::Run(words) => words.join(" "),
            How::File(path) => path.to_owned(),
            How::Environment => "environment".to_owned(),
            How::Ipv6Switches => "/proc/sys/net/ipv6/conf/*/{disable_ipv6,accept_ra}".to_owned(),
        }
    }

    /// Gets the text of this machine.
    ///
    /// # Errors
    /// Why there is none, in a few words.
    pub async fn get(&self) -> Result<String, String> {
        match self.how {
            How::Run(words) => run(words).await,
            How::File(path) => match std::fs::read(path) {
                Ok(bytes) => Ok(text::decode(&bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
                Err(error) => Err(error.to_string()),
            },
            How::Environment => {
                let line = |name: &str| std::env::var(name).ok().map(|value| format!("{name}={value}\n"));
                Ok(VARIABLES.into_iter().filter_map(line).collect())
            }
            How::Ipv6Switches => Ok(switches()),
        }
    }
}

fn switches() -> String {
    let Ok(adapters) = std::fs::read_dir("/proc/sys/net/ipv6/conf") else { return String::new() };
    let line = |entry: std::fs::DirEntry| {
        let value = |name: &str| std::fs::read_to_string(entry.path().join(name)).ok();
        let (off, accepts) = (value("disable_ipv6")?, value("accept_ra")?);
        Some(format!("{} {} {}\n", entry.file_name().to_string_lossy(), off.trim(), accepts.trim()))
    };
    adapters.filter_map(Result::ok).filter_map(line).collect()
}

/// Runs a program to its end, or ends it when it takes too long.
async fn run(words: &[&str]) -> Result<String, String> {
    let Some((program, words)) = words.split_first() else { return Err("nothing to run".to_owned()) };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(windows)]
    {
        /// No window opens for it.
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
    }
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let output = child.stdout.take();
    let running = Running(Arc::new(Mutex::new(child)));
    let (tell, told) = oneshot::channel();
    let reading = running.clone();
    let thread = std::thread::Builder::new().name("program".to_owned()).stack_size(256 * 1024);
    let started = thread.spawn(move || {
        let mut bytes = Vec::new();
        let longest = u64::try_from(text::LONGEST).unwrap_or(u64::MAX);
        // What was read before a failure is better than nothing.
        let _cut = output.map(|output| output.take(longest).read_to_end(&mut bytes));
        reading.end();
        let _nobody = tell.send(bytes);
    });
    started.map_err(|error| error.to_string())?;
    // Dropped at the deadline of the whole look, it ends the program too.
    let held = Ended(running);
    let done = tokio::time::timeout(PATIENCE, told).await;
    drop(held);
    match done {
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        Ok(Err(_)) => Err("ended without a word".to_owned()),
        Ok(Ok(bytes)) => Ok(text::decode(&bytes)),
    }
}

#[derive(Clone)]
struct Running(Arc<Mutex<Child>>);

impl Running {
    /// Ends the program if it still runs, and takes note of its end.
    fn end(&self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // It has ended by itself, or it ends now.
        let _ended = child.kill();
        let _reaped = child.wait();
    }
}

struct Ended(Running);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_is_run_to_its_end_and_a_missing_one_is_named() {
        assert_eq!(run(&["echo", "あ"]).await, Ok("あ\n".to_owned()));
        assert!(run(&["there-is-no-such-program"]).await.is_err());
        assert_eq!(run(&["sh", "-c", "printf cut; exit 3"]).await, Ok("cut".to_owned()), "what it said before it failed");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_that_hangs_is_ended_with_the_look() {
        let hanging = run(&["sleep", "1000"]);
        assert!(tokio::time::timeout(Duration::from_millis(50), hanging).await.is_err());
    }

    #[test]
    fn every_text_stands_in_the_document_with_its_program() {
        let document = include_str!("../../../../docs/doctor-looks.md");
        for source in LINUX.iter().chain(&WINDOWS) {
            assert!(document.contains(&format!("| `{}` | `{}` |", source.file, source.of())), "{}", source.file);
        }
    }

    #[test]
    fn every_text_has_a_file_of_its_own() {
        let all = LINUX.iter().chain(&WINDOWS);
        let files: std::collections::BTreeSet<&str> = all.clone().map(|source| source.file).collect();
        assert_eq!(files.len(), all.clone().count());
        assert!(all.clone().all(|source| !source.of().is_empty()));
    }
}
