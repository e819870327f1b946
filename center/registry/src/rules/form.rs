//! Reads an application form: every mistake is named beside its field, with the reason and what to do (ID-06 to ID-11, ID-13, ID-14).

use std::collections::BTreeMap;

use chassis::mail::MailAddress;
use jiff::civil::Date;
use manuals::domains::Service;
use manuals::line_type::{self, Order, V6Option};
use manuals::{Region, line_id};
use wire::number::FacilityCode;

use super::typed::{self, Repair};
use super::wish::{Notification, Option6, Provider, Wish};

/// The most characters of a field.
pub const LONGEST_FIELD: usize = 300;
/// The most characters of a name.
const LONGEST_NAME: usize = 100;

/// The fields of a form as they were sent; each name once.
pub type Fields = BTreeMap<String, String>;

/// The most fields of a form.
const MOST_FIELDS: usize = 40;

/// Reads the body of a form. Nothing if it has too many fields or one is too long: no page of ours sends such a thing.
#[must_use]
pub fn fields(body: &[u8]) -> Option<Fields> {
    fields_with(body, None)
}

/// As [`fields`], where the field of this name may be longer: so many characters. It carries what a page of ours has sealed.
#[must_use]
pub fn fields_with(body: &[u8], sealed: Option<(&str, usize)>) -> Option<Fields> {
    let longest = |name: &str| sealed.filter(|(known, _)| *known == name).map_or(LONGEST_FIELD, |(_, longest)| longest);
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(body) {
        if fields.len() >= MOST_FIELDS || name.chars().count() > LONGEST_FIELD || value.chars().count() > longest(&name) {
            return None;
        }
        // Of a field sent twice the first counts.
        fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    Some(fields)
}

/// A mistake in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The field it stands beside.
    pub field: &'static str,
    /// What is wrong, why, and what to do: Japanese.
    pub japanese: String,
    /// The same in English.
    pub english: String,
}

impl Mistake {
    pub(crate) fn new(field: &'static str, japanese: impl Into<String>, english: impl Into<String>) -> Self {
        Self { field, japanese: japanese.into(), english: english.into() }
    }
}

/// A form that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What is applied for.
    pub wish: Wish,
    /// What was put right in a field, to be shown before sending.
    pub repairs: Vec<(&'static str, Repair)>,
}

/// Reads a form of `service` for `notification`.
///
/// # Errors
/// Every mistake that shows without asking the registry, in the order of the fields.
pub fn read(service: Service, notification: Notification, fields: &Fields, today: Date) -> Result<Read, Vec<Mistake>> {
    let mut reader = Reader { fields, mistakes: Vec::new(), repairs: Vec::new() };
    let facility_code = reader.facility_code("facility_code");
    let region = facility_code.as_ref().map(super::region_of);
    let (name, valid_from) = if notification.may_found() { reader.founding(notification, today) } else { (String::new(), None) };
    let former_code = if notification.may_rename() { reader.former_code(notification, facility_code.as_ref()) } else { None };
    let former_region = former_code.as_ref().map(super::region_of).or(region);
    let former_line_id = notification.replaces().then(|| reader.line_id("former_line_id", former_region)).flatten();
    let provider = reader.provider_and_kind(service);
    let line_id = reader.line_id("line_id", region);
    let line_type = reader.line_type(region);
    let line_since = reader.optional_day("line_since");
    let option6 = (service == Service::Eligibility).then(|| reader.option6(region, line_type, line_since)).flatten();
    let shared_with = reader.shared_with(facility_code.as_ref());
    let applicant = reader.applicant();
    let mail = reader.mail();
    let Reader { mistakes, repairs, .. } = reader;
    if let (true, Some(facility_code), Some(provider), Some(line_id), Some(line_type), Some(mail)) =
        (mistakes.is_empty(), facility_code, provider, line_id, line_type, mail)
    {
        let wish = Wish {
            service,
            notification,
            facility_code: facility_code.as_str().to_owned(),
            name,
            valid_from,
            former_code: former_code.map(|code| code.as_str().to_owned()),
            former_line_id,
            provider,
            line_id,
            line_type: line_type.key.to_owned(),
            line_since,
            option6,
            shared_with,
            applicant,
            mail,
        };
        return Ok(Read { wish, repairs });
    }
    Err(mistakes)
}

struct Reader<'a> {
    fields: &'a Fields,
    mistakes: Vec<Mistake>,
    repairs: Vec<(&'static str, Repair)>,
}

impl Reader<'_> {
    fn typed(&self, field: &'static str) -> &str {
        self.fields.get(field).map_or("", String::as_str)
    }

    fn wrong<T>(&mut self, field: &'static str, japanese: impl Into<String>, english: impl Into<String>) -> Option<T> {
        self.mistakes.push(Mistake::new(field, japanese, english));
        None
    }

    fn code(&mut self, field: &'static str) -> String {
        let (code, repairs) = typed::code(self.typed(field));
        self.repairs.extend(repairs.into_iter().map(|repair| (field, repair)));
        code
    }

    fn facility_code(&mut self, field: &'static str) -> Option<FacilityCode> {
        let code = self.code(field);
        if let Ok(code) = FacilityCode::parse(&code) {
            return Some(code);
        }
        self.wrong(
            field,
            "医療機関コードは数字 10 桁（都道府県 2 桁、点数表 1 桁、医療機関 7 桁）です。桁数と、都道府県・点数表の番号を確かめてください。",
            "A facility code has ten digits: prefecture (2), fee table (1), facility (7). Check the number of digits.",
        )
    }

    fn founding(&mut self, notification: Notification, today: Date) -> (String, Option<Date>) {
        let name = typed::words(self.typed("name"));
        let length = name.chars().count();
        // A succession without a new code leaves the facility's name as it is.
        let needed = notification != Notification::Succession;
        if length > LONGEST_NAME || (needed && name.is_empty()) {
            let _beside = self.wrong::<()>("name", "名称を 100 文字以内で書いてください。", "Write the name, at most 100 characters.");
        }
        if self.typed("valid_from").is_empty() && !needed {
            return (name, None);
        }
        let years = |count: i16| Date::new(today.year() + count, 1, 1).unwrap_or(today);
        match typed::day(self.typed("valid_from")) {
            Some(day) if day >= years(-20) && day < years(3) => (name, Some(day)),
            _ => {
                let _beside = self.wrong::<()>(
                    "valid_from",
                    "利用を始める日を「2026-04-01」の形で書いてください（再来年まで）。",
                    "Write the first day as 2026-04-01, not later than the year after next.",
                );
                (name, None)
            }
        }
    }

    fn former_code(&mut self, notification: Notification, new: Option<&FacilityCode>) -> Option<FacilityCode> {
        if self.typed("former_code").trim().is_empty() && notification == Notification::Succession {
            return None;
        }
        let former = self.facility_code("former_code")?;
        if notification == Notification::ChangeOfCode && Some(&former) == new {
            return self.wrong(
                "former_code",
                format!(
                    "変更前と変更後の医療機関コードが同じです。コードが変わらないときは「{}」で申請してください。",
                    Notification::Change.label()
                ),
                "Both codes are the same. If the code does not change, choose the notification 2.",
            );
        }
        Some(former)
    }

    /// The two known mistakes of the line kind, ID-08 and ID-09: a collab line applied for as 2, フレッツ光 as 3.
    fn provider_and_kind(&mut self, service: Service) -> Option<Provider> {
        let typed = self.typed("provider");
        let provider = Provider::ALL.into_iter().find(|provider| provider.key() == typed);
        if provider.is_none() {
            let _beside = self.wrong::<()>("provider", "回線の契約先を選んでください。", "Choose with whom the line is contracted.");
        }
        let kind = line_id::line_kind(service);
        let right = kind.right;
        let chosen = match self.typed("line_kind") {
            "1" => Some(right),
            "2" => kind.mistakes.first().copied(),
            "3" => kind.mistakes.get(1).copied(),
            _ => None,
        };
        match (provider, chosen) {
            (_, None) => self.wrong("line_kind", "電気通信回線種別を選んでください。", "Choose the line kind."),
            (Some(Provider::Other), _) => self.wrong(
                "provider",
                "この申請で受け付けるのは、フレッツ光・コラボ光による「IP-VPN接続方式(フレッツ光による接続)」だけです。ほかの接続方式は\
                 「オンライン請求及びオンライン資格確認等システム接続可能回線・事業者一覧表」に記載の問合せ先へお問い合わせください。",
                "Only IP-VPN over FLET'S Hikari or a collab line is applied for here. For any other way ask the contact in the list of connectable lines.",
            ),
            (Some(Provider::Collaborator), Some(other)) if other != right => self.wrong(
                "line_kind",
                format!("コラボ光は NTT の回線を使っているので、「{other}」ではなく「{right}」を選んでください。このまま申請すると接続できません。"),
                "A collab line runs on the NTT network: choose 1. With this choice it could not connect.",
            ),
            (Some(Provider::Carrier), Some(other)) if other != right => self.wrong(
                "line_kind",
                format!("フレッツ光による接続は、「{other}」ではなく「{right}」を選んでください。このまま申請すると接続できません。"),
                "A connection over FLET'S Hikari is kind 1. With this choice it could not connect.",
            ),
            (provider, Some(_)) => provider,
        }
    }

    fn line_id(&mut self, field: &'static str, region: Option<Region>) -> Option<String> {
        let code = self.code(field);
        // Without a facility code the region is unknown: the east knows every shape.
        match line_id::parse(&code, region.unwrap_or(Region::East)) {
            Ok(line) => Some(line.as_str().to_owned()),
            Err(mistake) => {
                let region = region.unwrap_or(Region::East);
                let places = line_id::where_to_look(region).join("、");
                self.wrong(
                    field,
                    format!("{mistake}（{}の回線。お客さまIDのある場所: {places}）", region.label()),
                    "This is no line id: CAF and ten digits, in the east also COP and eight digits. It stands in the carrier's opening letter.",
                )
            }
        }
    }

    fn line_type(&mut self, region: Option<Region>) -> Option<&'static line_type::LineType> {
        let hotline = line_type::hotline();
        let typed = self.typed("line_type");
        let Some(found) = line_type::by_key(typed) else {
            let japanese = if typed == "unknown" {
                format!(
                    "回線タイプが分からないままでは申請できません。フレッツ光は {}（{}）へ、コラボ光は光コラボレーション事業者へ問い合わせてください。",
                    hotline.phone, hotline.hours
                )
            } else {
                "回線タイプを選んでください。一覧にない回線では接続できません。".to_owned()
            };
            return self.wrong(
                "line_type",
                japanese,
                format!("Choose the line type. Ask the carrier ({}) or the collaborating operator.", hotline.phone),
            );
        };
        match region {
            Some(region) if !found.is_eligible_in(region) => self.wrong(
                "line_type",
                format!(
                    "「{}」は{}では提供されていないタイプです。この医療機関は{}にあります。契約書類で回線タイプを確かめてください。",
                    found.name,
                    region.label(),
                    region.label()
                ),
                "This type is not sold in the region of this facility. Check the type in the contract.",
            ),
            _ => Some(found),
        }
    }

    fn optional_day(&mut self, field: &'static str) -> Option<Date> {
        let typed = self.typed(field);
        if typed.trim().is_empty() {
            return None;
        }
        typed::day(typed).or_else(|| {
            self.wrong(field, "日付を「2021-05-11」の形で書くか、空けておいてください。", "Write the day as 2021-05-11, or leave it empty.")
        })
    }

    /// The eligibility service needs the v6 option (LN-08 to LN-13).
    fn option6(&mut self, region: Option<Region>, line: Option<&line_type::LineType>, since: Option<Date>) -> Option<Option6> {
        let typed = self.typed("option6");
        let Some(answer) = Option6::ALL.into_iter().find(|answer| answer.key() == typed) else {
            return self.wrong(
                "option6",
                "フレッツ・v6オプションの契約の有無を選んでください。",
                "Say whether the v6 option is contracted.",
            );
        };
        let (Some(region), Some(line)) = (region, line) else { return Some(answer) };
        let by_default = line.is_cross() || since.is_some_and(|since| line_type::v6_option(region, line, since) == V6Option::DefaultOn);
        if answer == Option6::Contracted || by_default {
            return Some(answer);
        }
        let facts = line_type::v6_option_facts();
        let from = line_type::v6_option_default_from(region);
        let hotline = line_type::hotline();
        self.wrong(
            "option6",
            format!(
                "オンライン資格確認には{name}の契約が必要です（利用料 {monthly} 円）。{region}では {from} 以降に申し込んだ回線とフレッツ 光クロスには初めから\
                 付いています。それより前の回線では、電話（{phone}。工事費 税抜 {fee} 円）か、お客さまご自身でサービス情報サイト\
                 （工事費 {free} 円。お客さまIDとアクセスキーが要ります: {site}）から申し込んでください。コラボ光は光コラボレーション事業者へ。詳しくは {guide}",
                name = facts.name,
                monthly = facts.monthly_fee_yen,
                region = region.label(),
                phone = hotline.phone,
                fee = facts.work_fee_yen(Order::Telephone),
                free = facts.work_fee_yen(Order::SelfService),
                site = facts.self_service(region),
                guide = facts.guide(region),
            ),
            format!(
                "The eligibility service needs the v6 option. Lines applied for on or after {from} have it; for an older line order it by telephone ({}) or \
                 yourself at {}.",
                hotline.phone,
                facts.self_service(region)
            ),
        )
    }

    fn shared_with(&mut self, own: Option<&FacilityCode>) -> Option<String> {
        if self.typed("shared") != "yes" {
            return None;
        }
        let partner = self.facility_code("shared_with")?;
        if Some(&partner) == own {
            return self.wrong(
                "shared_with",
                "共用する相手の医療機関コードを書いてください（ご自身のコードが書かれています）。",
                "Write the code of the other facility, not your own.",
            );
        }
        Some(partner.as_str().to_owned())
    }

    fn applicant(&mut self) -> String {
        let applicant = typed::words(self.typed("applicant"));
        if applicant.is_empty() || applicant.chars().count() > LONGEST_NAME {
            let _beside = self.wrong::<()>(
                "applicant",
                "申請する方のお名前を 100 文字以内で書いてください。",
                "Write who applies, at most 100 characters.",
            );
        }
        applicant
    }

    fn mail(&mut self) -> Option<String> {
        match MailAddress::parse(&typed::address(self.typed("mail"))) {
            Some(address) => Some(address.as_str().to_owned()),
            None => self.wrong(
                "mail",
                "メールアドレスとして読めません。半角の英数字と「@」で書いてください。申請番号と確認の言葉をこの宛先へ送ります。",
                "This is no mail address. The application's number and secret are sent there.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 7, 15);

    /// A form of a first application that is right, with some fields changed.
    fn with(changes: &[(&str, &str)]) -> Fields {
        let right = [
            ("facility_code", "1312345678"),
            ("name", "架空クリニック"),
            ("valid_from", "2026-08-01"),
            ("former_code", "1312345670"),
            ("former_line_id", "CAF0000000001"),
            ("provider", "carrier"),
            ("line_kind", "1"),
            ("line_id", "CAF1234567890"),
            ("line_type", "next-family"),
            ("option6", "contracted"),
            ("shared", "no"),
            ("applicant", "山田 太郎"),
            ("mail", "taro@example.jp"),
        ];
        right.into_iter().chain(changes.iter().copied()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn mistakes(service: Service, notification: Notification, changes: &[(&str, &str)]) -> Vec<Mistake> {
        read(service, notification, &with(changes), TODAY).err().unwrap_or_default()
    }

    /// The one mistake of a form.
    fn only(service: Service, changes: &[(&str, &str)]) -> (&'static str, String) {
        let found = mistakes(service, Notification::New, changes);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].japanese.chars().count() > 10 && found[0].english.is_ascii(), "{found:?}");
        (found[0].field, found[0].japanese.clone())
    }

    /// Rows: ID-06, ID-07
    #[test]
    fn every_notification_of_both_services_can_be_read_and_only_the_first_line_kind_is_taken() {
        for service in Service::ALL {
            for notification in Notification::of(service) {
                let read = read(service, notification, &with(&[]), TODAY).unwrap();
                assert!(read.repairs.is_empty());
                assert_eq!(read.wish.line_kind(), line_id::line_kind(service).right);
                assert_eq!((read.wish.service, read.wish.notification), (service, notification));
                assert_eq!(read.wish.option6.is_some(), service == Service::Eligibility);
            }
            for provider in ["carrier", "collaborator"] {
                for kind in ["2", "3", "", "4", "1 "] {
                    assert_eq!(only(service, &[("provider", provider), ("line_kind", kind)]).0, "line_kind");
                }
            }
        }
    }

    /// Rows: ID-08
    #[test]
    fn the_known_mistakes_of_claims_are_named_with_the_reason() {
        let (_, said) = only(Service::Claims, &[("provider", "collaborator"), ("line_kind", "2")]);
        assert!(
            said.contains("コラボ光") && said.contains("2:IP-VPN(提供会社:NTT以外)") && said.contains("1:IP-VPN(提供会社:NTT)"),
            "{said}"
        );
        let (_, said) = only(Service::Claims, &[("line_kind", "3")]);
        assert!(said.contains("フレッツ光") && said.contains("3:IPsec") && said.contains("1:IP-VPN(提供会社:NTT)"), "{said}");
    }

    /// Rows: ID-09
    #[test]
    fn the_known_mistakes_of_eligibility_are_named_with_the_reason() {
        let (_, said) = only(Service::Eligibility, &[("provider", "collaborator"), ("line_kind", "2")]);
        assert!(said.contains("2：IP-VPN回線事業者（CTC・QTnetに限る）") && said.contains("1：IP-VPN回線事業者"), "{said}");
        let (_, said) = only(Service::Eligibility, &[("line_kind", "3")]);
        assert!(said.contains("3：インターネット接続（IPsec+IKE）"), "{said}");
        let (field, said) = only(Service::Eligibility, &[("provider", "other"), ("line_kind", "3")]);
        assert!(field == "provider" && said.contains("接続可能回線・事業者一覧表"), "{said}");
    }

    /// Rows: ID-01, ID-02, ID-03, ID-04, ID-05, ID-08, ID-09, DN-26
    #[test]
    fn a_line_id_is_put_right_where_it_is_only_spelt_otherwise_and_named_where_it_is_wrong() {
        let read = read(Service::Claims, Notification::New, &with(&[("line_id", "ｃａｆ－1234 567890")]), TODAY).unwrap();
        assert_eq!(read.wish.line_id, "CAF1234567890");
        assert_eq!(read.repairs.len(), 3);
        let west = ("facility_code", "2712345678");
        for (changes, named) in [
            (vec![("line_id", "CAF123456789")], "数字が足りません"),
            (vec![("line_id", "CAF12345678901")], "数字が多すぎます"),
            (vec![("line_id", "CAF123456789O")], "英字のO"),
            (vec![("line_id", "")], "入力されていません"),
            (vec![("line_id", "L12345678"), west], "回線ID"),
            (vec![("line_id", "COP12345678"), west], "東日本だけ"),
            (vec![("line_id", "ABC1234567890")], "「CAF」"),
        ] {
            let (field, said) = only(Service::Eligibility, &changes);
            assert!(field == "line_id" && said.contains(named) && said.contains("ONU"), "{said}");
        }
        assert!(mistakes(Service::Eligibility, Notification::New, &[("line_id", "COP12345678")]).is_empty());
    }

    /// Rows: LN-03, LN-04, LN-05, LN-06, LN-07
    #[test]
    fn a_line_type_must_be_sold_in_the_facilitys_region() {
        for region in Region::ALL {
            let code = if region == Region::East { "1312345678" } else { "2712345678" };
            for kind in line_type::all() {
                for provider in ["carrier", "collaborator"] {
                    let changes = [("facility_code", code), ("line_type", kind.key), ("provider", provider)];
                    let found = mistakes(Service::Eligibility, Notification::New, &changes);
                    assert_eq!(found.is_empty(), kind.is_eligible_in(region), "{} {code}", kind.key);
                    assert!(found.iter().all(|mistake| mistake.field == "line_type" && mistake.japanese.contains(region.label())));
                }
            }
        }
        assert!(only(Service::Claims, &[("line_type", "unknown")]).1.contains("0120-116-116"));
        assert_eq!(only(Service::Claims, &[("line_type", "b-flets")]).0, "line_type");
    }

    /// Rows: LN-08, LN-09, LN-10, LN-11, LN-12, LN-13
    #[test]
    fn the_v6_option_is_asked_where_it_is_needed_and_how_to_order_it_is_said() {
        let east = |since, answer| mistakes(Service::Eligibility, Notification::New, &[("line_since", since), ("option6", answer)]);
        for answer in ["absent", "unknown"] {
            assert!(east("2012-05-29", answer).is_empty());
            let found = east("2012-05-28", answer);
            assert_eq!(found[0].field, "option6");
            for part in ["2012-05-29", "2000 円", "0120-116-116", "工事費 0 円", "アクセスキー", "https://flets.com/square/con_index.html"]
            {
                assert!(found[0].japanese.contains(part), "{part}: {}", found[0].japanese);
            }
            assert_eq!(east("", answer).len(), 1, "without a day nobody can tell");
        }
        let west = |since| {
            let changes = [("facility_code", "2712345678"), ("line_since", since), ("option6", "absent")];
            mistakes(Service::Eligibility, Notification::New, &changes)
        };
        assert!(west("2021-05-11").is_empty());
        assert!(west("2021-05-10")[0].japanese.contains("https://flets-w.com/opt/v6option/"));
        assert!(mistakes(Service::Eligibility, Notification::New, &[("line_type", "cross"), ("option6", "absent")]).is_empty());
        assert_eq!(only(Service::Eligibility, &[("option6", "")]).0, "option6");
        assert!(mistakes(Service::Claims, Notification::New, &[("option6", "absent")]).is_empty(), "claims does not ask for it");
    }

    /// Rows: ID-11, ID-13, ID-14
    #[test]
    fn each_service_has_the_notifications_that_its_manual_prints() {
        let names = |service| Notification::of(service).into_iter().map(Notification::label).collect::<Vec<_>>();
        let claims = names(Service::Claims);
        assert!(claims.contains(&"2:登録内容変更（医療機関コードの変更なし）"));
        assert!(claims.contains(&"3:登録内容変更（医療機関コードの変更を含む）"));
        assert!(claims.iter().any(|name| name.contains("IPv4") && name.contains("追加の申請")));
        assert!(names(Service::Eligibility).iter().any(|name| name.contains("承継に係る申請")));
        assert_eq!(Notification::by_key(Service::Eligibility, "change"), None);
        assert_eq!(Notification::by_key(Service::Claims, "succession"), None);
        let same = mistakes(Service::Claims, Notification::ChangeOfCode, &[("former_code", "1312345678")]);
        assert!(same[0].field == "former_code" && same[0].japanese.contains("2:登録内容変更"), "{same:?}");
        let read =
            read(Service::Eligibility, Notification::Succession, &with(&[("former_code", ""), ("name", ""), ("valid_from", "")]), TODAY);
        assert!(!read.unwrap().wish.renames());
    }

    #[test]
    fn every_other_field_is_read_and_named() {
        for (field, values) in [
            ("facility_code", ["", "131234567", "4812345678"].as_slice()),
            ("name", &["", "　"]),
            ("valid_from", &["", "明日", "1990-01-01", "2030-01-01"]),
            ("line_since", &["不明"]),
            ("provider", &["", "ntt"]),
            ("applicant", &[""]),
            ("mail", &["", "taro", "taro@", "taro@example.jp\nBcc: x@example.jp"]),
        ] {
            for value in values {
                assert_eq!(only(Service::Eligibility, &[(field, value)]).0, field, "{value}");
            }
        }
        let wide = read(Service::Claims, Notification::New, &with(&[("mail", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ")]), TODAY).unwrap();
        assert_eq!(wide.wish.mail, "taro@example.jp");
        assert_eq!(only(Service::Claims, &[("shared", "yes"), ("shared_with", "")]).0, "shared_with");
        assert_eq!(only(Service::Claims, &[("shared", "yes"), ("shared_with", "1312345678")]).0, "shared_with");
        assert!(mistakes(Service::Claims, Notification::New, &[("shared", "no"), ("shared_with", "x")]).is_empty());
        // An empty form names each field once.
        let all = read(Service::Eligibility, Notification::New, &Fields::new(), TODAY).unwrap_err();
        let named: Vec<_> = all.iter().map(|mistake| mistake.field).collect();
        let wanted =
            ["facility_code", "name", "valid_from", "provider", "line_kind", "line_id", "line_type", "option6", "applicant", "mail"];
        assert_eq!(named, wanted);
    }

    #[test]
    fn a_body_that_no_page_of_ours_sends_is_not_read() {
        assert_eq!(fields(b"a=1&a=2&b=%E5%8C%BB").unwrap(), Fields::from([("a".into(), "1".into()), ("b".into(), "医".into())]));
        assert!(fields(format!("a={}", "x".repeat(LONGEST_FIELD + 1)).as_bytes()).is_none());
        let many: String = (0..=MOST_FIELDS).map(|number| format!("f{number}=1&")).collect();
        assert!(fields(many.as_bytes()).is_none());
    }
}
