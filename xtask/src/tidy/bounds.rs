//! Holds invariant 3: `unsafe` stands in `os` only, and the chassis knows no word of the field.

use anyhow::Result;

use super::Finding;
use super::rooms::strangers;
use super::tree::{Breach, Tree};

/// The keyword stands nowhere but in `os`.
pub(crate) fn unsafe_code(tree: &Tree) -> Result<Finding> {
    let mut breaches = Vec::new();
    for source in tree.sources.iter().filter(|source| !source.path.starts_with("os/")) {
        let uses = source.names().filter(|(_, name)| *name == "unsafe");
        breaches.extend(uses.map(|(line, _)| Breach::new(&source.path, line, "`unsafe` stands in `os` only")));
    }
    Ok(Finding::new(format!("{} files", tree.sources.len()), breaches))
}

/// The workspace forbids `unsafe` to the compiler too, and every crate but `os` takes the workspace's lints.
pub(crate) fn lints(tree: &Tree) -> Result<Finding> {
    let workspace: toml::Table = toml::from_str(&tree.text("Cargo.toml")?)?;
    let rust = workspace.get("workspace").and_then(|table| table.get("lints")).and_then(|lints| lints.get("rust"));
    let level = rust.and_then(|lints| lints.get("unsafe_code")).and_then(toml::Value::as_str);
    let mut breaches = Vec::new();
    if level != Some("forbid") {
        breaches.push(Breach::new("Cargo.toml", 1, "[workspace.lints.rust] must say unsafe_code = \"forbid\""));
    }
    for member in tree.crates.iter().filter(|member| member.folder != "os") {
        let inherits = member.manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            breaches.push(Breach::new(&member.manifest_path(), 1, "[lints] must say workspace = true"));
        }
    }
    Ok(Finding::new(format!("{} crates", tree.crates.len()), breaches))
}

/// No file of the chassis, comments and tests included, says a word of the field; and it imports neither `wire` nor `manuals`.
pub(crate) fn nouns(tree: &Tree) -> Result<Finding> {
    let Some(chassis) = tree.member("chassis") else { return Ok(Finding::new("no chassis yet".to_owned(), Vec::new())) };
    let mut breaches = strangers(tree, chassis);
    let (mut seen, nouns) = (0, &tree.lists.nouns);
    for path in tree.files.iter().filter(|path| chassis.holds(path)) {
        seen += 1;
        let text = format!("{path}\n{}", tree.text(path)?);
        for (index, line) in text.lines().enumerate() {
            let words = format!(" {} ", words(line).join(" "));
            for noun in nouns.iter().filter(|noun| says(&words, line, noun)) {
                // Line 0 is the file's own path.
                breaches.push(Breach::new(path, index.max(1), format!("the chassis knows no `{noun}`")));
            }
        }
    }
    Ok(Finding::new(format!("{seen} files, {} nouns", nouns.len()), breaches))
}

fn says(words: &str, line: &str, noun: &str) -> bool {
    if noun.is_ascii() { words.contains(&format!(" {noun} ")) } else { line.contains(noun) }
}

/// The words of a line in small letters: `LineId`, `line_id` and `line id` are two words each.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for letter in line.chars() {
        let begins = letter.is_ascii_uppercase() && small;
        small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        if begins || !letter.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(last) = words.last_mut().filter(|_| letter.is_ascii_alphanumeric()) {
            last.push(letter.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    #[test]
    fn the_keyword_outside_os_is_named() {
        let clean =
            [("os/src/linux.rs", "pub fn a() { unsafe { b() } }\n"), ("wire/src/lib.rs", "//! No unsafe here.\n#![forbid(unsafe_code)]\n")];
        fake::shows(unsafe_code, &clean, &[("wire/src/xml.rs", "fn a() {\n    m!(unsafe { b() });\n}\n")], "wire/src/xml.rs:2: ");
    }

    #[test]
    fn a_crate_without_the_lints_is_named() {
        let workspace = "[workspace]\nmembers = [\"wire\"]\n[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";
        let clean = [("Cargo.toml", workspace), ("wire/Cargo.toml", "[package]\nname = \"wire\"\n[lints]\nworkspace = true\n")];
        fake::shows(lints, &clean, &[("wire/Cargo.toml", "[package]\nname = \"wire\"\n")], "wire/Cargo.toml:1: ");
        fake::shows(lints, &clean, &[("Cargo.toml", &workspace.replace("forbid", "warn"))], "Cargo.toml:1: ");
    }

    #[test]
    fn a_word_of_the_field_in_the_chassis_is_named_even_in_a_comment() {
        let clean =
            [("chassis/Cargo.toml", "[package]\nname = \"chassis\"\n"), ("chassis/src/lib.rs", "//! A certain line, identified.\n")];
        for (text, line) in
            [("// one\n// of a patient\n", 2), ("struct LineId;\n", 1), ("fn a() {}\nfn of_line_id() {}\n", 2), ("// 患者\n", 1)]
        {
            fake::shows(nouns, &clean, &[("chassis/src/log.rs", text)], &format!("chassis/src/log.rs:{line}: "));
        }
        fake::shows(nouns, &clean, &[("chassis/src/clinic.rs", "fn a() {}\n")], "chassis/src/clinic.rs:1: ");
    }
}
