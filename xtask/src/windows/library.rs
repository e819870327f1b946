//! Builds Rust's standard library for Windows out of Debian's source package, for compilers that rustup cannot bring one to.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{TARGET, kept};
use crate::process;

/// Debian's package with the library's source; one version for each version of the compiler.
const PACKAGE: &str = "rust-src";

/// Where Debian offers compilers newer than this machine's own release, the likeliest first.
const SUITES: [&str; 4] = ["stable", "stable-backports", "testing", "unstable"];

/// Those who sign Debian's packages.
const SIGNERS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The compiler that the library must belong to.
struct Compiler {
    release: String,
    host: String,
    sysroot: PathBuf,
}

/// The folder to give to the compiler as `--sysroot`; `None` when it has the library itself. Built at the first call, then kept.
pub(super) fn sysroot(cache: &Path, root: &Path) -> Result<Option<PathBuf>> {
    let compiler = Compiler::ask(root)?;
    if libraries(&compiler.sysroot).is_dir() {
        return Ok(None);
    }
    // The folder's name is drawn anew at each build, so that cargo never mixes what two libraries compiled.
    let prefix = format!("library-{}-", compiler.release);
    if let Some(there) = kept(cache, &prefix)?.into_iter().find(|folder| libraries(folder).is_dir()) {
        return Ok(Some(there));
    }
    let package = source(cache, &compiler.release)?;
    println!("building the standard library of Rust {} for Windows, a minute or less", compiler.release);
    let work = tempfile::Builder::new().prefix("onshi-library-").tempdir()?;
    let built = build(work.path(), &package, &compiler)?;
    let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(cache)?;
    let aside = folder.path().join("aside");
    fs::create_dir_all(&aside)?;
    for library in built {
        fs::copy(&library, aside.join(library.file_name().context("a library has a name")?))?;
    }
    let place = libraries(folder.path());
    fs::create_dir_all(place.parent().context("the place has a folder around it")?)?;
    fs::rename(aside, place)?;
    Ok(Some(folder.keep()))
}

fn libraries(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

impl Compiler {
    /// The one that cargo uses at the root.
    fn ask(root: &Path) -> Result<Self> {
        let about = process::output(Command::new("rustc").arg("-vV").current_dir(root))?;
        let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(root))?;
        Ok(Self { release: field(&about, "release")?, host: field(&about, "host")?, sysroot: sysroot.trim_end().into() })
    }
}

fn field(about: &str, name: &str) -> Result<String> {
    let line = about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.map(str::to_owned).with_context(|| format!("`rustc -vV` does not name its {name}"))
}

/// The source package for exactly this compiler, fetched once: mirrors drop old versions.
fn source(cache: &Path, release: &str) -> Result<PathBuf> {
    let prefix = format!("{PACKAGE}_{release}");
    let packages = || anyhow::Ok(kept(cache, &prefix)?.into_iter().find(|path| path.extension().is_some_and(|end| end == "deb")));
    if let Some(package) = packages()? {
        return Ok(package);
    }
    println!("fetching the source of Rust {release}'s standard library from Debian");
    let work = tempfile::Builder::new().prefix("onshi-apt-").tempdir()?;
    let apt = Apt::beside(work.path())?;
    let listed = process::output(apt.command("apt-cache").args(["madison", PACKAGE]))?;
    let Some(version) = version_for(&listed, release) else {
        bail!(
            "Debian has no {PACKAGE} {release} (any more): use rustup's own (`rustup target add {TARGET}`), put {prefix}…deb into {}, \
             or use one of the compilers that it has:\n{listed}",
            cache.display()
        );
    };
    process::output(apt.command("apt-get").args(["download", "--quiet", &format!("{PACKAGE}={version}")]))?;
    let fetched = kept(work.path(), &prefix)?;
    let fetched = fetched.first().context("apt-get downloaded nothing")?;
    // Copied aside and renamed: an interrupted copy must not pass for the package next time.
    let name = fetched.file_name().context("a package has a name")?;
    let aside = cache.join("fetched");
    fs::copy(fetched, &aside)?;
    fs::rename(&aside, cache.join(name))?;
    packages()?.context("the source package is gone")
}

/// The version that belongs to the release, out of lines such as ` rust-src | 1.95.0+dfsg1-2 | mirror suite/main`.
fn version_for<'a>(listed: &'a str, release: &str) -> Option<&'a str> {
    let mut versions = listed.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    versions.find(|version| version.strip_prefix(release).is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', '-', '~'])))
}

/// A view of Debian's archive apart from the machine's own: nothing of the machine's package lists changes.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    /// Reads what the suites offer, from the mirror that this machine already uses.
    fn beside(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("lists/partial"))?;
        fs::create_dir_all(folder.join("cache/archives/partial"))?;
        let mirror = mirror().context("apt on this machine knows no mirror of Debian for its own release")?;
        let mut sources = fs::File::create(folder.join("sources.list"))?;
        for suite in SUITES {
            writeln!(sources, "deb [signed-by={SIGNERS}] {mirror} {suite} main")?;
        }
        let apt = Self { folder: folder.to_owned() };
        // Some mirrors lack some suites; what counts is whether the package is found.
        let said = process::capture(apt.command("apt-get").args(["update", "--quiet"]))?;
        if !said.status.success() {
            println!("apt-get could not read every suite; going on with those that it could");
        }
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut apt = Command::new(program);
        let place = |option: &str, path: &str| format!("{option}={}", self.folder.join(path).display());
        apt.arg("-o").arg(place("Dir::Etc::sourcelist", "sources.list"));
        apt.arg("-o").arg(place("Dir::State::lists", "lists"));
        apt.arg("-o").arg(place("Dir::Cache", "cache"));
        for option in ["Dir::Etc::sourceparts=-", "APT::Sandbox::User=root", "Acquire::Languages=none"] {
            apt.args(["-o", option]);
        }
        apt.current_dir(&self.folder);
        apt
    }
}

/// The address from which this machine gets its own release.
fn mirror() -> Option<String> {
    let system = fs::read_to_string("/etc/os-release").ok()?;
    let release = system.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="))?.trim_matches('"').to_owned();
    let targets = process::output(Command::new("apt-get").args(["indextargets", "--format", "$(REPO_URI) $(RELEASE)"])).ok()?;
    targets.lines().find_map(|line| line.strip_suffix(&release)?.strip_suffix(' ').map(str::to_owned))
}

/// Compiles the library and gives its parts.
fn build(work: &Path, package: &Path, compiler: &Compiler) -> Result<Vec<PathBuf>> {
    process::output(Command::new("dpkg-deb").arg("--extract").arg(package).arg(work.join("source")))?;
    let sources = kept(&work.join("source/usr/src"), "rustc-")?;
    let source = sources.first().context("the source package holds no rustc source")?.join("library");
    let rustc = with_source(work, &source, compiler)?;
    let carrier = work.join("carrier");
    fs::create_dir_all(carrier.join("src"))?;
    fs::write(carrier.join("Cargo.toml"), "[package]\nname = \"carrier\"\nedition = \"2024\"\n[workspace]\n")?;
    fs::write(carrier.join("src/lib.rs"), "")?;
    let mut cargo = process::cargo();
    cargo.args(["build", "--quiet", "--release", "--target", TARGET]);
    cargo.args(["-Zbuild-std=std,panic_unwind,panic_abort,proc_macro,test"]);
    // The compiler's own build of the library carries bitcode too: without it, builds with link-time optimisation fail.
    cargo.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1").env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes");
    cargo.env("CARGO_TARGET_DIR", work.join("target")).current_dir(&carrier);
    process::output(&mut cargo)?;
    let made = kept(&work.join("target").join(TARGET).join("release/deps"), "lib")?;
    Ok(made.into_iter().filter(|path| is_part(path)).collect())
}

fn is_part(path: &Path) -> bool {
    let carrier = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("libcarrier"));
    path.extension().is_some_and(|end| end == "rlib") && !carrier
}

/// The installed compiler, seen through a folder in which it finds the library's source; the installation itself is not touched.
fn with_source(work: &Path, source: &Path, compiler: &Compiler) -> Result<PathBuf> {
    let rustlib = work.join("toolchain/lib/rustlib");
    fs::create_dir_all(rustlib.join("src/rust"))?;
    for (there, here) in [
        (source, rustlib.join("src/rust/library")),
        (&compiler.sysroot.join("lib/rustlib").join(&compiler.host), rustlib.join(&compiler.host)),
    ] {
        process::output(Command::new("ln").arg("-s").arg(there).arg(here))?;
    }
    let wrapper = work.join("toolchain/rustc");
    let (real, seen) = (compiler.sysroot.join("bin/rustc"), work.join("toolchain"));
    fs::write(&wrapper, format!("#!/bin/sh\nexec '{}' --sysroot '{}' \"$@\"\n", real.display(), seen.display()))?;
    process::output(Command::new("chmod").arg("+x").arg(&wrapper))?;
    Ok(wrapper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_that_of_the_compiler_and_of_no_other() {
        let listed = "  rust-src | 1.97.1+dfsg1-1 | mirror sid/main amd64 Packages\n  rust-src | 1.95.0+dfsg1-2~bpo13+1 | mirror b/main amd64 Packages\n";
        assert_eq!(version_for(listed, "1.95.0"), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(version_for(listed, "1.97.1"), Some("1.97.1+dfsg1-1"));
        assert_eq!(version_for(listed, "1.9"), None);
        assert_eq!(version_for(listed, "1.95"), None);
        assert_eq!(version_for("", "1.95.0"), None);
    }

    #[test]
    fn the_compilers_own_words_are_understood() {
        let about = "rustc 1.95.0 (0123 2026-04-14)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(field(about, "release").expect("named"), "1.95.0");
        assert_eq!(field(about, "host").expect("named"), "x86_64-unknown-linux-gnu");
        assert!(field(about, "LLVM version").is_err());
    }
}
