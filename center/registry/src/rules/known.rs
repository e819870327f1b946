//! Compares an application with what is registered: a line of somebody else, a line already there, a change of nothing (ID-08, ID-09, NW-13).

use jiff::civil::Date;
use manuals::domains::Service;

use super::form::Mistake;
use super::wish::{Notification, Wish};

/// How many applications of one day may name the same mail address.
pub const MAILS_A_DAY: i64 = 20;

/// What the registry knows about the things that an application names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The facility, if it is registered.
    pub facility: Option<KnownFacility>,
    /// The facility that is succeeded or renamed, if it is registered.
    pub former: Option<KnownFacility>,
    /// Who uses the line applied for, now or from a day to come.
    pub uses: Vec<Use>,
    /// Whether the same line is waiting to be approved for the same facility and service.
    pub waiting: bool,
    /// Applications of the last day that name this mail address.
    pub mails: i64,
}

/// A facility as far as applications ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFacility {
    /// The first day on which it no longer takes part, if that is known.
    pub valid_until: Option<Date>,
    /// The services and lines that it uses, now or from a day to come.
    pub lines: Vec<(Service, String)>,
}

/// One facility's use of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Whose.
    pub facility_code: String,
    /// For which service.
    pub service: Service,
    /// The key of the type under which the line is registered.
    pub line_type: String,
    /// `east` or `west`.
    pub region: String,
}

/// Every mistake that shows only beside what is registered.
#[must_use]
pub fn compare(wish: &Wish, known: &Known, today: Date) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    mistakes.extend(facility(wish, known, today));
    mistakes.extend(former(wish, known));
    mistakes.extend(line(wish, known));
    if known.mails >= MAILS_A_DAY {
        mistakes.push(Mistake::new(
            "mail",
            "このメールアドレスでの申請が一日の上限に達しました。明日、もう一度申請してください。",
            "Too many applications of one day name this address. Apply again tomorrow.",
        ));
    }
    mistakes
}

fn facility(wish: &Wish, known: &Known, today: Date) -> Option<Mistake> {
    let wrong = |japanese: String, english: &str| Some(Mistake::new("facility_code", japanese, english));
    let service = wish.service.label();
    match &known.facility {
        Some(facility) if facility.valid_until.is_some_and(|until| until <= today) => wrong(
            "この医療機関コードの利用は終わっています。移転や承継で新しいコードになったときは、新しいコードで申請してください。".to_owned(),
            "This facility no longer takes part. After a move or succession apply under the new code.",
        ),
        Some(facility) if wish.notification == Notification::New && facility.lines.iter().any(|(of, _)| *of == wish.service) => wrong(
            format!(
                "この医療機関コードは{service}にすでに登録されています。回線を増やすときは「{}」、回線が変わったときは変更の申請を選んでください。",
                Notification::AddedLine.label()
            ),
            "This facility is registered for this service. Choose one more line, or a change.",
        ),
        None if !wish.notification.may_found() || !wish.renames() && wish.notification == Notification::Succession => wrong(
            format!("この医療機関コードは登録されていません。初めての申請は「{}」を選んでください。", Notification::New.label()),
            "This facility is not registered. For a first application choose the first application.",
        ),
        None if wish.name.is_empty() => Some(Mistake::new(
            "name",
            "新しい医療機関コードの医療機関等の名称を書いてください。",
            "Write the name of the facility with the new code.",
        )),
        _ => None,
    }
}

fn former(wish: &Wish, known: &Known) -> Option<Mistake> {
    let code = wish.former()?;
    let field = if wish.renames() { "former_code" } else { "facility_code" };
    let facility = if wish.renames() { &known.former } else { &known.facility };
    let Some(facility) = facility else {
        // Of the facility itself it was said already.
        return wish.renames().then(|| {
            Mistake::new(
                field,
                "変更前の医療機関コードは登録されていません。番号を確かめてください。",
                "The former code is not registered.",
            )
        });
    };
    let line = wish.former_line_id.as_deref().unwrap_or_default();
    if !facility.lines.iter().any(|(service, id)| *service == wish.service && id == line) {
        return Some(Mistake::new(
            "former_line_id",
            format!(
                "このお客さまIDは、医療機関コード {code} の{}の回線として登録されていません。これまで使っていた回線のお客さまIDを確かめてください。",
                wish.service.label()
            ),
            "This line is not registered for the former facility and this service.",
        ));
    }
    None
}

fn line(wish: &Wish, known: &Known) -> Option<Mistake> {
    if known.waiting {
        return Some(Mistake::new(
            "line_id",
            "このお客さまIDの申請は受付済みで、承認を待っています。同じ申請を重ねて送る必要はありません。",
            "An application for this line is waiting already. There is no need to send it twice.",
        ));
    }
    if wish.former_line_id.as_deref() == Some(wish.line_id.as_str()) && !wish.renames() {
        return Some(Mistake::new(
            "line_id",
            "変更前と変更後のお客さまIDが同じです。新しい回線のお客さまIDを書いてください。",
            "Both line ids are the same. Write the id of the new line.",
        ));
    }
    let own = |used: &Use| used.facility_code == wish.facility_code;
    if known.uses.iter().any(|used| own(used) && used.service == wish.service) {
        return Some(Mistake::new(
            "line_id",
            format!("このお客さまIDは、この医療機関等の{}の回線としてすでに登録されています。申請は要りません。", wish.service.label()),
            "This line is registered for this facility and service already.",
        ));
    }
    let others: Vec<&Use> = known.uses.iter().filter(|used| !own(used) && wish.former() != Some(used.facility_code.as_str())).collect();
    if others.iter().any(|used| used.region != wish.region().key()) {
        return Some(Mistake::new(
            "line_id",
            format!(
                "このお客さまIDは別の地域の回線として登録されています（この医療機関等は{}）。実際に接続する回線のお客さまIDを確かめてください。",
                wish.region().label()
            ),
            "This line is registered in the other region. Check the id of the line that is really used.",
        ));
    }
    match &wish.shared_with {
        None if !others.is_empty() => Some(Mistake::new(
            "line_id",
            "このお客さまIDは、ほかの医療機関等の回線として登録されています。実際に接続する回線のお客さまIDか、書面で確かめてください。同じ敷地内の系列の\
             医療機関・薬局と 1 つの回線を共用するときは、「共用する」を選び、相手の医療機関コードを書いてください。",
            "This line is registered for another facility. Check the letter. If both share one line on one site, say so and write the other's code.",
        )),
        Some(partner) if !others.is_empty() && !others.iter().any(|used| used.facility_code == *partner) => Some(Mistake::new(
            "shared_with",
            "このお客さまIDの回線は、この医療機関コードでは登録されていません。共用する相手のコードと、お客さまIDを確かめてください。",
            "This line is not registered for that facility. Check its code and the line id.",
        )),
        _ => others.iter().find(|used| used.line_type != wish.line_type).map(|_| {
            Mistake::new(
                "line_type",
                "この回線は、共用する医療機関等では別の回線タイプで登録されています。契約書類で回線タイプを確かめてください。",
                "The other facility registered this line with another type. Check the contract.",
            )
        }),
    }
}
