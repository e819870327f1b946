//! A PostgreSQL that is reached under TLS only, with a root of its own, as a center on several machines would use it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::postgres::Postgres;
use crate::process;

/// The server, and the root by which it is known.
pub(super) struct Encrypted {
    server: Postgres,
    root: PathBuf,
}

impl Encrypted {
    /// Makes the keys in `folder` and starts the server; it keeps what it says on the disk.
    pub(super) fn start(folder: &Path) -> Result<Self> {
        let root = folder.join("database-root.pem");
        let copy = root.clone();
        let server = Postgres::start_with(|place| {
            make_keys(place)?;
            std::fs::copy(place.join("root.pem"), copy)?;
            // Whoever does not speak TLS is turned away.
            std::fs::write(place.join("hba.conf"), "hostssl all all 127.0.0.1/32 trust\n")?;
            let at = |name: &str| place.join(name).display().to_string();
            Ok(vec![
                "ssl=on".to_owned(),
                format!("ssl_cert_file={}", at("server.pem")),
                format!("ssl_key_file={}", at("server.key")),
                format!("hba_file={}", at("hba.conf")),
            ])
        })?;
        Ok(Self { server, root })
    }

    /// The address of its database, to be trusted by name and root.
    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@localhost:{}/postgres?sslmode=verify-full&sslrootcert={}", self.server.port(), self.root.display())
    }

    /// The same without TLS.
    pub(super) fn plain_url(&self) -> String {
        format!("postgres://postgres@localhost:{}/postgres?sslmode=disable", self.server.port())
    }
}

fn make_keys(place: &Path) -> Result<()> {
    let openssl = |words: &[&str]| process::output(Command::new("openssl").args(words).current_dir(place));
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl(
        &[&["req", "-x509", "-days", "2", "-subj", "/CN=database root", "-keyout", "root.key", "-out", "root.pem"][..], &curve].concat(),
    )?;
    openssl(&[&["req", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"][..], &curve].concat())?;
    std::fs::write(place.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")?;
    openssl(&[
        "x509",
        "-req",
        "-days",
        "2",
        "-in",
        "server.csr",
        "-CA",
        "root.pem",
        "-CAkey",
        "root.key",
        "-CAcreateserial",
        "-extfile",
        "names",
        "-out",
        "server.pem",
    ])?;
    process::output(Command::new("chmod").arg("600").arg(place.join("server.key")))?;
    Ok(())
}
