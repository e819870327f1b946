//! Writes a tree of elements as an XML file: four blanks a level, one line a value, values exactly as they are.

use super::{ListShape, Style};
use crate::charset;
use crate::tree::{Element, is_permitted};

/// The bytes of a whole file, without a byte order mark (§6.2).
pub(super) fn document(mut root: Element, style: Style) -> Vec<u8> {
    if style.lists == ListShape::Single {
        join_lists(&mut root);
    }
    let mut text = format!("<?xml version=\"1.0\" encoding=\"{}\" standalone=\"no\"?>\n", style.charset.name());
    write(&root, 0, &mut text);
    charset::encode(&text, style.charset)
}

/// Puts the records of neighbouring list elements of one name into the first of them.
fn join_lists(element: &mut Element) {
    let mut joined: Vec<Element> = Vec::with_capacity(element.children.len());
    for mut child in std::mem::take(&mut element.children) {
        join_lists(&mut child);
        match joined.last_mut() {
            Some(before) if child.listed && before.name == child.name => before.children.append(&mut child.children),
            _ => joined.push(child),
        }
    }
    element.children = joined;
}

fn write(element: &Element, depth: usize, text: &mut String) {
    let name = element.name.as_ref();
    text.extend(std::iter::repeat_n("    ", depth));
    if element.children.is_empty() && element.text.is_empty() {
        text.extend(["<", name, "/>\n"]);
        return;
    }
    text.extend(["<", name, ">"]);
    if element.children.is_empty() {
        escape(&element.text, text);
    } else {
        text.push('\n');
        for child in &element.children {
            write(child, depth + 1, text);
        }
        text.extend(std::iter::repeat_n("    ", depth));
    }
    text.extend(["</", name, ">\n"]);
}

/// A value as XML text. A carriage return would be read back as a line feed, so it becomes a reference; what XML does not permit at all
/// becomes U+FFFD, so that a bad record never makes a file that nobody can read.
fn escape(value: &str, text: &mut String) {
    for c in value.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\r' => text.push_str("&#xD;"),
            c if is_permitted(c) => text.push(c),
            _ => text.push('\u{FFFD}'),
        }
    }
}
