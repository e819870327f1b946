//! Draws counts as columns, without a script: what an operator sees of the certificates' ends and of the renewals ahead.

/// A drawing of columns, in pixels.
pub(crate) struct Figure {
    pub(crate) title: &'static str,
    pub(crate) about: &'static str,
    pub(crate) csv: &'static str,
    /// The same for whoever cannot see it.
    pub(crate) said: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The line that the columns stand on.
    pub(crate) ground: u32,
    /// Where the labels stand.
    pub(crate) below: u32,
    pub(crate) bars: Vec<Bar>,
}

/// One column.
pub(crate) struct Bar {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) middle: u32,
    pub(crate) above: u32,
    pub(crate) fill: &'static str,
    pub(crate) label: String,
    pub(crate) count: usize,
    /// Whether its label has room.
    pub(crate) named: bool,
}

const STEP: u32 = 34;
const COLUMN: u32 = 26;
const TALLEST: u32 = 180;
const GROUND: u32 = 200;
/// Every so many columns one is named.
const NAMED: usize = 3;
const CALM: &str = "#0017c1";
const URGENT: &str = "#ce0000";

/// Draws columns; the first `urgent` of them stand out.
pub(crate) fn columns(
    (title, about, csv): (&'static str, &'static str, &'static str),
    counts: &[(String, usize)],
    urgent: usize,
) -> Figure {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let bars = counts.iter().enumerate().map(|(place, (label, count))| {
        let x = u32::try_from(place).unwrap_or(u32::MAX).saturating_mul(STEP).saturating_add(4);
        // A count that is not nothing is at least a line.
        let tall = usize::try_from(TALLEST).unwrap_or(0).saturating_mul(*count) / most;
        let height = u32::try_from(tall).unwrap_or(TALLEST).max(u32::from(*count > 0));
        let y = GROUND.saturating_sub(height);
        Bar {
            x,
            y,
            width: COLUMN,
            height,
            middle: x.saturating_add(COLUMN / 2),
            above: y.saturating_sub(4),
            fill: if place < urgent { URGENT } else { CALM },
            label: label.clone(),
            count: *count,
            named: place % NAMED == 0,
        }
    });
    let said: Vec<String> = counts.iter().filter(|(_, count)| *count > 0).map(|(label, count)| format!("{label}: {count}")).collect();
    Figure {
        title,
        about,
        csv,
        said: format!("{title} {}", said.join("、")),
        width: u32::try_from(counts.len()).unwrap_or(0).saturating_mul(STEP).saturating_add(8),
        height: GROUND + 24,
        ground: GROUND,
        below: GROUND + 16,
        bars: bars.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_tall_as_their_counts_and_one_certificate_is_seen_beside_thousands() {
        let counts = [("0".to_owned(), 1), ("30".to_owned(), 30_000), ("60".to_owned(), 15_000), ("90".to_owned(), 0)];
        let figure = columns(("t", "a", "c"), &counts, 1);
        let heights: Vec<u32> = figure.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [1, 180, 90, 0]);
        assert!(figure.bars.iter().all(|bar| bar.y + bar.height == GROUND && bar.x + bar.width < figure.width));
        assert_eq!((figure.bars[0].fill, figure.bars[1].fill), (URGENT, CALM));
        assert_eq!(figure.said, "t 0: 1、30: 30000、60: 15000");
        assert!(columns(("t", "a", "c"), &[], 0).bars.is_empty());
    }
}
