//! What holds of any router's configuration that somebody hands in, and of any status that somebody calls the center's.

use recipes::lint::{self, Dialect, Expected, MAX_FINDINGS};
use recipes::page::{self, Fields, Places};
use wire::status::{MAX_ENTRIES, Status};

/// The first byte chooses the language, the rest is the configuration: it is read or refused, each finding stands in a line that is there, and nothing
/// of the text becomes part of the page.
pub fn router_config(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let dialect = Dialect::ALL.get(usize::from(*first) % (Dialect::ALL.len() + 1)).copied();
    if let Ok(report) = lint::lint(&text, dialect, Expected::default()) {
        let lines = text.lines().count();
        assert!(report.findings.len() <= MAX_FINDINGS);
        for finding in &report.findings {
            assert!(finding.line <= lines.max(1), "line {} of {lines}", finding.line);
            assert!(!finding.what.contains('\n') && finding.what.chars().count() < 1_000 && !finding.fix.is_empty());
        }
    }
    let mut fields = Fields::from([(page::TEXT.to_owned(), text.into_owned())]);
    fields.extend(dialect.map(|dialect| ("dialect".to_owned(), dialect.key().to_owned())));
    let shown = page::linted(&fields, Places { page: "/router", lint: "/router/lint", hidden: None });
    assert!(!shown.contains("<script"));
}

/// An answer is read within its bounds, or refused; what was read is written and read again as the same.
pub fn center_status(bytes: &[u8]) {
    if let Ok(status) = Status::read(bytes) {
        assert!(status.services.len() <= MAX_ENTRIES && status.troubles.len() <= MAX_ENTRIES);
        assert_eq!(Status::read(&status.write()), Ok(status));
    }
}
