//! The certificate notice (電子証明書発行通知書) as it is read and printed: the manuals' seven fields, and a page of A4 (CA-02).
//!
//! The PDF embeds no font: Japanese text names one of the character collections that every reader replaces by a font of its own, and what must be
//! copied letter by letter stands in Courier, where letters and digits are easily told apart.

use chassis::clock;
use jiff::Timestamp;
use jiff::civil::Date;
use manuals::certificate;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::Notice;

/// A notice as it is shown once and printed. It holds the reference id, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name, as given at application.
    pub terminal_name: String,
    /// Which notice.
    pub request_id: String,
    /// Its secret.
    pub reference_id: String,
    /// The first moment of the certificate's validity.
    pub valid_from: Timestamp,
    /// Its last.
    pub valid_until: Timestamp,
    /// Until when it may be fetched (CA-03).
    pub retrieve_until: Timestamp,
    /// Key id and key of the binding for clients of RFC 8555.
    pub binding: Option<(String, String)>,
}

impl From<&Notice> for Paper {
    /// A request id begins with the day of its notice, which is the first of the printed validity.
    fn from(notice: &Notice) -> Self {
        let day = notice.request_id.get(..8).and_then(|day| Date::strptime("%Y%m%d", day).ok());
        let valid_from = day.map(|day| clock::from_japan(day.at(0, 0, 0, 0))).unwrap_or(notice.retrieve_until);
        Self {
            facility_code: notice.facility_code.clone(),
            terminal_name: notice.terminal_name.clone(),
            request_id: notice.request_id.clone(),
            reference_id: notice.reference_id.expose_secret().to_owned(),
            valid_from,
            valid_until: notice.valid_until,
            retrieve_until: notice.retrieve_until,
            binding: Some((notice.binding.key_id.clone(), notice.binding.mac_key.expose_secret().to_owned())),
        }
    }
}

const TITLE: &str = "電子証明書発行通知書";
const INFORMATION: &str = "電子証明書取得に関する情報";
/// A4 in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const LEFT: f32 = 56.0;
const RIGHT: f32 = WIDTH - LEFT;
/// Where the values of the table begin.
const VALUES: f32 = 266.0;

/// How large values are; a longer one is smaller, so that it stands on one line, but not below what can be read.
const VALUE_SIZE: f32 = 10.0;
const SMALLEST: f32 = 7.5;

const JAPANESE: Name<'static> = Name(b"J");
const LETTERS: Name<'static> = Name(b"L");
/// A font that no reader has: each takes its own for the collection.
const ANY_GOTHIC: Name<'static> = Name(b"HeiseiKakuGo-W5");

fn day(at: Timestamp) -> String {
    let day: Date = clock::japan_date(at);
    day.strftime("%Y/%m/%d").to_string()
}

impl Paper {
    /// The seven fields in the order printed, by their labels.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, String)> {
        let values = [
            certificate::sheet().issuer_on_notice.to_owned(),
            self.facility_code.clone(),
            self.terminal_name.clone(),
            self.request_id.clone(),
            self.reference_id.clone(),
            format!("{} ~ {}", day(self.valid_from), day(self.valid_until)),
            day(self.retrieve_until),
        ];
        certificate::sheet().notice.fields.iter().map(|label| (*label).to_owned()).zip(values).collect()
    }

    /// What clients that renew by themselves are given, by its labels; nothing for a notice without it.
    #[must_use]
    pub fn binding_fields(&self) -> Vec<(String, String)> {
        let Some((key_id, key)) = &self.binding else { return Vec::new() };
        let name = crate::acme::name_of(&self.facility_code, &self.terminal_name);
        let directory = certificate::page(certificate::sheet().standard.acme);
        let fields = [("ACME サーバー", directory), ("ACME 識別子", name), ("EAB Key ID", key_id.clone()), ("EAB HMAC Key", key.clone())];
        fields.map(|(label, value)| (label.to_owned(), value)).into()
    }

    /// What the receiver must know, below the table (CA-03, CA-15, CA-23).
    #[must_use]
    pub fn advice() -> Vec<String> {
        let sheet = certificate::sheet();
        vec![
            format!("電子証明書は、発行後{}日以内に、端末から次のサイトで取得してください。", sheet.download_days),
            certificate::page(sheet.path.download),
            "電子証明書は端末ごとに必要です。1つの電子証明書を複数の端末で使わないでください。".to_owned(),
            "電子証明書、この通知書、証明書パスワードは厳重に管理してください。".to_owned(),
            "紛失したとき、または第三者に知られた可能性があるときは、速やかに証明書失効申請を行ってください。".to_owned(),
            certificate::page(sheet.path.revoke),
        ]
    }

    /// The page as a PDF file.
    #[must_use]
    pub fn pdf(&self) -> Vec<u8> {
        let mut drawing = Drawing { content: Content::new(), y: HEIGHT - 90.0 };
        drawing.centred(TITLE, 20.0);
        drawing.y -= 50.0;
        drawing.text(LEFT, INFORMATION, 12.0);
        drawing.y -= 10.0;
        drawing.table(&self.fields());
        let binding = self.binding_fields();
        if !binding.is_empty() {
            drawing.y -= 40.0;
            drawing.text(LEFT, "自動で取得・更新するプログラム（ACME）に関する情報", 12.0);
            drawing.y -= 10.0;
            drawing.table(&binding);
        }
        drawing.y -= 40.0;
        drawing.text(LEFT, "ご注意", 12.0);
        for line in Self::advice() {
            drawing.y -= 20.0;
            drawing.text(LEFT, &line, 9.5);
        }
        document(drawing.content, &format!("{TITLE} {}", self.request_id))
    }
}

/// The page while it is drawn, from top to bottom.
struct Drawing {
    content: Content,
    y: f32,
}

/// Letters of one font in a row. Half-width katakana are half as wide as the rest.
fn runs(text: &str) -> Vec<(bool, String)> {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for letter in text.chars() {
        let plain = letter.is_ascii_graphic() || letter == ' ';
        match runs.last_mut() {
            Some((same, run)) if *same == plain => run.push(letter),
            _ => runs.push((plain, letter.to_string())),
        }
    }
    runs
}

fn width(text: &str, size: f32) -> f32 {
    let ems = text.chars().map(|letter| match letter {
        ' '..='~' => 0.6,
        '\u{ff61}'..='\u{ff9f}' => 0.5,
        _ => 1.0,
    });
    ems.sum::<f32>() * size
}

impl Drawing {
    fn text(&mut self, x: f32, text: &str, size: f32) {
        let mut x = x;
        for (plain, run) in runs(text) {
            self.content.begin_text().set_font(if plain { LETTERS } else { JAPANESE }, size).next_line(x, self.y);
            if plain {
                self.content.show(Str(run.as_bytes()));
            } else {
                let units: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
                self.content.show(Str(&units));
            }
            self.content.end_text();
            x += width(&run, size);
        }
    }

    fn centred(&mut self, text: &str, size: f32) {
        self.text((WIDTH - width(text, size)) / 2.0, text, size);
    }

    /// Labels and values between lines; a value too long for its place is broken.
    fn table(&mut self, rows: &[(String, String)]) {
        let top = self.y;
        self.line(LEFT, self.y, RIGHT, self.y);
        for (label, value) in rows {
            let size = fitting(value, RIGHT - VALUES - 12.0);
            let lines = broken(value, size, RIGHT - VALUES - 12.0);
            for (place, line) in lines.iter().enumerate() {
                self.y -= if place == 0 { 17.0 } else { 14.0 };
                if place == 0 {
                    self.text(LEFT + 6.0, label, 9.0);
                }
                self.text(VALUES + 6.0, line, size);
            }
            self.y -= 8.0;
            self.line(LEFT, self.y, RIGHT, self.y);
        }
        for x in [LEFT, VALUES, RIGHT] {
            self.line(x, top, x, self.y);
        }
    }

    fn line(&mut self, x: f32, y: f32, to_x: f32, to_y: f32) {
        self.content.set_line_width(0.7).move_to(x, y).line_to(to_x, to_y).stroke();
    }
}

/// The size at which a value stands on one line of a width, if there is one.
fn fitting(text: &str, wide: f32) -> f32 {
    let size = wide / width(text, 1.0).max(1.0);
    if size < SMALLEST { VALUE_SIZE } else { size.min(VALUE_SIZE) }
}

/// A text in lines of a width.
fn broken(text: &str, size: f32, wide: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for letter in text.chars() {
        let mut one = [0; 4];
        let letter_width = width(letter.encode_utf8(&mut one), size);
        let full = lines.last().is_some_and(|line| width(line, size) + letter_width > wide);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push(letter);
        }
    }
    lines
}

fn document(content: Content, title: &str) -> Vec<u8> {
    let (catalog, pages, page, japanese, collection, descriptor, letters, contents, info) =
        (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5), Ref::new(6), Ref::new(7), Ref::new(8), Ref::new(9));
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages).lang(TextStr("ja")).viewer_preferences().display_doc_title(true);
    pdf.pages(pages).kids([page]).count(1);
    let mut sheet = pdf.page(page);
    sheet.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(pages).contents(contents);
    sheet.resources().fonts().pair(JAPANESE, japanese).pair(LETTERS, letters);
    sheet.finish();
    pdf.type1_font(letters).base_font(Name(b"Courier"));
    pdf.type0_font(japanese).base_font(ANY_GOTHIC).encoding_predefined(Name(b"UniJIS-UTF16-H")).descendant_font(collection);
    let mut font = pdf.cid_font(collection);
    font.subtype(CidFontType::Type0).base_font(ANY_GOTHIC).font_descriptor(descriptor).default_width(1000.0);
    font.system_info(SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Japan1"), supplement: 2 });
    // The half-width letters of the collection.
    font.widths().same(231, 632, 500.0);
    font.finish();
    pdf.font_descriptor(descriptor)
        .name(ANY_GOTHIC)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(-92.0, -250.0, 1010.0, 922.0))
        .italic_angle(0.0)
        .ascent(752.0)
        .descent(-221.0)
        .cap_height(737.0)
        .stem_v(114.0);
    pdf.stream(contents, &content.finish());
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("onshi"));
    pdf.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paper() -> Paper {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        Paper {
            facility_code: "0110119153".into(),
            terminal_name: "受付端末ｱ１".into(),
            request_id: "202012140100076".into(),
            reference_id: "zigLUVC29Q".into(),
            valid_from: at("2020-12-14T00:00:00Z"),
            valid_until: at("2024-03-14T00:00:00Z"),
            retrieve_until: at("2021-06-12T00:00:00Z"),
            binding: Some(("eab-202012140100076".into(), "A".repeat(43))),
        }
    }

    /// Rows: CA-02
    #[test]
    fn the_seven_fields_are_those_of_the_manual() {
        let fields = paper().fields();
        assert_eq!(fields.len(), 7);
        let find = |label: &str| fields.iter().find(|(known, _)| known == label).map(|(_, value)| value.as_str());
        assert_eq!(find("発行者"), Some("Online Billing NW Common Root CA - 01"));
        assert_eq!(find("発行元"), Some("0110119153"));
        assert_eq!(find("電子証明書有効期限"), Some("2020/12/14 ~ 2024/03/14"));
        assert_eq!(find("電子証明書ダウンロードサイト有効期限"), Some("2021/06/12"));
    }

    /// Another program reads every field out of the PDF, the Japanese ones too.
    /// Rows: CA-02, CA-23
    #[test]
    fn the_pdf_says_what_the_notice_says_to_another_program() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notice.pdf");
        std::fs::write(&file, paper().pdf()).unwrap();
        let output = std::process::Command::new("pdftotext").args(["-layout"]).arg(&file).arg("-").output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let text: String = String::from_utf8(output.stdout).unwrap().split_whitespace().collect();
        for (label, value) in paper().fields().into_iter().chain(paper().binding_fields()) {
            let (label, value): (String, String) = (label.split_whitespace().collect(), value.split_whitespace().collect());
            assert!(text.contains(&label), "{label}: {text}");
            assert!(text.contains(value.get(..10).unwrap_or(&value)), "{value}: {text}");
        }
        assert!(text.contains("電子証明書発行通知書") && text.contains("速やかに証明書失効申請"), "{text}");
    }

    #[test]
    fn a_long_name_is_broken_and_loses_nothing() {
        let name = "あ".repeat(60);
        let wide = RIGHT - VALUES - 12.0;
        let lines = broken(&name, VALUE_SIZE, wide);
        assert!(lines.len() > 2);
        assert_eq!(lines.concat(), name);
        assert!(lines.iter().all(|line| width(line, VALUE_SIZE) <= wide));
        assert!(fitting(&name, wide) >= VALUE_SIZE);
        for (_, whole) in &paper().binding_fields() {
            let size = fitting(whole, wide);
            assert!(size >= SMALLEST && broken(whole, size, wide) == [whole.as_str()], "{whole} {size}");
        }
    }
}
