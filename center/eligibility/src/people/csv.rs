//! The columns of the people CSV and how a line of it is written and taken apart (described in `docs/people-csv.md`).

use std::fmt::Write as _;
use std::io;

use jiff::civil::Date;

/// One column of the people CSV; the order here is the order in which files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Column {
    Record,
    Person,
    InsurerNumber,
    InsurerName,
    Name,
    NameKana,
    NameOther,
    NameOtherKana,
    Sex,
    SexBack,
    Birthdate,
    PostNumber,
    Address,
    Card,
    Symbol,
    Number,
    Branch,
    Relation,
    InsuredName,
    QualificationDate,
    DisqualificationDate,
    ReasonOfLoss,
    Issued,
    ValidFrom,
    ValidTo,
    Ratio,
    Class,
    Band,
    LongTermDate,
    SelfPay,
    IssueNumber,
    TreatmentMonth,
    FacilityCode,
    FacilityName,
    TreatmentType,
    SingleOrCombined,
}

impl Column {
    /// Every column, in order.
    pub(crate) const ALL: [Self; 36] = [
        Self::Record,
        Self::Person,
        Self::InsurerNumber,
        Self::InsurerName,
        Self::Name,
        Self::NameKana,
        Self::NameOther,
        Self::NameOtherKana,
        Self::Sex,
        Self::SexBack,
        Self::Birthdate,
        Self::PostNumber,
        Self::Address,
        Self::Card,
        Self::Symbol,
        Self::Number,
        Self::Branch,
        Self::Relation,
        Self::InsuredName,
        Self::QualificationDate,
        Self::DisqualificationDate,
        Self::ReasonOfLoss,
        Self::Issued,
        Self::ValidFrom,
        Self::ValidTo,
        Self::Ratio,
        Self::Class,
        Self::Band,
        Self::LongTermDate,
        Self::SelfPay,
        Self::IssueNumber,
        Self::TreatmentMonth,
        Self::FacilityCode,
        Self::FacilityName,
        Self::TreatmentType,
        Self::SingleOrCombined,
    ];

    /// The name in the header row.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Person => "person",
            Self::InsurerNumber => "insurer_number",
            Self::InsurerName => "insurer_name",
            Self::Name => "name",
            Self::NameKana => "name_kana",
            Self::NameOther => "name_other",
            Self::NameOtherKana => "name_other_kana",
            Self::Sex => "sex",
            Self::SexBack => "sex_back",
            Self::Birthdate => "birthdate",
            Self::PostNumber => "post_number",
            Self::Address => "address",
            Self::Card => "card",
            Self::Symbol => "symbol",
            Self::Number => "number",
            Self::Branch => "branch",
            Self::Relation => "relation",
            Self::InsuredName => "insured_name",
            Self::QualificationDate => "qualification_date",
            Self::DisqualificationDate => "disqualification_date",
            Self::ReasonOfLoss => "reason_of_loss",
            Self::Issued => "issued",
            Self::ValidFrom => "valid_from",
            Self::ValidTo => "valid_to",
            Self::Ratio => "ratio",
            Self::Class => "class",
            Self::Band => "band",
            Self::LongTermDate => "long_term_date",
            Self::SelfPay => "self_pay",
            Self::IssueNumber => "issue_number",
            Self::TreatmentMonth => "treatment_month",
            Self::FacilityCode => "facility_code",
            Self::FacilityName => "facility_name",
            Self::TreatmentType => "treatment_type",
            Self::SingleOrCombined => "single_or_combined",
        }
    }

    /// The column of this name in the header row.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.name() == name)
    }
}

/// What a line of the people CSV is about, and so which columns it may fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A body that insures people (保険者).
    Insurer,
    /// A person; the lines after it up to the next person belong to it.
    Person,
    /// A qualification (資格) of the person above.
    Qualification,
    /// A limit-application certificate (限度額適用認定証) under the qualification above.
    Limit,
    /// An elderly-recipient certificate (高齢受給者証) under the qualification above.
    Elderly,
    /// A certificate for a specific disease (特定疾病療養受療証) under the qualification above.
    Disease,
    /// A medical ticket (医療券・調剤券) under the qualification above.
    Ticket,
}

impl Kind {
    /// Every kind, in the order in which the documentation shows them.
    pub(crate) const ALL: [Self; 7] =
        [Self::Insurer, Self::Person, Self::Qualification, Self::Limit, Self::Elderly, Self::Disease, Self::Ticket];

    /// The word in the `record` column.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Insurer => "insurer",
            Self::Person => "person",
            Self::Qualification => "qualification",
            Self::Limit => "limit",
            Self::Elderly => "elderly",
            Self::Disease => "disease",
            Self::Ticket => "ticket",
        }
    }

    /// The kind written as `name` in the `record` column.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The columns a line of this kind must fill.
    pub(crate) const fn required(self) -> &'static [Column] {
        use Column as C;
        match self {
            Self::Insurer => &[C::Record, C::InsurerNumber, C::InsurerName],
            Self::Person => &[C::Record, C::Person, C::Name, C::Sex, C::Birthdate],
            Self::Qualification => &[C::Record, C::Person, C::InsurerNumber, C::Card, C::Number, C::QualificationDate],
            Self::Limit => &[C::Record, C::Person, C::Class, C::Band, C::ValidFrom],
            Self::Elderly => &[C::Record, C::Person, C::Ratio, C::ValidFrom],
            Self::Disease => &[C::Record, C::Person, C::Class, C::ValidFrom],
            Self::Ticket => &[C::Record, C::Person, C::Class, C::ValidFrom, C::ValidTo],
        }
    }

    /// The columns a line of this kind may fill besides.
    pub(crate) const fn optional(self) -> &'static [Column] {
        use Column as C;
        match self {
            Self::Insurer => &[],
            Self::Person => &[C::NameKana, C::NameOther, C::NameOtherKana, C::SexBack, C::PostNumber, C::Address],
            Self::Qualification => &[
                C::Symbol,
                C::Branch,
                C::Relation,
                C::InsuredName,
                C::DisqualificationDate,
                C::ReasonOfLoss,
                C::Issued,
                C::ValidFrom,
                C::ValidTo,
                C::Ratio,
            ],
            Self::Limit => &[C::Issued, C::ValidTo, C::LongTermDate],
            Self::Elderly => &[C::Issued, C::ValidTo],
            Self::Disease => &[C::Issued, C::ValidTo, C::SelfPay],
            Self::Ticket => {
                &[C::IssueNumber, C::TreatmentMonth, C::FacilityCode, C::FacilityName, C::TreatmentType, C::SingleOrCombined, C::SelfPay]
            }
        }
    }
}

/// Writes lines of the people CSV; a cell that is not set stays empty.
pub(crate) struct LineWriter<W: io::Write> {
    sink: csv::Writer<W>,
    cells: [String; Column::ALL.len()],
}

impl<W: io::Write> LineWriter<W> {
    /// Writes the header row to `sink`.
    pub(crate) fn new(sink: W) -> Result<Self, csv::Error> {
        let mut sink = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(sink);
        sink.write_record(Column::ALL.map(Column::name))?;
        Ok(Self { sink, cells: std::array::from_fn(|_| String::new()) })
    }

    /// Starts a line of this kind.
    pub(crate) fn begin(&mut self, kind: Kind, person: &str) -> &mut Self {
        self.set(Column::Record, kind.name()).set(Column::Person, person)
    }

    /// Fills one cell of the line.
    pub(crate) fn set(&mut self, column: Column, value: &str) -> &mut Self {
        if let Some(cell) = self.cells.get_mut(column as usize) {
            cell.clear();
            cell.push_str(value);
        }
        self
    }

    /// Fills one cell with a day as `yyyyMMdd`, or leaves it empty.
    pub(crate) fn set_day(&mut self, column: Column, day: Option<Date>) -> &mut Self {
        if let (Some(cell), Some(day)) = (self.cells.get_mut(column as usize), day) {
            cell.clear();
            let _infallible = write!(cell, "{:04}{:02}{:02}", day.year(), day.month(), day.day());
        }
        self
    }

    /// Writes the line and empties the cells.
    pub(crate) fn end(&mut self) -> Result<(), csv::Error> {
        self.sink.write_record(&self.cells)?;
        self.cells.iter_mut().for_each(String::clear);
        Ok(())
    }

    /// Writes what is still buffered.
    pub(crate) fn finish(mut self) -> Result<(), csv::Error> {
        Ok(self.sink.flush()?)
    }
}

/// The longest line that is read, in bytes; ten times what the longest honest line needs.
pub(crate) const MAX_LINE_BYTES: usize = 16 * 1024;
/// More cells than a line can have.
const MAX_CELLS: usize = 64;

/// Takes lines apart into cells by the rules of RFC 4180, without line breaks inside cells.
pub(crate) struct Splitter {
    reader: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// Why a line cannot be taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Torn {
    /// A quotation mark is opened and not closed on the same line.
    OpenQuote,
    /// A line break stands inside the line.
    LineBreak,
    /// Longer than [`MAX_LINE_BYTES`], or of too many cells.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
}

impl Splitter {
    /// A splitter with its buffers.
    pub(crate) fn new() -> Self {
        Self { reader: csv_core::Reader::new(), text: vec![0; MAX_LINE_BYTES], ends: vec![0; MAX_CELLS] }
    }

    /// The cells of one line with its line break, blanks around each removed; none for a blank line.
    pub(crate) fn split(&mut self, line: &[u8]) -> Result<Vec<&str>, Torn> {
        if line.trim_ascii().is_empty() {
            return Ok(Vec::new());
        }
        self.reader.reset();
        let (result, read, _, count) = self.reader.read_record(line, &mut self.text, &mut self.ends);
        match result {
            csv_core::ReadRecordResult::Record if line.get(read..).is_some_and(|rest| rest.trim_ascii().is_empty()) => {}
            csv_core::ReadRecordResult::Record => return Err(Torn::LineBreak),
            csv_core::ReadRecordResult::InputEmpty | csv_core::ReadRecordResult::End => return Err(Torn::OpenQuote),
            csv_core::ReadRecordResult::OutputFull | csv_core::ReadRecordResult::OutputEndsFull => return Err(Torn::TooLong),
        }
        let mut cells = Vec::with_capacity(count);
        let mut from = 0;
        for &end in self.ends.iter().take(count) {
            let cell = self.text.get(from..end).unwrap_or_default();
            cells.push(std::str::from_utf8(cell).map_err(|_| Torn::NotUtf8)?.trim());
            from = end;
        }
        Ok(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_line_is_taken_apart_again() {
        let mut bytes = Vec::new();
        let mut writer = LineWriter::new(&mut bytes).unwrap();
        writer
            .begin(Kind::Person, "p-1")
            .set(Column::Name, "架空　\"花子\",")
            .set_day(Column::Birthdate, Some(jiff::civil::date(1980, 5, 10)));
        writer.end().unwrap();
        writer.finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.split_inclusive('\n');
        let mut splitter = Splitter::new();
        assert_eq!(splitter.split(lines.next().unwrap().as_bytes()).unwrap(), Column::ALL.map(Column::name));
        let cells = splitter.split(lines.next().unwrap().as_bytes()).unwrap();
        assert_eq!(cells.len(), Column::ALL.len());
        assert_eq!(cells[Column::Name as usize], "架空　\"花子\",");
        assert_eq!(cells[Column::Birthdate as usize], "19800510");
        assert_eq!(cells[Column::Address as usize], "");
    }

    #[test]
    fn both_kinds_of_line_end_and_blanks_around_cells_are_taken() {
        let mut splitter = Splitter::new();
        assert_eq!(splitter.split(b"a, b ,\r\n").unwrap(), ["a", "b", ""]);
        assert_eq!(splitter.split(b"a,\"b\"\n").unwrap(), ["a", "b"]);
        assert_eq!(splitter.split(b"  \r\n").unwrap(), Vec::<&str>::new());
    }

    #[test]
    fn torn_lines_are_named() {
        let mut splitter = Splitter::new();
        assert_eq!(splitter.split(b"a,\"b\n"), Err(Torn::OpenQuote));
        assert_eq!(splitter.split(b"a\rb,c\n"), Err(Torn::LineBreak));
        assert_eq!(splitter.split(b"\x83\x65,c\n"), Err(Torn::NotUtf8));
        let long = [vec![b'a'; MAX_LINE_BYTES + 1], vec![b'\n']].concat();
        assert_eq!(splitter.split(&long), Err(Torn::TooLong));
        assert_eq!(splitter.split(&[vec![b','; 100], vec![b'\n']].concat()), Err(Torn::TooLong));
        assert_eq!(splitter.split(b"a,b\n").unwrap(), ["a", "b"], "a torn line leaves nothing behind");
    }

    #[test]
    fn every_column_and_kind_is_found_by_its_name() {
        for column in Column::ALL {
            assert_eq!(Column::named(column.name()), Some(column));
            assert_eq!(Column::ALL[column as usize], column);
            assert!(Kind::ALL.iter().any(|kind| kind.required().contains(&column) || kind.optional().contains(&column)));
        }
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
    }
}
