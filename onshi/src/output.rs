//! What the terminal shows: tables in Japanese for people, JSON for machines.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use comfy_table::{ContentArrangement, Table, presets};

/// Prints a line; like `println!`, but a reader that has gone away (`| head`) ends the program quietly.
macro_rules! say {
    ($($part:tt)*) => { $crate::output::line(&format!($($part)*)) };
}

/// Prints a line to standard output.
pub(crate) fn line(text: &str) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}")
        && error.kind() == std::io::ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}

/// A two-column table of labels and values.
pub(crate) fn pairs<L: ToString, V: ToString>(rows: impl IntoIterator<Item = (L, V)>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    for (label, value) in rows {
        table.add_row([label.to_string(), value.to_string()]);
    }
    table.to_string()
}

/// The addresses of a running center and its demo clinic.
pub(crate) fn addresses(https: SocketAddr, clinic: Option<&Path>) {
    say!("開いているポート: {https}（HTTPS、すべての窓口で共用）");
    for (name, purpose) in crate::names::served() {
        let browser = if name.ends_with(".localhost") { name } else { format!("{name}.localhost") };
        say!("  https://{browser}:{}/  {purpose}", https.port());
    }
    if let Some(clinic) = clinic {
        say!("要求を置くフォルダ: {}", clinic.join("req").display());
        say!("結果が現れるフォルダ: {}", clinic.join("res").display());
    }
}
