//! Makes Python environments with the programs of others that tests and measurements speak with.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process;

/// An ACME client that knows renewal information (RFC 9773); Debian's is older.
const CERTBOT: &[&str] = &["certbot==5.8.0"];

/// A linter of certificates and revocation lists.
const PKILINT: &[&str] = &["pkilint==0.13.3"];

/// Where the tests find the programs that they speak with: names of variables and their values.
pub(crate) fn for_tests() -> Result<Vec<(&'static str, String)>> {
    let certbot = programs("onshi-test", "certbot", CERTBOT)?.join("certbot");
    let pkilint = programs("onshi-test", "pkilint", PKILINT)?.join("python");
    Ok(vec![("ONSHI_TEST_CERTBOT", certbot.display().to_string()), ("ONSHI_TEST_PKILINT", pkilint.display().to_string())])
}

/// The `bin` folder of an environment with these packages and no others, made once for all copies of the repository.
pub(crate) fn programs(cache: &str, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = process::cache(cache)?.join(name);
    let (bin, whole) = (folder.join("bin"), folder.join("whole"));
    let wanted = packages.join("\n");
    if !std::fs::read_to_string(&whole).is_ok_and(|made| made == wanted) {
        println!("installing {}", packages.join(" "));
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        process::run(Command::new(bin.join("python")).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        std::fs::write(whole, wanted)?;
    }
    Ok(bin)
}
