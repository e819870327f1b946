//! `onshi support`: whether the support desk is open at a minute and until when, and the manuals' questions by any words.

use std::process::ExitCode;

use anyhow::Context;
use chassis::clock::{self, Clock};
use clap::Subcommand;
use jiff::civil::DateTime;
use manuals::faq::{self, Entry};
use manuals::support::{self, DeskState};
use serde_json::json;

use crate::output;

/// The desk is closed at that minute.
const CLOSED: u8 = 1;
/// No question fits.
const NOTHING: u8 = 1;

/// `onshi support …`
#[derive(Subcommand)]
pub(crate) enum SupportCommand {
    /// 問い合わせの窓口は、今（またはある時刻に）開いているか、いつまでか
    #[command(after_help = "終了コード: 0 受付中、1 受付時間外")]
    Now {
        /// 日本時間（例: "2026-12-30 10:00"。無ければ今）
        #[arg(long)]
        at: Option<String>,
        /// 機械が読む形（JSON）で出力します
        #[arg(long)]
        json: bool,
    },
    /// よくある質問を探します（言葉がなければ、すべて）
    Faq {
        /// 言葉、表示されたコード、困っていること
        words: Vec<String>,
        /// onshi doctor が見つけた原因の名前
        #[arg(long, conflicts_with = "words")]
        cause: Option<String>,
        /// 機械が読む形（JSON）で出力します
        #[arg(long)]
        json: bool,
    },
}

/// `onshi support …`
pub(crate) fn run(command: SupportCommand) -> anyhow::Result<ExitCode> {
    match command {
        SupportCommand::Now { at, json } => now(at.as_deref(), json),
        SupportCommand::Faq { words, cause, json } => questions(&words.join(" "), cause.as_deref(), json),
    }
}

fn now(at: Option<&str>, as_json: bool) -> anyhow::Result<ExitCode> {
    let at: DateTime = match at {
        Some(text) => text.trim().parse().context("日時は日本時間で「2026-12-30 10:00」のように書いてください")?,
        None => clock::japan(Clock::system().now()),
    };
    let (sheet, state) = (support::sheet(), support::desk_state(at));
    let moment = |time: DateTime| time.strftime("%Y-%m-%d %H:%M").to_string();
    let (open, next) = match state {
        DeskState::Open { until } => (true, until),
        DeskState::Closed { opens } => (false, opens),
    };
    if as_json {
        let value = json!({
            "name": sheet.name, "phone": sheet.phone, "at": moment(at), "open": open,
            "until": open.then(|| moment(next)), "opens": (!open).then(|| moment(next)),
            "chat_bot": sheet.chat_bot, "have_ready": sheet.ticket_fields,
        });
        say!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        let sentence = if open {
            format!("受付中です。{} まで。", moment(next))
        } else {
            format!("受付時間外です。次の受付は {} から。", moment(next))
        };
        say!("{}", sentence);
        let rows = [
            ("窓口", sheet.name.to_owned()),
            ("電話", sheet.phone.to_owned()),
            ("時刻（日本時間）", moment(at)),
            ("用意するもの", sheet.ticket_fields.join("、")),
            ("いつでも使える窓口", format!("チャットボット {}", sheet.chat_bot)),
        ];
        say!("{}", output::pairs(rows));
    }
    Ok(if open { ExitCode::SUCCESS } else { ExitCode::from(CLOSED) })
}

fn questions(words: &str, cause: Option<&str>, as_json: bool) -> anyhow::Result<ExitCode> {
    let found: Vec<&Entry> = match cause {
        Some(cause) => faq::by_cause(cause),
        None => faq::search(words),
    };
    if as_json {
        say!("{}", serde_json::to_string_pretty(&found)?);
    } else if found.is_empty() {
        say!("当てはまる質問がありません。言葉を変えるか、onshi support now で窓口を確かめてください。");
    } else {
        for entry in &found {
            say!("問 {}\n答 {}\n（{}）\n", entry.asks, entry.answers, entry.source);
        }
    }
    Ok(if found.is_empty() { ExitCode::from(NOTHING) } else { ExitCode::SUCCESS })
}
