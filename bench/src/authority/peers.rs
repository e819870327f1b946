//! The others: pebble (from the order to the download), and openssl as people script it.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, ensure};
use chassis::clock::instant;
use instant_acme::{Account, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, RetryPolicy};
use tokio::task::JoinSet;

use super::{LANES, Run};
use crate::peer::{Server, free_port, median, program};
use crate::process::cpu_seconds;

/// Runs openssl in `folder`.
fn openssl(folder: &Path, words: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program("openssl", "openssl")?).args(words).current_dir(folder).output()?;
    ensure!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A CA, and under it a host's certificate for this machine.
fn make_ca(folder: &Path) -> anyhow::Result<()> {
    let make = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
    openssl(folder, &[&make[..], &["-subj", "/CN=bench CA", "-keyout", "ca.key", "-out", "ca.pem"]].concat())?;
    std::fs::write(folder.join("host.ext"), "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")?;
    let make = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"];
    openssl(folder, &[&make[..], &["-keyout", "host.key", "-out", "host.csr"]].concat())?;
    let sign = ["x509", "-req", "-in", "host.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30"];
    openssl(folder, &[&sign[..], &["-extfile", "host.ext", "-out", "host.pem"]].concat())
}

/// Certificates from pebble by ACME: every challenge counts as met at once, and no answer is delayed.
pub(super) async fn pebble(folder: &Path, count: usize) -> anyhow::Result<Run> {
    make_ca(folder)?;
    let (port, management) = (free_port()?, free_port()?);
    let config = serde_json::json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{port}"), "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": folder.join("host.pem"), "privateKey": folder.join("host.key"), "httpPort": 5002, "tlsPort": 5001,
    } });
    let path = folder.join("pebble.json");
    std::fs::write(&path, config.to_string())?;
    let mut command = Command::new(program("pebble", "pebble")?);
    command.arg("-config").arg(&path);
    command.envs([("PEBBLE_VA_ALWAYS_VALID", "1"), ("PEBBLE_VA_NOSLEEP", "1"), ("PEBBLE_WFE_NONCEREJECT", "0")]);
    let server = Server::others(command, "pebble", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    let contact = NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
    let builder = Account::builder_with_root(folder.join("ca.pem"))?;
    let (account, _) = builder.create(&contact, format!("https://localhost:{port}/dir"), None).await?;
    let account = Arc::new(account);
    order(&account, 0).await?;
    let (begun, before) = (instant(), cpu_seconds(server.pid())?);
    let mut lanes = JoinSet::new();
    for number in 1..=count {
        if lanes.len() == LANES
            && let Some(ended) = lanes.join_next().await
        {
            ended??;
        }
        let account = Arc::clone(&account);
        lanes.spawn(async move { order(&account, number).await });
    }
    while let Some(ended) = lanes.join_next().await {
        ended??;
    }
    let (seconds, used) = (begun.elapsed().as_secs_f64(), cpu_seconds(server.pid())? - before);
    let count = f64::from(u32::try_from(count)?);
    Ok(Run { rate: count / seconds, cpu: used * 1e6 / count })
}

/// One certificate, from the order to the download.
async fn order(account: &Account, number: usize) -> anyhow::Result<()> {
    let names = [Identifier::Dns(format!("t{number}.bench.example"))];
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status == AuthorizationStatus::Pending {
            authorization.challenge(ChallengeType::Http01).context("no challenge")?.set_ready().await?;
        }
    }
    let patience = RetryPolicy::default();
    order.poll_ready(&patience).await?;
    order.finalize().await?;
    order.poll_certificate(&patience).await?;
    Ok(())
}

/// Milliseconds for key, request, certificate and PKCS#12 file as a script makes them.
pub(super) fn openssl_pfx(folder: &Path) -> anyhow::Result<f64> {
    make_ca(folder)?;
    let spans = (0..7).map(|_| {
        let begun = instant();
        openssl(folder, &["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=bench", "-keyout", "t.key", "-out", "t.csr"])?;
        openssl(folder, &["x509", "-req", "-in", "t.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30", "-out", "t.pem"])?;
        let pack = ["pkcs12", "-export", "-inkey", "t.key", "-in", "t.pem", "-certfile", "ca.pem", "-passout", "pass:0417"];
        openssl(folder, &[&pack[..], &["-out", "t.pfx"]].concat())?;
        anyhow::Ok(begun.elapsed().as_secs_f64() * 1000.0)
    });
    Ok(median(spans.collect::<anyhow::Result<_>>()?))
}

/// Milliseconds for a list of `entries` by `openssl ca -gencrl`.
pub(super) fn openssl_list(folder: &Path, entries: u32) -> anyhow::Result<f64> {
    make_ca(folder)?;
    let mut index = String::new();
    for number in 0..entries {
        writeln!(index, "R\t300101000000Z\t260101000000Z\t{:032X}\tunknown\t/CN=t{number}", (1_u128 << 126) + u128::from(number))?;
    }
    std::fs::write(folder.join("index.txt"), index)?;
    std::fs::write(folder.join("ca.cnf"), "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=1\n")?;
    let make = ["ca", "-gencrl", "-config", "ca.cnf", "-keyfile", "ca.key", "-cert", "ca.pem", "-out", "ca.crl"];
    let spans = (0..3).map(|_| {
        let begun = instant();
        openssl(folder, &make)?;
        anyhow::Ok(begun.elapsed().as_secs_f64() * 1000.0)
    });
    Ok(median(spans.collect::<anyhow::Result<_>>()?))
}
