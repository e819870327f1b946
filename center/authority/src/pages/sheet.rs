//! What every page of the authority is made of: parts with words, facts and at most one form each, and the mistakes beside their fields.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use chassis::page::{self, Frame, Language};
use registry::rules::form::Mistake;

/// A page.
#[derive(Template)]
#[template(path = "sheet.html")]
pub(crate) struct Sheet<'a> {
    pub(crate) l: Language,
    pub(crate) title: &'a str,
    pub(crate) mistakes: &'a [Mistake],
    pub(crate) parts: Vec<Part>,
}

/// A part of a page; what is empty is left out.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) heading: Option<String>,
    /// How the lines are framed: `note`, `success`, `warning`, `error`, or not at all.
    pub(crate) class: &'static str,
    pub(crate) lines: Vec<String>,
    /// Numbered steps.
    pub(crate) steps: Vec<String>,
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) form: Option<Form>,
    pub(crate) links: Vec<(String, String)>,
}

/// A form.
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) hidden: Vec<(&'static str, String)>,
    pub(crate) fields: Vec<Field>,
    pub(crate) buttons: Vec<Button>,
}

/// A field of a form.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    /// What was typed; nothing for what must not stand in a page.
    pub(crate) value: String,
    pub(crate) hint: String,
    /// The words beside a box to tick.
    pub(crate) tick: String,
}

/// How a field is filled in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Digits.
    Number,
    /// Letters and digits that stand on paper.
    Code,
    /// A name.
    Words,
    /// Several names, a line each.
    Area,
    /// A mail address.
    Mail,
    /// Digits that nobody shall read over the shoulder.
    Password,
    /// A box to tick.
    Tick,
}

impl Kind {
    pub(crate) fn input(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Mail => "email",
            _ => "text",
        }
    }

    pub(crate) fn mode(self) -> &'static str {
        match self {
            Self::Number | Self::Password => "numeric",
            Self::Mail => "email",
            _ => "text",
        }
    }

    pub(crate) fn autocomplete(self) -> &'static str {
        match self {
            Self::Mail => "email",
            Self::Password => "new-password",
            _ => "off",
        }
    }
}

/// A button.
pub(crate) struct Button {
    pub(crate) step: &'static str,
    pub(crate) text: String,
    pub(crate) second: bool,
}

impl Button {
    pub(crate) fn new(step: &'static str, text: &str) -> Self {
        Self { step, text: text.to_owned(), second: false }
    }

    pub(crate) fn second(self) -> Self {
        Self { second: true, ..self }
    }
}

impl Field {
    pub(crate) fn new(name: &'static str, label: &str, kind: Kind, value: &str) -> Self {
        Self { name, label: label.to_owned(), kind, value: value.to_owned(), hint: String::new(), tick: String::new() }
    }

    pub(crate) fn hint(self, hint: &str) -> Self {
        Self { hint: hint.to_owned(), ..self }
    }
}

impl Part {
    /// Words in a frame.
    pub(crate) fn said<T: Into<String>>(class: &'static str, lines: impl IntoIterator<Item = T>) -> Self {
        Self { class, lines: lines.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// What is known, by its labels.
    pub(crate) fn facts(heading: Option<&str>, facts: Vec<(String, String)>) -> Self {
        Self { heading: heading.map(str::to_owned), facts, ..Self::default() }
    }

    /// A form.
    pub(crate) fn form(form: Form) -> Self {
        Self { form: Some(form), ..Self::default() }
    }

    /// Ways on.
    pub(crate) fn links(links: Vec<(String, String)>) -> Self {
        Self { links, ..Self::default() }
    }
}

impl Sheet<'_> {
    fn mistake(&self, field: &str) -> Option<&Mistake> {
        self.mistakes.iter().find(|mistake| mistake.field == field)
    }

    fn said<'m>(&self, mistake: &'m Mistake) -> &'m str {
        self.l.choose(&mistake.japanese, &mistake.english)
    }

    /// The page in its frame, under the name of its service.
    pub(crate) fn show(&self, status: StatusCode, service: &str) -> Response {
        page::show(status, &Frame { language: self.l, service, title: self.title, form_targets: &[] }, self)
    }
}
