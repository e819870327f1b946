//! The fields of the application forms as a page shows them: label, hint, choices, what was typed and what is wrong with it.

use chassis::page::Language;
use manuals::domains::Service;
use manuals::line_type::{self, Area};
use manuals::{Region, line_id};

use crate::rules::form::{Fields, Mistake};
use crate::rules::wish::{Notification, Option6, Provider};

/// A part of a form under its own heading.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) fields: Vec<Field>,
}

/// One field.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hints: Vec<String>,
    pub(crate) kind: Kind,
    /// What was typed or chosen.
    pub(crate) value: String,
    /// What is wrong with it.
    pub(crate) mistake: Option<String>,
    /// Where the reader is put: the first mistake.
    pub(crate) focused: bool,
}

/// How a field is filled in.
pub(crate) enum Kind {
    /// A line of text, with what a browser may fill in by itself.
    Text { mode: &'static str, autocomplete: &'static str },
    /// A day.
    Day,
    /// One of a few.
    Choice(Vec<Choice>),
    /// One of many, in groups.
    List(Vec<(&'static str, Vec<Choice>)>),
}

/// One of several.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) text: String,
    pub(crate) chosen: bool,
}

/// Makes the sections of a form.
pub(crate) struct Sheet<'a> {
    pub(crate) service: Service,
    pub(crate) notification: Notification,
    pub(crate) language: Language,
    pub(crate) typed: &'a Fields,
    pub(crate) mistakes: &'a [Mistake],
}

const CODE: Kind = Kind::Text { mode: "numeric", autocomplete: "off" };
const ID: Kind = Kind::Text { mode: "text", autocomplete: "off" };

impl Sheet<'_> {
    /// The whole form, in the order in which its mistakes are named.
    pub(crate) fn sections(&self) -> Vec<Section> {
        let t = |japanese, english| self.language.choose(japanese, english);
        let mut sections = vec![Section { title: t("医療機関等", "The facility"), fields: self.facility() }];
        if self.notification.replaces() {
            sections.push(Section { title: t("これまでの登録", "Registered until now"), fields: self.former() });
        }
        sections.push(Section { title: t("接続に利用する回線", "The line"), fields: self.line() });
        sections.push(Section { title: t("申請する方", "The applicant"), fields: self.applicant() });
        sections
    }

    fn field(&self, name: &'static str, (japanese, english): (&'static str, &'static str), hints: Vec<String>, kind: Kind) -> Field {
        let mistake = self.mistakes.iter().find(|mistake| mistake.field == name);
        Field {
            name,
            label: self.language.choose(japanese, english),
            hints,
            kind,
            value: self.typed.get(name).cloned().unwrap_or_default(),
            mistake: mistake.map(|mistake| self.said(mistake)),
            focused: self.mistakes.first().is_some_and(|first| first.field == name),
        }
    }

    /// A mistake in the reader's language.
    pub(crate) fn said(&self, mistake: &Mistake) -> String {
        self.language.choose(&mistake.japanese, &mistake.english).clone()
    }

    fn hint(&self, japanese: &str, english: &str) -> Vec<String> {
        vec![self.language.choose(japanese, english).to_owned()]
    }

    fn choice(&self, name: &str, value: &'static str, text: String) -> Choice {
        Choice { value, text, chosen: self.typed.get(name).is_some_and(|typed| typed == value) }
    }

    fn facility(&self) -> Vec<Field> {
        let code = if self.notification.may_rename() {
            ("医療機関コード（変更後）", "Facility code (from now on)")
        } else {
            ("医療機関コード", "Facility code")
        };
        let hint = self.hint("数字 10 桁。例: 1312345678", "Ten digits, such as 1312345678");
        let mut fields = vec![self.field("facility_code", code, hint, CODE)];
        if self.notification.may_found() {
            let optional = self.notification == Notification::Succession;
            let hint = if optional {
                self.hint("医療機関コードが変わるときだけ書いてください。", "Only if the code changes.")
            } else {
                Vec::new()
            };
            let kind = Kind::Text { mode: "text", autocomplete: "organization" };
            fields.push(self.field("name", ("医療機関等の名称", "Name of the facility"), hint.clone(), kind));
            fields.push(self.field("valid_from", ("利用を始める日", "First day"), hint, Kind::Day));
        }
        fields
    }

    fn former(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        if self.notification.may_rename() {
            let hint = match self.notification {
                Notification::Succession => self.hint("変わらないときは空けておいてください。", "Leave it empty if it does not change."),
                _ => Vec::new(),
            };
            fields.push(self.field("former_code", ("医療機関コード（変更前）", "Facility code (until now)"), hint, CODE));
        }
        fields.push(self.field("former_line_id", ("お客さまID（変更前）", "Line id (until now)"), Vec::new(), ID));
        fields
    }

    fn line(&self) -> Vec<Field> {
        let providers = Provider::ALL.map(|provider| {
            self.choice("provider", provider.key(), self.language.choose(provider.label().0, provider.label().1).to_owned())
        });
        let kind = line_id::line_kind(self.service);
        let kinds = [Some(kind.right), kind.mistakes.first().copied(), kind.mistakes.get(1).copied()];
        let kinds =
            ["1", "2", "3"].into_iter().zip(kinds).filter_map(|(value, text)| Some(self.choice("line_kind", value, text?.to_owned())));
        let mut fields = vec![
            self.field("provider", ("回線の契約先", "Contracted with"), Vec::new(), Kind::Choice(providers.into())),
            self.field(
                "line_kind",
                ("電気通信回線種別", "Line kind (電気通信回線種別)"),
                self.hint(
                    "フレッツ光もコラボ光も 1 です。異なると接続できません。",
                    "1 for FLET'S Hikari and for collab lines. With any other it cannot connect.",
                ),
                Kind::Choice(kinds.collect()),
            ),
            self.field("line_id", ("お客さまID（回線ID）", "Line id (お客さまID)"), self.where_the_id_is(), ID),
            self.field("line_type", ("回線タイプ", "Line type"), self.about_the_type(), Kind::List(self.types())),
            self.field("line_since", ("回線を申し込んだ日（分かるとき）", "Line applied for on (if known)"), Vec::new(), Kind::Day),
        ];
        if self.service == Service::Eligibility {
            let answers = Option6::ALL
                .map(|answer| self.choice("option6", answer.key(), self.language.choose(answer.label().0, answer.label().1).to_owned()));
            fields.push(self.field(
                "option6",
                ("フレッツ・v6オプション", "v6 option"),
                self.about_the_option(),
                Kind::Choice(answers.into()),
            ));
        }
        let shared = vec![
            self.choice("shared", "no", self.language.choose("共用しない", "Not shared").to_owned()),
            self.choice(
                "shared",
                "yes",
                self.language.choose("同じ敷地内の系列の医療機関・薬局と 1 つの回線を共用する", "Shared on one site").to_owned(),
            ),
        ];
        fields.push(self.field("shared", ("回線の共用", "Sharing"), Vec::new(), Kind::Choice(shared)));
        let hint = self.hint("共用するときだけ書いてください。", "Only if the line is shared.");
        fields.push(self.field("shared_with", ("共用する相手の医療機関コード", "Code of the other facility"), hint, CODE));
        fields
    }

    fn where_the_id_is(&self) -> Vec<String> {
        let mut hints = self.hint(
            "CAF と数字 10 桁（東日本では COP と数字 8 桁もあります）。半角の大文字と数字です。",
            "CAF and ten digits; in the east also COP and eight digits.",
        );
        if self.language == Language::Japanese {
            hints.extend(Region::ALL.map(|region| {
                format!(
                    "{}: {}（{}）。コラボ光は光コラボレーション事業者の書面。",
                    region.label(),
                    line_id::where_to_look(region).join("、"),
                    line_id::explained_at(region)
                )
            }));
        }
        hints
    }

    fn about_the_type(&self) -> Vec<String> {
        let hotline = line_type::hotline();
        vec![self.language.choose(
            format!("分からないときは {}（{}）、コラボ光は光コラボレーション事業者へ。", hotline.phone, hotline.hours),
            format!("If unknown ask {} or the collaborating operator.", hotline.phone),
        )]
    }

    fn about_the_option(&self) -> Vec<String> {
        let from = |region: Region| format!("{}は {} 以降", region.label(), line_type::v6_option_default_from(region));
        let [east, west] = Region::ALL.map(from);
        vec![self.language.choose(
            format!("{east}、{west}に申し込んだ回線と、フレッツ 光クロスには初めから付いています。"),
            "Lines applied for since then, and FLET'S Hikari Cross, have it.".to_owned(),
        )]
    }

    fn types(&self) -> Vec<(&'static str, Vec<Choice>)> {
        let t = |japanese, english| self.language.choose(japanese, english);
        let group = |area| {
            line_type::all()
                .iter()
                .filter(|found| found.area == area)
                .map(|found| self.choice("line_type", found.key, found.name.to_owned()))
                .collect()
        };
        vec![
            (t("東日本・西日本", "East and west"), group(Area::Common)),
            (t("東日本だけ", "East only"), group(Area::East)),
            (t("西日本だけ", "West only"), group(Area::West)),
            (
                t("そのほか", "Else"),
                vec![self.choice("line_type", "unknown", t("一覧にない・分からない", "Not listed, or unknown").to_owned())],
            ),
        ]
    }

    fn applicant(&self) -> Vec<Field> {
        let hint = self.hint("申請番号と確認の言葉を、自動返信でこの宛先へ送ります。", "Number and secret are sent there at once.");
        vec![
            self.field("applicant", ("お名前", "Name"), Vec::new(), Kind::Text { mode: "text", autocomplete: "name" }),
            self.field("mail", ("メールアドレス", "Mail address"), hint, Kind::Text { mode: "email", autocomplete: "email" }),
        ]
    }
}
