//! Draws the way from the terminal to the center and marks the hop that is broken.

use crate::doctor::reason::{Diagnosis, State};
use crate::doctor::table::{Hop, Weight};
use std::fmt::Write;

/// What the four boxes are called, and what is drawn in them.
const BOXES: [(&str, &str); 4] = [
    ("端末", "M-26-18h52v32h-52zM-8 14h16v6h-16zM-16 20h32v4h-32z"),
    ("院内の通信機器", "M-28-2h56v20h-56zM-20-2v-20M20-2v-20M-20 8h4M-10 8h4M0 8h4"),
    ("回線", "M-30 18h60M-18 18v-30l18-10 18 10v30M0-22v40M-18-2h36"),
    ("センター", "M-24-22h48v12h-48zM-24-8h48v12h-48zM-24 6h48v12h-48zM14-16h4M14-2h4M14 12h4"),
];
/// Distance of one box from the next.
const STEP: i32 = 180;
const LEFT: i32 = 90;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Good,
    Broken,
    Weak,
    Unknown,
}

/// The drawing; its text says the same to who cannot see it.
pub(super) fn svg(diagnosis: &Diagnosis) -> String {
    let (boxes, links, told) = marks(diagnosis);
    let mut out = format!(
        "<svg viewBox=\"0 0 720 150\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{told}\" font-family=\"inherit\">\n<title>{told}</title>\n"
    );
    // Writing into a string cannot fail.
    let _written = draw(&mut out, &boxes, &links);
    out.push_str("</svg>\n");
    out
}

/// Which boxes and which links are good, broken, or not known; and that in words.
fn marks(diagnosis: &Diagnosis) -> ([Mark; 4], [Mark; 3], String) {
    let first = diagnosis.first().filter(|_| diagnosis.state != State::Healthy);
    let Some(found) = first.filter(|found| found.cause.hop != Hop::None) else {
        let words = if diagnosis.state == State::CouldNotLook {
            "調べられませんでした"
        } else {
            "端末からセンターまで、悪いところはありません"
        };
        let mark = if diagnosis.state == State::CouldNotLook { Mark::Unknown } else { Mark::Good };
        return ([mark; 4], [mark; 3], words.to_owned());
    };
    let bad = if found.weight == Weight::Stops { Mark::Broken } else { Mark::Weak };
    // What lies behind a break was not seen; what merely weakens, or is ill in the terminal alone, lets everything be seen.
    let seen = bad == Mark::Weak || (found.cause.hop == Hop::Terminal && diagnosis.facts.has("r.center-reached"));
    let behind = if seen { Mark::Good } else { Mark::Unknown };
    let (place, link) = match found.cause.hop {
        Hop::Terminal | Hop::None => (0, None),
        Hop::Cable => (1, Some(0)),
        Hop::Router => (1, None),
        Hop::Carrier => (2, None),
        Hop::Center => (3, None),
    };
    let mut boxes = [Mark::Good; 4];
    let mut links = [Mark::Good; 3];
    for (at, mark) in boxes.iter_mut().enumerate() {
        *mark = match at.cmp(&place) {
            std::cmp::Ordering::Less => Mark::Good,
            std::cmp::Ordering::Equal if link.is_none() => bad,
            _ => behind,
        };
    }
    for (at, mark) in links.iter_mut().enumerate() {
        if Some(at) == link {
            *mark = bad;
        } else if at >= place {
            *mark = behind;
        }
    }
    let name = match link {
        Some(_) => "端末と院内の通信機器の間",
        None => BOXES.get(place).map_or("", |(name, _)| name),
    };
    (boxes, links, format!("悪いところ: {name}"))
}

fn draw(out: &mut String, boxes: &[Mark; 4], links: &[Mark; 3]) -> std::fmt::Result {
    for (at, mark) in (0..).zip(links) {
        let (from, to) = (LEFT + STEP * at + 48, LEFT + STEP * (at + 1) - 48);
        let dashes = if *mark == Mark::Unknown { " stroke-dasharray=\"5 6\"" } else { "" };
        writeln!(
            out,
            "<path d=\"M{from} 60H{to}\" stroke=\"{}\" stroke-width=\"5\"{dashes} fill=\"none\"{}/>",
            colour(*mark),
            class(*mark)
        )?;
        if matches!(mark, Mark::Broken | Mark::Weak) {
            cross(out, i32::midpoint(from, to), 60, *mark)?;
        }
    }
    for ((at, (name, shape)), mark) in (0..).zip(BOXES).zip(boxes) {
        let middle = LEFT + STEP * at;
        let width = if matches!(mark, Mark::Broken | Mark::Weak) { 4 } else { 2 };
        writeln!(
            out,
            "<g transform=\"translate({middle} 60)\"{}><rect x=\"-46\" y=\"-42\" width=\"92\" height=\"84\" rx=\"10\" fill=\"#fff\" stroke=\"{}\" stroke-width=\"{width}\"/>\
             <path d=\"{shape}\" fill=\"none\" stroke=\"#333\" stroke-width=\"3\"/></g>",
            class(*mark),
            colour(*mark)
        )?;
        writeln!(out, "<text x=\"{middle}\" y=\"128\" text-anchor=\"middle\" font-size=\"19\" fill=\"#1a1a1a\">{name}</text>")?;
        match mark {
            Mark::Broken | Mark::Weak => cross(out, middle + 36, 24, *mark)?,
            Mark::Good => sign(out, middle + 36, 24, "○", *mark)?,
            Mark::Unknown => sign(out, middle + 36, 24, "？", *mark)?,
        }
    }
    Ok(())
}

fn colour(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "#1b7f3b",
        Mark::Broken => "#b3261e",
        Mark::Weak => "#b36b00",
        Mark::Unknown => "#767676",
    }
}

fn class(mark: Mark) -> &'static str {
    if mark == Mark::Broken { " class=\"broken\"" } else { "" }
}

/// Colour alone says nothing to some: a cross, a ring and a question mark say it too.
fn cross(out: &mut String, x: i32, y: i32, mark: Mark) -> std::fmt::Result {
    sign(out, x, y, if mark == Mark::Broken { "×" } else { "△" }, mark)
}

fn sign(out: &mut String, x: i32, y: i32, text: &str, mark: Mark) -> std::fmt::Result {
    let (radius, size) = if matches!(mark, Mark::Broken | Mark::Weak) { (17, 26) } else { (13, 17) };
    writeln!(
        out,
        "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{0}\"/><text x=\"{x}\" y=\"{y}\" dy=\".35em\" text-anchor=\"middle\" font-size=\"{size}\" \
         font-weight=\"bold\" fill=\"#fff\">{text}</text>",
        colour(mark)
    )
}
