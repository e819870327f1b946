//! Builds the programs for Windows and runs their tests under Wine, on a machine that is not Windows.

mod library;
pub(crate) mod wine;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use self::wine::Wine;
use crate::stopwatch::Stopwatch;
use crate::{packages, process};

/// What clinics run.
pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

/// The C compiler and linker for it.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// The crates whose tests run under Wine.
const TESTED: [&str; 5] = ["os", "manuals", "wire", "chassis", "clinic"];

/// A machine prepared to build and run for Windows.
pub(crate) struct Workshop {
    root: PathBuf,
    cache: PathBuf,
    sysroot: Option<PathBuf>,
    target: PathBuf,
}

/// Prepares, builds, and runs what must hold on Windows; with words, prepares and runs cargo with them instead.
pub(crate) fn run(root: &Path, words: &[String]) -> Result<()> {
    let workshop = Workshop::prepare(root)?;
    let wine = workshop.windows()?;
    if !words.is_empty() {
        return process::run(workshop.cargo(&wine).args(words));
    }
    println!("== clippy for Windows");
    workshop.lints(&wine)?;
    let binary = workshop.onshi(&wine)?;
    println!("== built {}", binary.display());
    println!("== tests under Wine: {}", TESTED.join(", "));
    println!("{}", workshop.tests(&wine)?);
    println!("== onshi up --once under Wine");
    println!("{}", up_once(&wine, &binary)?);
    Ok(())
}

/// The whole journey, begun and ended on Windows, in the folder where clinics look.
pub(crate) fn up_once(wine: &Wine, binary: &Path) -> Result<String> {
    process::output(wine.command(binary).args(["up", "--once", "--port", "0", "--data", r"C:\OQS\試験"]))
}

impl Workshop {
    /// Sees to the packages and to the standard library. Quick when everything is there already.
    pub(crate) fn prepare(root: &Path) -> Result<Self> {
        packages::install(missing, "building for Windows")?;
        let cache = process::cache("onshi-windows")?;
        fs::create_dir_all(&cache).with_context(|| format!("{} cannot be made", cache.display()))?;
        let lock = File::options().create(true).truncate(false).write(true).open(cache.join("lock"))?;
        // Another run prepares the same things; when it is done nothing is left to do.
        lock.lock()?;
        let sysroot = library::sysroot(&cache, root)?;
        drop(Wine::fresh(&cache)?);
        Ok(Self { root: root.to_owned(), cache, sysroot, target: root.join("target/windows") })
    }

    /// A Windows for one run.
    pub(crate) fn windows(&self) -> Result<Wine> {
        Wine::fresh(&self.cache)
    }

    /// Cargo, set up so that it builds for Windows and runs what it built in `wine`. Its target folder is one of its own, and nothing
    /// stands in the repository's configuration: other builds do not notice.
    pub(crate) fn cargo(&self, wine: &Wine) -> Command {
        let mut cargo = process::cargo();
        let name = |what: &str| format!("CARGO_TARGET_{}_{what}", TARGET.to_uppercase().replace('-', "_"));
        cargo.env("CARGO_BUILD_TARGET", TARGET).env("CARGO_TARGET_DIR", &self.target);
        cargo.env(name("LINKER"), COMPILER).env(name("RUNNER"), wine.loader());
        if let Some(sysroot) = &self.sysroot {
            let words = format!("--sysroot\u{1f}{}", sysroot.display());
            cargo.env("CARGO_ENCODED_RUSTFLAGS", &words).env("CARGO_ENCODED_RUSTDOCFLAGS", words);
        }
        wine.surround(&mut cargo);
        cargo.current_dir(&self.root);
        cargo
    }

    /// The binary, built.
    pub(crate) fn onshi(&self, wine: &Wine) -> Result<PathBuf> {
        process::run(self.cargo(wine).args(["build", "--quiet", "-p", "onshi"]))?;
        Ok(self.target.join(TARGET).join("debug/onshi.exe"))
    }

    /// What only Windows compiles is linted only here.
    fn lints(&self, wine: &Wine) -> Result<()> {
        let mut cargo = self.cargo(wine);
        cargo.args(["clippy", "--quiet", "--all-targets", "-p", "onshi"]).args(Self::tested());
        process::run(cargo.args(["--", "-D", "warnings"]))
    }

    /// The tested crates, as cargo wants them named; the chassis with the databases that its stories use.
    fn tested() -> impl Iterator<Item = &'static str> {
        ["--features", "chassis/testing"].into_iter().chain(TESTED.iter().flat_map(|name| ["-p", name]))
    }

    /// Runs the tests and gives their number; tests that fail are shown.
    pub(crate) fn tests(&self, wine: &Wine) -> Result<String> {
        let watch = Stopwatch::start();
        let test = || {
            let mut cargo = self.cargo(wine);
            cargo.args(["test", "--no-fail-fast", "--bins", "--lib", "--tests"]).args(Self::tested()).env("RUST_BACKTRACE", "0");
            cargo
        };
        process::run(test().args(["--no-run", "--quiet"]))?;
        let said = process::capture(&mut test())?;
        let count = Count::of(&said.out);
        if said.status.success() && count.failed == 0 && count.passed > 0 {
            return Ok(format!("{} tests passed, {} left out ({watch})", count.passed, count.ignored));
        }
        let failures: Vec<&str> = said.out.lines().filter(|line| !line.ends_with(" ... ok")).collect();
        bail!("{} tests passed and {} failed under Wine:\n{}\n{}", count.passed, count.failed, failures.join("\n"), said.err)
    }
}

/// What cargo's test runners reported, added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Count {
    /// Out of lines such as `test result: ok. 12 passed; 0 failed; 1 ignored; …`.
    fn of(said: &str) -> Self {
        let mut count = Self::default();
        for line in said.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            let words: Vec<&str> = line.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            for pair in words.windows(2) {
                let [number, what] = pair else { continue };
                let number: usize = number.parse().unwrap_or_default();
                match *what {
                    "passed" => count.passed += number,
                    "failed" => count.failed += number,
                    "ignored" => count.ignored += number,
                    _ => {}
                }
            }
        }
        count
    }
}

/// The Debian packages whose programs are not there.
fn missing() -> Vec<&'static str> {
    let there = [
        ("gcc-mingw-w64-x86-64-posix", process::find(COMPILER).is_some()),
        ("wine64", wine::program().is_some()),
        ("locales", Path::new("/usr/share/i18n/locales/ja_JP").exists() && process::find("localedef").is_some()),
    ];
    there.into_iter().filter(|(_, there)| !there).map(|(package, _)| package).collect()
}

/// What lies in a folder under a name that begins so.
fn kept(folder: &Path, prefix: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reports_of_several_runners_are_added_up() {
        let said = "running 3 tests\ntest result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.03s\n\n\
                    test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n";
        assert_eq!(Count::of(said), Count { passed: 17, failed: 2, ignored: 1 });
        assert_eq!(Count::of("error: could not compile"), Count::default());
    }

    #[test]
    fn what_is_kept_is_found_by_how_its_name_begins() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["library-1.95.0-b", "library-1.95.0-a", "library-1.96.0-a", "prefix"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        let found = kept(folder.path(), "library-1.95.0-").expect("read");
        assert_eq!(found, [folder.path().join("library-1.95.0-a"), folder.path().join("library-1.95.0-b")]);
        assert!(kept(&folder.path().join("nowhere"), "x").is_err());
    }
}
