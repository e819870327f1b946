//! Turns the center's answer into rows that a person at the front desk can read.

use jiff::civil::{Date, DateTime};
use wire::check::{
    CheckResult, ElderlyRecipientCertificate, LimitApplicationCertificate, MedicalTicket, QualificationRecord, SpecificDiseasesCertificate,
};
use wire::code::{
    CardClassification, Consent, LimitCertificate, LimitClassification, LimitConsent, PersonalFamily, Preschool, ProcessingStatus,
    ReasonOfLoss, Segment, Sex, SpecificDisease, TicketType, TreatmentType, Validity,
};
use wire::date;

/// A label and its value, both as shown.
pub type Row = (&'static str, String);

/// The answer as rows, most important first; values that are not there have no row. Codes unknown to this version are shown as they came.
#[must_use]
pub fn rows(result: &CheckResult) -> Vec<Row> {
    let mut table = Table::default();
    let (header, body) = (&result.header, &result.body);
    if header.segment_of_result != Segment::Normal.code() {
        table.text("処理結果", &Some(named(Segment::from_code, Segment::label, &header.segment_of_result)));
    } else if body.status != ProcessingStatus::Normal.code() {
        table.text("処理結果", &Some(named(ProcessingStatus::from_code, ProcessingStatus::label, &body.status)));
    }
    table.code("資格有効性", &body.validity, Validity::from_code, Validity::label);
    table.text("コード", &header.error_code);
    table.text("内容", &header.error_message);
    table.text("コード", &body.code);
    table.text("内容", &body.message);
    table.date("資格確認日", &Some(header.confirmation_date.clone()));
    let several = body.records.len() > 1;
    for (place, record) in body.records.iter().enumerate() {
        if several {
            table.text("資格", &Some(format!("{}件目", place + 1)));
        }
        table.record(record);
    }
    table.0
}

#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn text(&mut self, label: &'static str, value: &Option<String>) {
        if let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) {
            self.0.push((label, value.to_owned()));
        }
    }

    fn code<T>(&mut self, label: &'static str, value: &Option<String>, find: fn(&str) -> Option<T>, name: fn(T) -> &'static str) {
        self.text(label, &value.as_ref().map(|code| named(find, name, code)));
    }

    fn date(&mut self, label: &'static str, value: &Option<String>) {
        self.text(label, &value.as_deref().map(shown_date));
    }

    fn span(&mut self, label: &'static str, from: &Option<String>, to: &Option<String>) {
        if from.is_some() || to.is_some() {
            let shown = |end: &Option<String>| end.as_deref().map(shown_date).unwrap_or_default();
            self.text(label, &Some(format!("{} ～ {}", shown(from), shown(to))));
        }
    }

    fn record(&mut self, record: &QualificationRecord) {
        self.code("区分", &Some(record.card_classification.clone()), CardClassification::from_code, CardClassification::label);
        self.text("氏名", &Some(record.name.clone()));
        self.text("氏名（その他）", &record.name_of_other);
        self.text("カナ", &record.name_kana);
        self.text("カナ（その他）", &record.name_of_other_kana);
        self.date("生年月日", &Some(record.birthdate.clone()));
        self.code("性別", &Some(record.sex1.clone()), Sex::from_code, Sex::label);
        self.code("性別（裏面）", &record.sex2, Sex::from_code, Sex::label);
        self.text("郵便番号", &record.post_number);
        self.text("住所", &record.address);
        self.text("保険者番号", &record.insurer_number);
        self.text("保険者", &Some(record.insurer_name.clone()));
        self.text("記号・番号・枝番", &Some(card(record)));
        self.code("本人・家族", &record.personal_family, PersonalFamily::from_code, PersonalFamily::label);
        self.text("世帯主・被保険者", &record.insured_name);
        self.text("負担割合", &record.contribution_ratio.as_deref().map(shown_ratio));
        self.code("未就学", &record.preschool, Preschool::from_code, Preschool::label);
        self.date("資格取得日", &record.qualification_date);
        self.date("資格喪失日", &record.disqualification_date);
        self.code("喪失事由", &record.reason_of_loss, ReasonOfLoss::from_code, ReasonOfLoss::label);
        self.date("交付日", &record.issuance_date);
        self.span("有効期間", &record.card_valid_date, &record.card_expiration_date);
        if let Some(elderly) = &record.elderly {
            self.elderly(elderly);
        }
        self.code("限度額情報の同意", &record.limit_consent, LimitConsent::from_code, LimitConsent::label);
        if let Some(limit) = &record.limit_certificate {
            self.limit(limit);
        }
        self.code("特定疾病の同意", &record.specific_diseases_consent, Consent::from_code, Consent::label);
        for disease in &record.specific_diseases {
            self.disease(disease);
        }
        for ticket in &record.medical_tickets {
            self.ticket(ticket);
        }
        self.text("照会番号", &record.reference_number);
    }

    fn elderly(&mut self, elderly: &ElderlyRecipientCertificate) {
        self.text("高齢受給者証 負担割合", &elderly.contribution_ratio.as_deref().map(shown_ratio));
        self.span("高齢受給者証 有効期間", &elderly.valid_start, &elderly.valid_end);
    }

    fn limit(&mut self, limit: &LimitApplicationCertificate) {
        self.code("限度額認定証", &limit.classification, LimitCertificate::from_code, LimitCertificate::label);
        self.code("限度額 適用区分", &limit.classification_flag, LimitClassification::from_code, LimitClassification::label);
        self.span("限度額 有効期間", &limit.valid_start, &limit.valid_end);
        self.date("限度額 長期入院該当日", &limit.long_term_date);
    }

    fn disease(&mut self, disease: &SpecificDiseasesCertificate) {
        self.code("特定疾病", &disease.category, SpecificDisease::from_code, SpecificDisease::label);
        self.span("特定疾病 有効期間", &disease.valid_start, &disease.valid_end);
        self.text("特定疾病 自己負担限度額", &disease.self_pay.as_ref().map(|yen| format!("{yen}円")));
    }

    fn ticket(&mut self, ticket: &MedicalTicket) {
        self.code("医療扶助", &ticket.ticket_type, TicketType::from_code, TicketType::label);
        self.text("医療扶助 診療年月", &ticket.treatment_month.as_deref().map(shown_month));
        self.code("医療扶助 診療別", &ticket.treatment_type, TreatmentType::from_code, TreatmentType::label);
        self.span("医療扶助 有効期間", &ticket.valid_date, &ticket.expiration_date);
        self.text("医療扶助 交付番号", &ticket.issue_number);
        self.text("医療扶助 指定医療機関", &ticket.designated_facility_name);
        self.text("医療扶助 本人支払額", &ticket.self_pay_amount.as_ref().map(|yen| format!("{yen}円")));
        self.text("医療扶助 福祉事務所担当", &ticket.handling_contact_name);
    }
}

fn named<T>(find: fn(&str) -> Option<T>, name: fn(T) -> &'static str, code: &str) -> String {
    find(code).map_or_else(|| format!("不明（{code}）"), |value| name(value).to_owned())
}

/// 記号・番号・枝番, with a bar where there is none.
fn card(record: &QualificationRecord) -> String {
    let part = |value: &Option<String>| value.as_deref().map(str::trim).filter(|value| !value.is_empty()).unwrap_or("－").to_owned();
    [part(&record.symbol), part(&record.number), part(&record.branch)].join("・")
}

/// `20260715` as `2026-07-15`; what is no date is shown as it came.
fn shown_date(text: &str) -> String {
    date::parse_date(text).map_or_else(|_| text.to_owned(), |day: Date| day.to_string())
}

fn shown_month(text: &str) -> String {
    date::parse_month(text).map_or_else(|_| text.to_owned(), |month: Date| month.strftime("%Y-%m").to_string())
}

/// `020` (percent) as `2割`.
fn shown_ratio(percent: &str) -> String {
    match percent.trim().parse::<u32>() {
        Ok(percent) if percent.is_multiple_of(10) => format!("{}割", percent / 10),
        _ => percent.to_owned(),
    }
}

/// When the center made the answer, as `2026-07-15 09:15:02`; empty if it says nothing readable.
#[must_use]
pub fn made_at(result: &CheckResult) -> String {
    date::parse_date_time(&result.header.process_execution_time)
        .map(|at: DateTime| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::check::{Echo, ResultBody};

    fn answered(validity: Validity, records: Vec<QualificationRecord>) -> CheckResult {
        let echo = Echo { confirmation_date: "20260715".to_owned(), ..Echo::unread("1310099999") };
        CheckResult::answer(jiff::civil::date(2026, 7, 15).at(9, 15, 2, 0), echo, validity, records)
    }

    fn value(rows: &[Row], label: &str) -> Option<String> {
        rows.iter().find(|(name, _)| *name == label).map(|(_, value)| value.clone())
    }

    #[test]
    fn a_valid_person_reads_like_a_card() {
        let record = QualificationRecord {
            card_classification: "01".into(),
            name: "架空　花子".into(),
            sex1: "2".into(),
            birthdate: "19800510".into(),
            insurer_name: "架空市".into(),
            number: Some("5501".into()),
            branch: Some("01".into()),
            contribution_ratio: Some("020".into()),
            limit_certificate: Some(LimitApplicationCertificate { classification_flag: Some("A03".into()), ..Default::default() }),
            specific_diseases: vec![SpecificDiseasesCertificate {
                category: Some("1".into()),
                self_pay: Some("10000".into()),
                ..Default::default()
            }],
            card_valid_date: Some("20240401".into()),
            ..Default::default()
        };
        let result = answered(Validity::Valid, vec![record]);
        let rows = rows(&result);
        assert_eq!(rows.first().unwrap(), &("資格有効性", "有効".to_owned()));
        for (label, shown) in [
            ("氏名", "架空　花子"),
            ("生年月日", "1980-05-10"),
            ("性別", "女"),
            ("記号・番号・枝番", "－・5501・01"),
            ("負担割合", "2割"),
            ("限度額 適用区分", "ウ"),
            ("特定疾病 自己負担限度額", "10000円"),
            ("有効期間", "2024-04-01 ～ "),
        ] {
            assert_eq!(value(&rows, label).map(|value| value.trim_end().to_owned()), Some(shown.trim_end().to_owned()), "{label}");
        }
        assert_eq!(value(&rows, "資格"), None);
        assert_eq!(made_at(&result), "2026-07-15 09:15:02");
    }

    #[test]
    fn a_refusal_shows_its_code_and_sentence_and_unknown_codes_stay_visible() {
        let refused = CheckResult::refusal(
            jiff::civil::date(2026, 7, 15).at(9, 0, 0, 0),
            Echo::unread("1310099999"),
            "OQSE3003E",
            "混み合っています。",
        );
        let shown = rows(&refused);
        assert_eq!(value(&shown, "処理結果").unwrap(), "異常終了");
        assert_eq!(value(&shown, "コード").unwrap(), "OQSE3003E");
        let mut newer = answered(Validity::Valid, vec![]);
        newer.body = ResultBody { validity: Some("8".into()), ..newer.body };
        assert_eq!(value(&rows(&newer), "資格有効性").unwrap(), "不明（8）");
    }

    #[test]
    fn several_qualifications_are_numbered() {
        let shown = rows(&answered(Validity::Several, vec![QualificationRecord::default(), QualificationRecord::default()]));
        assert_eq!(shown.iter().filter(|(label, _)| *label == "資格").count(), 2);
    }
}
