//! Writes tables as CSV files that a spreadsheet opens as they are: UTF-8 with a mark at its beginning, and no cell that it would calculate.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::Error;

/// By this a spreadsheet knows UTF-8.
const MARK: &str = "\u{feff}";

/// A cell as it is meant: what begins like a formula is made text.
fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// The file of a table.
pub(crate) fn file(name: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<Response, Error> {
    let text = written(columns, rows).map_err(|_| Error::Cipher)?;
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, text).into_response())
}

fn written(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(MARK.as_bytes().to_vec());
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(row.iter().map(|text| cell(text)))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_reads_the_names_and_calculates_none_of_them() {
        let rows = vec![vec!["受付,端末".to_owned(), "=HYPERLINK(\"x\")".to_owned()], vec!["+1".to_owned(), "a\"b".to_owned()]];
        let text = String::from_utf8(written(&["端末", "注"], rows).unwrap()).unwrap();
        assert_eq!(text, "\u{feff}端末,注\r\n\"受付,端末\",\"'=HYPERLINK(\"\"x\"\")\"\r\n'+1,\"a\"\"b\"\r\n");
    }
}
