//! Writes down what a clinic may see of one qualification on the asked day.

use jiff::civil::{Date, DateTime};
use wire::check::{
    ElderlyRecipientCertificate, LimitApplicationCertificate, MedicalTicket, QualificationRecord, SpecificDiseasesCertificate,
};
use wire::code::{LimitConsent, Preschool, Validity};
use wire::date::{format_date, format_date_time};

use super::Found;
use crate::register::{Disease, Elderly, Limit, Period, Person, Qualification, Ticket};

/// Whether the patient lets the clinic see the limit certificate, and since when, Japan time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Not given: the certificate is not shown.
    Refused,
    /// Given with the question.
    Given(DateTime),
}

/// The record of one qualification as it stands on `day`. Certificates are shown only while the qualification is valid.
/// `insurer_name` is the name of the body that insures.
pub(crate) fn record(found: &Found<'_>, held: &Qualification, insurer_name: &str, day: Date, consent: Consent) -> QualificationRecord {
    let under = &held.under;
    let mut record = identity(found.person, held, insurer_name, day);
    if let (Consent::Given(at), false) = (consent, held.is_assistance()) {
        record.limit_consent = Some(LimitConsent::Consented.code().to_owned());
        record.limit_consent_time = Some(format_date_time(at));
    }
    if found.validity != Validity::Valid {
        return record;
    }
    if consent != Consent::Refused {
        record.limit_certificate = in_force(&under.limits, day, |limit| limit.valid).map(limit_certificate);
        // A specific disease says more of a patient than any other value: never without the patient's word.
        record.specific_diseases = under.diseases.iter().filter(|disease| disease.valid.holds(day)).map(disease_certificate).collect();
    }
    record.elderly = in_force(&under.elderly, day, |elderly| elderly.valid).map(elderly_certificate);
    record.medical_tickets = under.tickets.iter().filter(|ticket| ticket.valid.holds(day)).map(medical_ticket).collect();
    record
}

fn identity(person: &Person, held: &Qualification, insurer_name: &str, day: Date) -> QualificationRecord {
    QualificationRecord {
        card_classification: held.card.clone(),
        insurer_number: Some(held.insurer.file_form()),
        symbol: held.symbol.clone(),
        number: Some(held.number.clone()),
        branch: held.branch.clone(),
        personal_family: held.relation.clone(),
        insured_name: held.insured_name.clone(),
        name: person.name.clone(),
        name_of_other: person.name_other.clone(),
        name_kana: person.name_kana.clone(),
        name_of_other_kana: person.name_other_kana.clone(),
        sex1: person.sex.clone(),
        sex2: person.sex_back.clone(),
        birthdate: format_date(person.birthdate),
        address: person.address.clone(),
        post_number: person.post_number.clone(),
        qualification_date: Some(format_date(held.acquired)),
        disqualification_date: held.lost.map(format_date),
        issuance_date: held.issued.map(format_date),
        card_valid_date: held.valid_from.map(format_date),
        card_expiration_date: held.valid_to.map(format_date),
        contribution_ratio: held.ratio.clone(),
        preschool: preschool(person.birthdate, day).then(|| Preschool::Preschool.code().to_owned()),
        reason_of_loss: held.reason_of_loss.clone(),
        insurer_name: insurer_name.to_owned(),
        ..QualificationRecord::default()
    }
}

/// Of the certificates valid on `day`, the one that began last; of these, the one issued last.
fn in_force<T>(certificates: &[T], day: Date, valid: impl Fn(&T) -> Period) -> Option<&T> {
    certificates.iter().filter(|one| valid(one).holds(day)).max_by_key(|one| (valid(one).from, valid(one).issued))
}

fn limit_certificate(limit: &Limit) -> LimitApplicationCertificate {
    LimitApplicationCertificate {
        classification: Some(limit.class.clone()),
        classification_flag: Some(limit.band.clone()),
        date: limit.valid.issued.map(format_date),
        valid_start: Some(format_date(limit.valid.from)),
        valid_end: limit.valid.to.map(format_date),
        long_term_date: limit.long_term.map(format_date),
    }
}

fn elderly_certificate(elderly: &Elderly) -> ElderlyRecipientCertificate {
    ElderlyRecipientCertificate {
        date: elderly.valid.issued.map(format_date),
        valid_start: Some(format_date(elderly.valid.from)),
        valid_end: elderly.valid.to.map(format_date),
        contribution_ratio: Some(elderly.ratio.clone()),
    }
}

fn disease_certificate(disease: &Disease) -> SpecificDiseasesCertificate {
    SpecificDiseasesCertificate {
        category: Some(disease.class.clone()),
        date: disease.valid.issued.map(format_date),
        valid_start: Some(format_date(disease.valid.from)),
        valid_end: disease.valid.to.map(format_date),
        self_pay: disease.self_pay.clone(),
    }
}

fn medical_ticket(ticket: &Ticket) -> MedicalTicket {
    MedicalTicket {
        ticket_type: Some(ticket.class.clone()),
        valid_date: Some(format_date(ticket.valid.from)),
        expiration_date: ticket.valid.to.map(format_date),
        issue_number: ticket.issue_number.clone(),
        treatment_month: ticket.treatment_month.clone(),
        designated_facility_code: ticket.facility_code.clone(),
        designated_facility_name: ticket.facility_name.clone(),
        treatment_type: ticket.treatment_type.clone(),
        self_pay_amount: ticket.self_pay.clone(),
        single_or_combined: ticket.single_or_combined.clone(),
        ..MedicalTicket::default()
    }
}

/// Before school (未就学): up to the 31st of March on or after the day before the sixth birthday, on which the law counts six years as complete.
fn preschool(birthdate: Date, day: Date) -> bool {
    let Ok(six) = birthdate.checked_add(jiff::Span::new().years(6)).and_then(|six| six.yesterday()) else { return false };
    let year = if (six.month(), six.day()) <= (3, 31) { six.year() } else { six.year().saturating_add(1) };
    birthdate <= day && Date::new(year, 3, 31).is_ok_and(|last| day <= last)
}
