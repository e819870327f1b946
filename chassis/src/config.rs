//! Reads an operator's TOML file, lays the environment over it, and says which key is wrong and what was probably meant.

use std::path::Path;

use serde::de::DeserializeOwned;

/// Why a configuration could not be used; the text says where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be opened.
    #[error("設定ファイル {path} を読めません（{source}）。場所と読み取り権限を確かめてください。")]
    Unreadable {
        /// The file asked for.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file is in another character set.
    #[error("設定ファイル {path} の文字コードが UTF-8 ではありません。メモ帳などで文字コードに UTF-8 を選んで保存し直してください。")]
    NotUtf8 {
        /// The file asked for.
        path: String,
    },
    /// The text is not TOML, or a value has the wrong shape.
    #[error("設定 {origin}{line} に誤りがあります: {problem}")]
    Wrong {
        /// The file, or the environment variable.
        origin: String,
        /// " の N 行目", or empty.
        line: String,
        /// The parser's sentence.
        problem: String,
    },
    /// A key nobody reads.
    #[error("設定 {origin}{line} の「{key}」という名前はありません。{hint}")]
    UnknownKey {
        /// The file, or the environment variable.
        origin: String,
        /// " の N 行目", or empty.
        line: String,
        /// The key as written.
        key: String,
        /// The nearest right name, or the list of right names.
        hint: String,
    },
}

/// Reads `path` and the environment variables that begin with `prefix` (for example `ONSHI_CENTER__`).
///
/// # Errors
/// [`ConfigError`] names the file, the line and the nearest right name.
pub fn load<T: DeserializeOwned>(path: &Path, prefix: &str) -> Result<T, ConfigError> {
    let (origin, text) = (path.display().to_string(), text_of(path)?);
    parse(&text, &origin, prefix, std::env::vars())
}

/// A configuration file as text.
///
/// # Errors
/// [`ConfigError`] when it cannot be read or is not UTF-8.
pub fn text_of(path: &Path) -> Result<String, ConfigError> {
    let origin = path.display().to_string();
    std::fs::read_to_string(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::InvalidData => ConfigError::NotUtf8 { path: origin },
        _ => ConfigError::Unreadable { path: origin, source },
    })
}

/// [`load`] for a text already read and a given environment: `PREFIX_A__B=1` sets key `b` of table `a`.
///
/// # Errors
/// [`ConfigError`] names the file, the line and the nearest right name.
pub fn parse<T: DeserializeOwned>(
    text: &str,
    origin: &str,
    prefix: &str,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<T, ConfigError> {
    // The file alone first, so that a mistake in it is reported with its line.
    let plain = toml::from_str::<toml::Table>(text).map_err(|error| explain(&error, text, origin))?;
    if let Some(key) = with_control_character(&plain) {
        let problem = format!("{key} に改行などの制御文字が入っています。{STROKES}");
        return Err(ConfigError::Wrong { origin: origin.to_owned(), line: String::new(), problem });
    }
    let mut overrides: Vec<_> = environment.filter(|(name, _)| name.starts_with(prefix)).collect();
    if overrides.is_empty() {
        return toml::from_str(text).map_err(|error| explain(&error, text, origin));
    }
    overrides.sort();
    let mut table = plain;
    for (name, value) in &overrides {
        let path: Vec<String> = name.trim_start_matches(prefix).split("__").map(str::to_lowercase).collect();
        set(&mut table, &path, scalar(value));
    }
    let names = overrides.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    table.try_into().map_err(|error| explain(&error, "", &format!("{origin}（環境変数 {names} を重ねたもの）")))
}

/// What to do about `"C:\new"`, which TOML reads as a line break, and `"C:\in"`, which it does not read.
const STROKES: &str = "Windows のパスは、\" ではなく単一引用符 ' で囲んでください（例: 'C:\\work\\in'）。";

/// The first key whose text no path, name or address can be.
fn with_control_character(table: &toml::Table) -> Option<&str> {
    table.iter().find_map(|(key, value)| match value {
        toml::Value::String(text) => text.chars().any(char::is_control).then_some(key.as_str()),
        toml::Value::Table(inner) => with_control_character(inner),
        _ => None,
    })
}

fn scalar(value: &str) -> toml::Value {
    toml::from_str::<toml::Table>(&format!("v = {value}"))
        .ok()
        .and_then(|mut table| table.remove("v"))
        .unwrap_or_else(|| toml::Value::String(value.to_owned()))
}

fn set(table: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = table.entry(first.clone()).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

fn explain(error: &toml::de::Error, text: &str, origin: &str) -> ConfigError {
    let line = match error.span() {
        Some(span) if !text.is_empty() => {
            let before = text.get(..span.start).unwrap_or_default();
            format!(" の {} 行目", before.matches('\n').count() + 1)
        }
        _ => String::new(),
    };
    let mut message = error.message().to_owned();
    if message.contains("escaped value") {
        message = format!("{message}。{STROKES}");
    }
    let origin = origin.to_owned();
    match message.strip_prefix("unknown field ") {
        None => ConfigError::Wrong { origin, line, problem: message },
        Some(rest) => {
            let mut quoted = rest.split('`').skip(1).step_by(2);
            let key = quoted.next().unwrap_or_default().to_owned();
            ConfigError::UnknownKey { origin, line, hint: nearest(&key, quoted), key }
        }
    }
}

fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let best = known.iter().map(|name| (strsim::damerau_levenshtein(key, name), *name)).min();
    match best {
        Some((distance, name)) if distance <= 1 + key.chars().count() / 3 => format!("「{name}」ではありませんか。"),
        _ => format!("使える名前: {}。", known.join("、")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Sample {
        port: u16,
        name: String,
        limits: Limits,
    }
    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Limits {
        body_bytes: u64,
    }
    impl Default for Sample {
        fn default() -> Self {
            Self { port: 8443, name: "onshi".into(), limits: Limits::default() }
        }
    }

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Sample, ConfigError> {
        parse(text, "center.toml", "ONSHI_TEST__", environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
        let said = read("name = \"a\"\n\n[limits]\nbody_byte = 3\n", &[]).unwrap_err().to_string();
        assert!(said.contains("center.toml の 4 行目"), "{said}");
        assert!(said.contains("「body_byte」") && said.contains("「body_bytes」ではありませんか"), "{said}");
        let said = read("colour = 1\n", &[]).unwrap_err().to_string();
        assert!(said.contains("使える名前: port、name、limits"), "{said}");
    }

    #[test]
    fn the_environment_lies_over_the_file_and_its_mistakes_are_named_too() {
        let set = read("port = 1\n", &[("ONSHI_TEST__PORT", "9443"), ("ONSHI_TEST__LIMITS__BODY_BYTES", "7"), ("OTHER", "x")]).unwrap();
        assert_eq!((set.port, set.limits.body_bytes), (9443, 7));
        assert_eq!(read("", &[("ONSHI_TEST__NAME", "plain text")]).unwrap().name, "plain text");
        let said = read("", &[("ONSHI_TEST__PROT", "1")]).unwrap_err().to_string();
        assert!(said.contains("ONSHI_TEST__PROT") && said.contains("「port」ではありませんか"), "{said}");
    }

    #[test]
    fn a_windows_path_in_the_wrong_quotes_is_told_the_right_ones() {
        for wrong in [r#"name = "C:\in\here""#, r#"name = "C:\new\req""#, "[limits]\nbody_bytes = \"C:\\temp\""] {
            let said = read(wrong, &[]).unwrap_err().to_string();
            assert!(said.contains("単一引用符") && said.contains(r"'C:\work\in'"), "{wrong}: {said}");
        }
        assert_eq!(read(r"name = 'C:\new\表'", &[]).unwrap().name, r"C:\new\表");
    }

    #[test]
    fn a_file_saved_by_an_editor_of_windows_is_read_or_told_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("center.toml");
        std::fs::write(&path, "\u{feff}name = '試験'\r\nport = 1\r\n").unwrap();
        assert_eq!(load::<Sample>(&path, "ONSHI_NONE__").unwrap(), Sample { port: 1, name: "試験".into(), ..Sample::default() });
        // The same word in Shift_JIS.
        std::fs::write(&path, b"name = '\x8e\x8e\x8c\xb1'").unwrap();
        let said = load::<Sample>(&path, "ONSHI_NONE__").unwrap_err().to_string();
        assert!(said.contains("UTF-8 ではありません"), "{said}");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_line() {
        let said = read("name = \"a\"\nport = \"many\"\n", &[]).unwrap_err().to_string();
        assert!(said.contains("2 行目"), "{said}");
        assert!(matches!(read("port = ", &[]), Err(ConfigError::Wrong { .. })));
    }
}
