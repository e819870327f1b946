//! Reads single cells of a people CSV line and says, in one Japanese sentence, what is wrong with one and what to do. Never the value itself.

use jiff::civil::Date;

use super::csv::{Column, Kind};
use crate::register::Period;

/// Why a line cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The column it is about, when it is about one.
    pub(crate) column: Option<Column>,
    /// What is wrong and what to do.
    pub(crate) problem: String,
}

impl Fault {
    /// A fault of one column.
    pub(crate) fn of(column: Column, problem: impl Into<String>) -> Self {
        Self { column: Some(column), problem: problem.into() }
    }

    /// A fault of the line as a whole.
    pub(crate) fn line(problem: impl Into<String>) -> Self {
        Self { column: None, problem: problem.into() }
    }
}

/// Which column stands where, as the header row says.
pub(crate) struct Header(Vec<Column>);

impl Header {
    /// Reads the header row.
    pub(crate) fn read(cells: &[&str]) -> Result<Self, Fault> {
        let mut columns = Vec::with_capacity(cells.len());
        for (place, cell) in cells.iter().enumerate() {
            let Some(column) = Column::named(cell) else {
                let known = Column::ALL.map(Column::name).join(", ");
                return Err(Fault::line(format!(
                    "見出し行の{}列目の名前は使えません。1行目には列の名前を書いてください。使える列: {known}",
                    place + 1
                )));
            };
            if columns.contains(&column) {
                return Err(Fault::of(column, "見出し行に同じ列が二つあります。一つにしてください。"));
            }
            columns.push(column);
        }
        match [Column::Record, Column::Person].into_iter().find(|needed| !columns.contains(needed)) {
            Some(missing) => Err(Fault::of(missing, "見出し行にこの列がありません。加えてください。")),
            None => Ok(Self(columns)),
        }
    }
}

/// The cells of one line, by column.
pub(crate) struct Line<'a> {
    values: [&'a str; Column::ALL.len()],
}

/// A text longer than any a card can hold.
const MAX_TEXT: usize = 200;

impl<'a> Line<'a> {
    /// Gives each cell its column.
    pub(crate) fn new(header: &Header, cells: &[&'a str]) -> Result<Self, Fault> {
        if cells.len() != header.0.len() {
            let (found, wanted) = (cells.len(), header.0.len());
            return Err(Fault::line(format!("列の数が{found}です。見出し行と同じ{wanted}にしてください。")));
        }
        let mut values = [""; Column::ALL.len()];
        for (column, cell) in header.0.iter().zip(cells) {
            if let Some(value) = values.get_mut(*column as usize) {
                *value = cell;
            }
        }
        Ok(Self { values })
    }

    /// The kind of the line, after its cells were held against it.
    pub(crate) fn kind(&self) -> Result<Kind, Fault> {
        let Some(kind) = Kind::named(self.raw(Column::Record)) else {
            let known = Kind::ALL.map(Kind::name).join(", ");
            return Err(Fault::of(Column::Record, format!("行の種類が違います。次のどれかにしてください: {known}")));
        };
        for column in Column::ALL {
            let filled = !self.raw(column).is_empty();
            if !filled && kind.required().contains(&column) {
                return Err(Fault::of(column, "値がありません。入れてください。"));
            }
            if filled && !kind.required().contains(&column) && !kind.optional().contains(&column) {
                return Err(Fault::of(column, format!("{}の行では使わない列です。空にしてください。", kind.name())));
            }
        }
        Ok(kind)
    }

    /// The cell as it was written; empty when the column is absent.
    pub(crate) fn raw(&self, column: Column) -> &'a str {
        self.values.get(column as usize).copied().unwrap_or_default()
    }

    /// A text for showing.
    pub(crate) fn text(&self, column: Column) -> Result<Option<String>, Fault> {
        let text = self.raw(column);
        if text.chars().count() > MAX_TEXT {
            return Err(Fault::of(column, format!("長すぎます。{MAX_TEXT}文字以内にしてください。")));
        }
        if text.chars().any(char::is_control) {
            return Err(Fault::of(column, "制御文字（改行やタブなど）が入っています。取り除いてください。"));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// A text that is known to be there.
    pub(crate) fn needed(&self, column: Column) -> Result<String, Fault> {
        self.text(column)?.ok_or_else(|| Fault::of(column, "値がありません。入れてください。"))
    }

    /// A day, `yyyyMMdd`.
    pub(crate) fn day(&self, column: Column) -> Result<Option<Date>, Fault> {
        match self.raw(column) {
            "" => Ok(None),
            text => wire::date::parse_date(text).map(Some).map_err(|mistake| Fault::of(column, format!("値{mistake}"))),
        }
    }

    /// A day that is known to be there.
    pub(crate) fn needed_day(&self, column: Column) -> Result<Date, Fault> {
        self.day(column)?.ok_or_else(|| Fault::of(column, "値がありません。入れてください。"))
    }

    /// A value of a code table.
    pub(crate) fn code(&self, column: Column, table: &Table) -> Result<Option<String>, Fault> {
        let code = self.raw(column);
        if code.is_empty() || (table.knows)(code) {
            return Ok((!code.is_empty()).then(|| code.to_owned()));
        }
        Err(Fault::of(column, format!("値が{}の表にありません。{}のどれかにしてください。", table.name, (table.codes)())))
    }

    /// A value of a code table that is known to be there.
    pub(crate) fn needed_code(&self, column: Column, table: &Table) -> Result<String, Fault> {
        self.code(column, table)?.ok_or_else(|| Fault::of(column, "値がありません。入れてください。"))
    }

    /// A number of yen, or another text of digits alone.
    pub(crate) fn digits(&self, column: Column) -> Result<Option<String>, Fault> {
        match self.text(column)? {
            Some(text) if !text.bytes().all(|byte| byte.is_ascii_digit()) => Err(Fault::of(column, "数字だけにしてください。")),
            text => Ok(text),
        }
    }

    /// A share to pay in percent, three digits.
    pub(crate) fn ratio(&self) -> Result<Option<String>, Fault> {
        match self.raw(Column::Ratio) {
            "" => Ok(None),
            ratio @ ("010" | "020" | "030") => Ok(Some(ratio.to_owned())),
            _ => Err(Fault::of(Column::Ratio, "負担割合は010、020、030のどれかにしてください。")),
        }
    }

    /// The days on which a certificate is valid.
    pub(crate) fn period(&self) -> Result<Period, Fault> {
        let (from, to) = (self.needed_day(Column::ValidFrom)?, self.day(Column::ValidTo)?);
        in_order(Some(from), to)?;
        Ok(Period { issued: self.day(Column::Issued)?, from, to })
    }
}

/// Refuses a time of validity that ends before it begins.
pub(crate) fn in_order(from: Option<Date>, to: Option<Date>) -> Result<(), Fault> {
    match from.zip(to) {
        Some((from, to)) if to < from => Err(Fault::of(Column::ValidTo, "有効終了日が有効開始日より前です。日付を確かめてください。")),
        _ => Ok(()),
    }
}

/// A code table, as far as a reader of cells needs it.
pub(crate) struct Table {
    name: &'static str,
    knows: fn(&str) -> bool,
    codes: fn() -> String,
}

macro_rules! tables {
    ($($name:ident = $table:ident),* $(,)?) => {$(
        pub(crate) const $name: Table = Table {
            name: wire::code::$table::TABLE,
            knows: |code| wire::code::$table::from_code(code).is_some(),
            codes: || wire::code::$table::ALL.iter().map(|value| value.code()).collect::<Vec<_>>().join("、"),
        };
    )*};
}
tables! {
    SEX = Sex,
    REASON_OF_LOSS = ReasonOfLoss,
    RELATION = PersonalFamily,
    CARD = CardClassification,
    LIMIT_CLASS = LimitCertificate,
    LIMIT_BAND = LimitClassification,
    DISEASE = SpecificDisease,
    TICKET = TicketType,
    TREATMENT = TreatmentType,
    USE = SingleOrCombined,
}
