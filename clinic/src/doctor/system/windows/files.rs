//! The files of the distribution and linkage applications: whether they are there, and what they set as far as that is no secret.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use manuals::{bridge, distribution};

use crate::doctor::recording::FileFact;
use crate::doctor::system::text::decode;

/// Where the linkage application keeps its settings.
const LINKAGE: &str = r"C:\ProgramData\OQS\OQSComApp\config";
/// Its files of settings.
const SETTINGS: [&str; 4] = ["encrypt.conf", "encrypt_face.conf", "UserDefinition.property", "UserDefinitionForFace.property"];
/// What may stand in a file of settings and is nobody's business: numbers of facility and terminal, passwords.
const PRIVATE: [&str; 5] = ["institution", "terminal", "pass", "user", "key"];
const LONGEST: u64 = 64 * 1024;
const MOST_VALUES: usize = 200;

/// The files of this machine. Where an application is not installed its files are not missed.
#[must_use]
pub fn here() -> Vec<FileFact> {
    let installed = |tasks: &str| Path::new(tasks).parent().is_some_and(Path::is_dir);
    let (settings, linkage) = (distribution::sheet().settings_file, bridge::sheet().folder.tasks);
    let distribution = (base(settings), settings.to_owned(), installed(distribution::sheet().tasks_folder));
    let linkage = SETTINGS.iter().map(|name| (*name, format!(r"{LINKAGE}\{name}"), installed(linkage)));
    let all = std::iter::once(distribution).chain(linkage);
    let facts = all.map(|(name, path, installed)| (fact(name, &path, Path::new(&path)), installed));
    facts.filter(|(fact, installed)| *installed || fact.present == Some(true)).map(|(fact, _)| fact).collect()
}

/// The files that were saved beside the texts: one that is missing there says nothing.
#[must_use]
pub fn saved(folder: &Path) -> Vec<FileFact> {
    let settings = distribution::sheet().settings_file;
    let linkage = SETTINGS.iter().map(|name| (*name, format!(r"{LINKAGE}\{name}")));
    let all = std::iter::once((base(settings), settings.to_owned())).chain(linkage);
    all.map(|(name, path)| fact(name, &path, &folder.join(name))).filter(|fact| fact.present == Some(true)).collect()
}

/// Names and versions of the programs whose version stands in a file.
#[must_use]
pub fn versions() -> Vec<(String, String)> {
    let linkage = (bridge::sheet().name, bridge::sheet().folder.version_file);
    let products = distribution::products().iter().filter(|product| product.key != "linkage");
    let others = products.filter_map(|product| {
        let name = if product.key == "distribution" { distribution::sheet().name } else { product.name };
        Some((name, product.version_file?))
    });
    std::iter::once(linkage)
        .chain(others)
        .filter_map(|(name, path)| Some((name.to_owned(), version(&read(Path::new(path)).ok()?)?)))
        .collect()
}

fn base(path: &str) -> &str {
    path.rsplit('\\').next().unwrap_or(path)
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(decode(&bytes))
}

fn fact(name: &str, path: &str, at: &Path) -> FileFact {
    let fact = FileFact { name: name.to_owned(), path: path.to_owned(), ..FileFact::default() };
    match read(at) {
        Ok(text) => FileFact { present: Some(true), values: values(&text), ..fact },
        Err(error) if error.kind() == ErrorKind::NotFound => FileFact { present: Some(false), ..fact },
        Err(_) => fact,
    }
}

/// `KEY=value` of a file of settings, without what is private.
#[must_use]
pub fn values(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
    let public = pairs.filter(|(key, _)| {
        let key = key.to_ascii_lowercase();
        !key.starts_with(['#', ';', '[']) && !PRIVATE.iter().any(|word| key.contains(word))
    });
    public.take(MOST_VALUES).map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

/// The first number with a dot in it.
fn version(text: &str) -> Option<String> {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.').map(|number| number.trim_matches('.'));
    numbers.into_iter().find(|number| number.contains('.')).map(str::to_owned)
}
