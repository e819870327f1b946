//! Brings a people CSV into the register: all of it at one moment, or nothing.

use jiff::Timestamp;
use tokio::io::AsyncRead;

use super::cells::{Fault, Header};
use super::csv::{Column, Splitter, Torn};
use super::entry::{Assembly, Entry, Insurer};
use super::lines::Lines;
use crate::error::Error;
use crate::store::{Importing, Store};

/// How many persons are written at a time.
const BATCH: usize = 2000;
/// How many refused lines a report shows; all are counted.
const SHOWN: usize = 100;

/// How a people CSV is brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportOptions {
    /// Replace the register as a whole. Otherwise persons are added, and those the register has are replaced.
    pub replace: bool,
    /// Take the persons whose lines are all good and leave out the others. Otherwise one refused line refuses the file.
    pub accept_good_lines: bool,
}

/// One line that cannot be taken. It never repeats what the line says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Refusal {
    /// The line's number; the header row is 1.
    pub line: u64,
    /// The column it is about, when it is about one.
    pub column: Option<&'static str>,
    /// What is wrong and what to do, one or two Japanese sentences.
    pub problem: String,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct ImportReport {
    /// Whether the register was changed.
    pub applied: bool,
    /// Lines read, the header row included.
    pub lines: u64,
    /// Insurers taken.
    pub insurers: u64,
    /// Persons taken.
    pub persons: u64,
    /// Qualifications taken.
    pub qualifications: u64,
    /// Persons left out because a line of theirs was refused.
    pub persons_left_out: u64,
    /// Lines refused, all of them.
    pub refused: u64,
    /// The first hundred refused lines, in their order.
    pub refusals: Vec<Refusal>,
}

impl ImportReport {
    fn refuse(&mut self, line: u64, fault: Fault) {
        self.refused += 1;
        let place = self.refusals.partition_point(|refusal| refusal.line <= line);
        if place < SHOWN {
            self.refusals.insert(place, Refusal { line, column: fault.column.map(Column::name), problem: fault.problem });
            self.refusals.truncate(SHOWN);
        }
    }
}

/// Reads `csv` and brings it in; `progress` is told the number of lines read from time to time.
pub(crate) async fn import<R>(
    store: &Store,
    csv: R,
    options: ImportOptions,
    now: Timestamp,
    progress: impl FnMut(u64) + Send,
) -> Result<ImportReport, Error>
where
    R: AsyncRead + Unpin + Send,
{
    let mut lines = Lines::new(csv);
    let mut splitter = Splitter::new();
    let mut report = ImportReport { lines: 1, ..ImportReport::default() };
    lines.fill().await.map_err(Error::Source)?;
    let first = lines.next().unwrap_or_default();
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    let header = match splitter.split(first).map_err(torn).and_then(|cells| header(&cells)) {
        Ok(header) => header,
        Err(fault) => {
            report.refuse(1, fault);
            return Ok(report);
        }
    };
    let importing = store.begin_import(options.replace).await?;
    let assembly = Assembly::new(header, chassis::clock::japan_date(now), importing.insurers().clone());
    let mut run = Run { importing, assembly, options, report, insurers: Vec::new(), entries: Vec::new() };
    let whole = run.body(&mut lines, &mut splitter, progress).await?;
    run.report.persons_left_out += run.assembly.left_out();
    if whole && run.goes_on() {
        run.complete().await?;
    }
    if whole && run.goes_on() {
        run.importing.count(now).await?;
        run.report.applied = true;
    } else {
        run.importing.give_up().await?;
    }
    Ok(run.report)
}

fn header(cells: &[&str]) -> Result<Header, Fault> {
    if cells.is_empty() {
        return Err(Fault::line("ファイルか1行目が空です。1行目に見出しのある人のCSVを渡してください。"));
    }
    Header::read(cells)
}

/// An import under way.
struct Run {
    importing: Importing,
    assembly: Assembly,
    options: ImportOptions,
    report: ImportReport,
    /// Read and not yet written.
    insurers: Vec<Insurer>,
    /// Read and not yet written.
    entries: Vec<Entry>,
}

impl Run {
    /// Reads every line after the header. False when the file cannot be read as text to its end.
    async fn body<R>(&mut self, lines: &mut Lines<R>, splitter: &mut Splitter, mut progress: impl FnMut(u64)) -> Result<bool, Error>
    where
        R: AsyncRead + Unpin,
    {
        loop {
            while let Some(line) = lines.next() {
                self.report.lines += 1;
                match splitter.split(line) {
                    Ok(cells) if cells.is_empty() => {}
                    Ok(cells) => self.line(&cells),
                    Err(mistake) => {
                        let fault = self.assembly.spoil(torn(mistake));
                        self.report.refuse(self.report.lines, fault);
                        if mistake == Torn::NotUtf8 {
                            return Ok(false);
                        }
                    }
                }
                if self.entries.len() >= BATCH {
                    self.write().await?;
                }
            }
            progress(self.report.lines);
            if !lines.fill().await.map_err(Error::Source)? {
                break;
            }
        }
        self.entries.extend(self.assembly.finish().map(|entry| *entry));
        self.write().await?;
        Ok(true)
    }

    fn line(&mut self, cells: &[&str]) {
        let step = self.assembly.take(self.report.lines, cells);
        self.entries.extend(step.ended.map(|entry| *entry));
        match step.taken {
            Ok(insurer) => self.insurers.extend(insurer),
            Err(fault) => self.report.refuse(self.report.lines, fault),
        }
    }

    /// Whether what was read so far may still come into the register.
    fn goes_on(&self) -> bool {
        self.report.refused == 0 || self.options.accept_good_lines
    }

    async fn write(&mut self) -> Result<(), Error> {
        let (insurers, entries) = (std::mem::take(&mut self.insurers), std::mem::take(&mut self.entries));
        if !self.goes_on() {
            return Ok(());
        }
        self.report.insurers += count(insurers.len());
        self.report.persons += count(entries.len());
        self.report.qualifications += entries.iter().map(|entry| count(entry.dossier.qualifications.len())).sum::<u64>();
        self.importing.put(insurers, entries).await
    }

    /// Ends the writing; now it is known who stands twice.
    async fn complete(&mut self) -> Result<(), Error> {
        let whole = self.importing.complete().await?;
        for line in &whole.again {
            self.report
                .refuse(*line, Fault::of(Column::Person, "同じ人がこのファイルに二度あります。一人の行は一か所にまとめてください。"));
        }
        self.report.persons -= count(whole.again.len());
        self.report.persons_left_out += count(whole.again.len());
        self.report.qualifications -= whole.qualifications_again;
        Ok(())
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn torn(mistake: Torn) -> Fault {
    Fault::line(match mistake {
        Torn::OpenQuote => "引用符（\"）が閉じていません。同じ行の中で閉じてください。値の中で改行はできません。",
        Torn::LineBreak => "行の途中に改行（CR）があります。取り除いてください。",
        Torn::TooLong => "行が長すぎるか、列が多すぎます。1行は16KBまでです。",
        Torn::NotUtf8 => {
            "文字コードがUTF-8ではありません（Shift_JISの可能性があります）。UTF-8で保存し直してください。ここから先は読んでいません。"
        }
    })
}
