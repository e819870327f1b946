//! The recipes as a page for people: a form, the configuration with its steps and test plan, and the reading of an existing one. Text only: whoever serves
//! it puts its own frame around it, and it works without a script.

use std::collections::BTreeMap;
use std::fmt::Write;

use manuals::Region;

use crate::lint::{self, Dialect, Expected, MAX_BYTES, Report, Severity};
use crate::site::{Internet, Order, Services, Site};
use crate::write::{Device, Written, write};

/// What was chosen or typed, by the names of the fields.
pub type Fields = BTreeMap<String, String>;

/// The largest form in bytes: a configuration whose every letter is written as three.
pub const MAX_FORM: usize = 3 * MAX_BYTES + 16 * 1024;
/// The field that holds a configuration to be read.
pub const TEXT: &str = "text";

/// Where the two forms lead, and what the second one carries besides.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The page itself, asked by GET.
    pub page: &'a str,
    /// The reading, asked by POST.
    pub lint: &'a str,
    /// A hidden field of the POST, as name and value.
    pub hidden: Option<(&'a str, &'a str)>,
}

/// The page: the forms, and the recipe if a device was chosen.
#[must_use]
pub fn recipe(fields: &Fields, places: Places<'_>) -> String {
    let mut out = String::from("<h1>ルーターの設定</h1>\n");
    // Writing into a string cannot fail.
    let _written = form(&mut out, fields, places);
    if let Some(device) = fields.get("device").and_then(|key| Device::by_key(key)) {
        let _written = match order(fields) {
            Some(order) => written(&mut out, &write(device, &order)),
            None => out.write_str("<div class=\"error\" role=\"alert\"><p>地域を選んでください。</p></div>\n"),
        };
    }
    let _written = reading(&mut out, fields, places);
    out
}

/// The page with what was found in a configuration.
#[must_use]
pub fn linted(fields: &Fields, places: Places<'_>) -> String {
    let mut out = String::from("<h1>いまある設定を調べた結果</h1>\n");
    let text = fields.get(TEXT).map(String::as_str).unwrap_or_default();
    let expected = Expected {
        region: fields.get("region").and_then(|key| Region::by_key(key)),
        services: fields.get("services").and_then(|key| Services::by_key(key)),
        phone: fields.get("phone").and_then(|word| match word.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        }),
    };
    let dialect = fields.get("dialect").and_then(|key| Dialect::by_key(key));
    let _written = match lint::lint(text, dialect, expected) {
        Ok(report) => found(&mut out, &report),
        Err(unread) => writeln!(out, "<div class=\"error\" role=\"alert\"><p>{}</p></div>", escaped(unread.text())),
    };
    let _written = reading(&mut out, fields, places);
    let _written = writeln!(out, "<p><a href=\"{}\">設定を書く</a></p>", escaped(places.page));
    out
}

/// The order that the fields make; nothing without a region.
fn order(fields: &Fields) -> Option<Order> {
    let of = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let prefecture = manuals::prefecture_by_romaji(of("prefecture"));
    let region = prefecture.map(|prefecture| prefecture.region).or_else(|| Region::by_key(of("region")))?;
    let site = Site {
        region,
        services: Services::by_key(of("services")).unwrap_or(Services::Eligibility),
        phone: of("phone") == "yes",
        internet: Internet::by_key(of("internet")).unwrap_or(Internet::None),
        split: of("split") == "yes",
    };
    let resolvers = of("resolvers").split([',', ' ']).filter_map(|text| text.trim().parse().ok()).take(4).collect();
    Some(Order { site, prefecture, resolvers })
}

fn form(out: &mut String, fields: &Fields, places: Places<'_>) -> std::fmt::Result {
    writeln!(out, "<form method=\"get\" action=\"{}\">", escaped(places.page))?;
    choice(out, fields, "device", "機種", &Device::ALL.map(|device| (device.key(), device.label())), false)?;
    let prefectures: Vec<(&str, &str)> = manuals::prefectures().iter().map(|prefecture| (prefecture.romaji, prefecture.name)).collect();
    choice(out, fields, "prefecture", "都道府県", &prefectures, true)?;
    choice(out, fields, "services", "使う業務", &Services::ALL.map(|services| (services.key(), services.label())), false)?;
    choice(out, fields, "phone", "ひかり電話", &[("no", "なし"), ("yes", "あり")], false)?;
    choice(out, fields, "internet", "同じ回線のインターネット", &Internet::ALL.map(|internet| (internet.key(), internet.label())), false)?;
    choice(out, fields, "split", "オンライン資格確認のLANを院内のLANと", &[("no", "分けない"), ("yes", "分ける")], false)?;
    let resolvers = fields.get("resolvers").map(String::as_str).unwrap_or_default();
    writeln!(
        out,
        "<div class=\"field\"><label for=\"resolvers\">プロバイダーのDNSサーバー（分かるとき）</label><input type=\"text\" id=\"resolvers\" name=\"resolvers\" maxlength=\"200\" autocomplete=\"off\" spellcheck=\"false\" value=\"{}\"></div>\n<button type=\"submit\">設定を書く</button>\n</form>",
        escaped(resolvers)
    )
}

/// A list to choose from; with an empty first line where nothing may be chosen.
fn choice(out: &mut String, fields: &Fields, name: &str, label: &str, values: &[(&str, &str)], empty: bool) -> std::fmt::Result {
    let chosen = fields.get(name).map(String::as_str).unwrap_or_default();
    write!(out, "<div class=\"field\"><label for=\"{name}\">{label}</label><select id=\"{name}\" name=\"{name}\">")?;
    if empty {
        write!(out, "<option value=\"\">選んでください</option>")?;
    }
    for (value, text) in values {
        let mark = if *value == chosen { " selected" } else { "" };
        write!(out, "<option value=\"{value}\"{mark}>{text}</option>")?;
    }
    writeln!(out, "</select></div>")
}

fn written(out: &mut String, written: &Written) -> std::fmt::Result {
    writeln!(out, "<h2>{}</h2>\n<p>{}</p>", escaped(written.device_label), escaped(&written.site))?;
    if !written.untried.is_empty() {
        list(out, "warning", "試していないこと", &written.untried)?;
    }
    if !written.tried.is_empty() {
        list(out, "note", "試したこと", &written.tried)?;
    }
    writeln!(out, "<h3>入れる手順</h3>\n<ol>")?;
    for step in &written.steps {
        writeln!(out, "<li>{}</li>", escaped(step))?;
    }
    writeln!(out, "</ol>")?;
    for file in &written.files {
        writeln!(out, "<h3>{}</h3>\n<pre tabindex=\"0\"><code>{}</code></pre>", escaped(file.name), escaped(&file.text))?;
    }
    writeln!(out, "<h3>入れた後で確かめること</h3>\n<ol>")?;
    for check in &written.plan {
        writeln!(out, "<li><strong>{}</strong>（{}）", escaped(&check.what), escaped(check.at))?;
        for how in &check.how {
            writeln!(out, "<br><code>{}</code>", escaped(how))?;
        }
        writeln!(out, "<br>{}</li>", escaped(&check.see))?;
    }
    writeln!(out, "</ol>")
}

fn list(out: &mut String, class: &str, heading: &str, lines: &[&str]) -> std::fmt::Result {
    writeln!(out, "<div class=\"{class}\"><h3>{heading}</h3>\n<ul>")?;
    for line in lines {
        writeln!(out, "<li>{}</li>", escaped(line))?;
    }
    writeln!(out, "</ul></div>")
}

fn reading(out: &mut String, fields: &Fields, places: Places<'_>) -> std::fmt::Result {
    writeln!(out, "<h2>いまある設定を調べる</h2>\n<form method=\"post\" action=\"{}\">", escaped(places.lint))?;
    if let Some((name, value)) = places.hidden {
        writeln!(out, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escaped(name), escaped(value))?;
    }
    choice(out, fields, "dialect", "書き方（分からなければ選ばない）", &Dialect::ALL.map(|dialect| (dialect.key(), dialect.key())), true)?;
    writeln!(
        out,
        "<div class=\"field\"><label for=\"{TEXT}\">設定の文書</label><p class=\"hint\">パスワードの行は消してから貼り付けてください。文書は残しません。</p><textarea id=\"{TEXT}\" name=\"{TEXT}\" rows=\"12\" maxlength=\"{MAX_BYTES}\" spellcheck=\"false\" autocomplete=\"off\"></textarea></div>\n<button type=\"submit\" class=\"second\">調べる</button>\n</form>"
    )
}

fn found(out: &mut String, report: &Report) -> std::fmt::Result {
    let region = report.region.map_or("不明", Region::label);
    let services = report.services.map_or("不明", Services::label);
    writeln!(out, "<p>書き方: {}、地域: {region}、業務: {services}、ドメイン: {}</p>", report.dialect.key(), report.domains)?;
    let (class, sentence) = match (report.findings.is_empty(), report.has_mistakes()) {
        (true, _) => ("success", "誤りは見つかりませんでした。"),
        (false, true) => ("error", "誤りがあります。"),
        (false, false) => ("warning", "誤りはありませんが、確かめてください。"),
    };
    writeln!(out, "<div class=\"{class}\"><p>{sentence}</p></div>")?;
    if report.findings.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<div class=\"wide\"><table><thead><tr><th scope=\"col\">行</th><th scope=\"col\">誤り</th><th scope=\"col\">直し方</th></tr></thead><tbody>"
    )?;
    for finding in &report.findings {
        let line = if finding.line == 0 { "全体".to_owned() } else { finding.line.to_string() };
        let mark = if finding.severity == Severity::Mistake { "" } else { "（注意）" };
        writeln!(out, "<tr><th scope=\"row\">{line}</th><td>{mark}{}</td><td>{}</td></tr>", escaped(&finding.what), escaped(&finding.fix))?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// Text as it may stand in a page.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: Places<'static> = Places { page: "/router", lint: "/router/lint", hidden: Some(("token", "t\"1")) };

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_chosen_device_is_shown_with_everything_and_without_a_region_it_is_asked_for() {
        let blank = recipe(&Fields::new(), PLACES);
        assert!(blank.contains("<option value=\"yamaha\">") && !blank.contains("入れる手順") && !blank.contains("地域を選んでください"));
        let asked = fields(&[("device", "yamaha"), ("prefecture", "osaka"), ("services", "both"), ("phone", "yes"), ("split", "yes")]);
        let page = recipe(&asked, PLACES);
        assert!(page.contains("dhcp-prefix@lan2") && page.contains("西日本") && page.contains("試していないこと"));
        assert!(page.contains("<option value=\"osaka\" selected>") && page.contains("value=\"t&quot;1\""));
        assert!(recipe(&fields(&[("device", "yamaha")]), PLACES).contains("地域を選んでください"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn what_is_typed_comes_back_escaped() {
        let evil = "<script>alert(1)";
        let page = recipe(&fields(&[("device", "yamaha"), ("region", "east"), ("resolvers", evil)]), PLACES);
        assert!(page.contains("&lt;script&gt;") && !page.contains(evil));
        let text = format!("server=/lineauth.mnw/{evil}\n");
        let page = linted(&fields(&[(TEXT, &text), ("dialect", "dnsmasq")]), PLACES);
        assert!(page.contains("&lt;script&gt;") && !page.contains(evil) && page.contains("誤りがあります"), "{page}");
        assert!(linted(&fields(&[(TEXT, "hello")]), PLACES).contains("どの機種の設定か分かりません"));
    }

    #[test]
    fn our_own_recipe_is_read_without_a_finding() {
        let site = Site { region: Region::East, services: Services::Both, phone: false, internet: Internet::None, split: false };
        let text = write(Device::Yamaha, &Order::of(site)).files.remove(0).text;
        assert!(linted(&fields(&[(TEXT, &text)]), PLACES).contains("誤りは見つかりませんでした"));
    }
}
