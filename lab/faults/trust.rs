//! Trust: roots, the terminal's certificate and its key, the clock by which both are judged, and boxes that open TLS.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::ward::{FAULT, Fault, Ward, diagnosis, family, usual};

/// A certificate that the network's authority has never seen, and its key, in place of the right ones.
fn of_nobody(ward: &Ward<'_>) -> Result<()> {
    let keys = ward.terminal.folder()?.join("keys");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "300", "-subj", "/CN=JPKI"]);
    openssl.arg("-keyout").arg(keys.join("clinic.key")).arg("-out").arg(keys.join("clinic.crt"));
    let made = openssl.output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}

pub(crate) fn keeps_both(ward: &Ward<'_>) -> Result<()> {
    // Their names differ by their endings only: each is kept under its own.
    for name in ["clinic.crt", "clinic.key"] {
        let file = ward.terminal.folder()?.join("keys").join(name);
        std::fs::copy(&file, file.with_file_name(format!("kept-{name}")))?;
    }
    Ok(())
}

pub(crate) fn puts_both_back(ward: &Ward<'_>) -> Result<()> {
    for name in ["clinic.crt", "clinic.key"] {
        let file = ward.terminal.folder()?.join("keys").join(name);
        std::fs::rename(file.with_file_name(format!("kept-{name}")), &file)?;
    }
    Ok(())
}

fn removes(ward: &Ward<'_>, names: &[&str]) -> Result<()> {
    keeps_both(ward)?;
    for name in names {
        std::fs::remove_file(ward.terminal.folder()?.join("keys").join(name))?;
    }
    Ok(())
}

/// The serial number of the newest certificate of this facility.
fn serial(ward: &Ward<'_>) -> Result<String> {
    let file = ward.terminal.folder()?.join("keys/clinic.crt");
    let said = Command::new("openssl").args(["x509", "-noout", "-serial", "-in"]).arg(&file).output()?;
    let said = String::from_utf8(said.stdout)?;
    Ok(said.trim().rsplit_once('=').context("no serial number")?.1.to_ascii_lowercase())
}

/// The doctor, with a clock that is wrong by so much.
pub(crate) fn with_clock(ward: &Ward<'_>, wrong: &str) -> Result<serde_json::Value> {
    diagnosis(ward.doctor("faketime", &["-f", wrong])?)
}

/// A server that shows every host a certificate of its own.
pub(crate) const OPENER: &str = "
import socket, ssl, subprocess, sys
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '300', '-subj', '/CN=UTM Inspection CA',
  '-keyout', 'utm.key', '-out', 'utm.crt'], check=True, stderr=subprocess.DEVNULL)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('utm.crt', 'utm.key')
server = socket.create_server(('::', 8443), family=socket.AF_INET6)
print('opens', flush=True)
import threading
def serve(one):
    try:
        with context.wrap_socket(one, server_side=True) as opened:
            opened.recv(4096)
            opened.sendall(b'HTTP/1.1 403 Forbidden\\r\\nContent-Length: 0\\r\\n\\r\\n')
    except OSError:
        pass
while True:
    one, _ = server.accept()
    threading.Thread(target=serve, args=(one,), daemon=True).start()
";

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "the network's root is not installed",
        cause: "root-missing",
        comes: |ward| {
            ward.keeps("keys/roots.pem")?;
            // The carriers' roots only, as after half an installation.
            let mut text = String::new();
            for root in ward.roots.iter().skip(1) {
                text.push_str(&std::fs::read_to_string(root)?);
            }
            Ok(std::fs::write(ward.terminal.folder()?.join("keys/roots.pem"), text)?)
        },
        goes: |ward| ward.puts_back("keys/roots.pem"),
        ..FAULT
    },
    Fault {
        name: "the file of roots is gone",
        cause: "root-missing",
        comes: |ward| {
            ward.keeps("keys/roots.pem")?;
            Ok(std::fs::remove_file(ward.terminal.folder()?.join("keys/roots.pem"))?)
        },
        goes: |ward| ward.puts_back("keys/roots.pem"),
        ..FAULT
    },
    Fault {
        name: "there is no certificate",
        cause: "certificate-missing",
        comes: |ward| removes(ward, &["clinic.crt", "clinic.key"]),
        goes: puts_both_back,
        ..FAULT
    },
    Fault {
        name: "the certificate's key is gone",
        cause: "certificate-key-missing",
        comes: |ward| removes(ward, &["clinic.key"]),
        goes: puts_both_back,
        ..FAULT
    },
    Fault {
        name: "a certificate of another purpose is used",
        cause: "certificate-of-other-issuer",
        comes: |ward| {
            keeps_both(ward)?;
            of_nobody(ward)
        },
        goes: puts_both_back,
        ..FAULT
    },
    Fault {
        name: "the certificate is that of the clinic next door",
        cause: "certificate-of-other-facility",
        comes: |ward| ward.edits("clinic.toml", ward.facility, "1312345679"),
        goes: |ward| ward.edits("clinic.toml", "1312345679", ward.facility),
        ..FAULT
    },
    Fault {
        name: "the center has stopped the terminal",
        cause: "terminal-blocked",
        comes: |ward| ward.center.operate(&["registry", "block", &serial(ward)?]).map(drop),
        goes: |ward| ward.center.operate(&["registry", "unblock", &serial(ward)?]).map(drop),
        ..FAULT
    },
    Fault { name: "the clock is three days ahead", cause: "clock-wrong", asked: |ward| with_clock(ward, "+3d"), ..FAULT },
    Fault { name: "the clock is seven minutes behind", cause: "clock-wrong", asked: |ward| with_clock(ward, "-7m"), ..FAULT },
    Fault { name: "the battery is empty: it is two years ago", cause: "clock-wrong", asked: |ward| with_clock(ward, "-2y"), ..FAULT },
    Fault { name: "the year was set by hand, ten too many", cause: "clock-wrong", asked: |ward| with_clock(ward, "+10y"), ..FAULT },
    Fault {
        name: "a box in the path opens TLS",
        cause: "tls-opened",
        comes: |ward| {
            let opener = ward.clinic.runs_on_the_router("python3", &["-u", "-c", OPENER])?;
            lab::patience::until("the box", std::time::Duration::from_secs(20), || Ok(opener.log().contains("opens").then_some(())))?;
            ward.runs(opener);
            ward.clinic.router().filters(&["arrival iifname lan tcp dport 443 redirect to :8443"])
        },
        goes: |ward| {
            ward.clinic.router().passes_all()?;
            ward.stops_what_it_runs()
        },
        ..FAULT
    },
    Fault {
        name: "the certificate was revoked",
        cause: "certificate-revoked",
        comes: |ward| ward.center.operate(&["authority", "revoke", &serial(ward)?]).map(drop),
        goes: |ward| ward.is_enrolled_again(),
        ..FAULT
    },
];

/// Rows: LA-03, CA-24, CA-31, AC-08, TM-01
#[test]
fn is_diagnosed() -> Result<()> {
    family("trust", &usual(), FAULTS)
}
