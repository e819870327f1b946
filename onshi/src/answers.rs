//! What the operators' door answered, as a Japanese table or as it came.

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde_json::Value;

use crate::output::pairs;

/// A JSON answer: as it is, or as a table (a list becomes rows, an object becomes pairs).
pub(crate) fn shown(value: &Value, json: bool) -> anyhow::Result<String> {
    if json {
        return Ok(serde_json::to_string_pretty(value)?);
    }
    Ok(match value {
        Value::Array(rows) if rows.is_empty() => "（ありません）".to_owned(),
        Value::Array(rows) => rows_table(rows),
        Value::Object(fields) => pairs(fields.iter().map(|(name, value)| (label(name), cell(value)))),
        other => cell(other),
    })
}

fn rows_table(rows: &[Value]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(Value::Object(first)) = rows.first() {
        table.set_header(first.keys().map(|name| label(name)));
    }
    for row in rows {
        match row {
            Value::Object(fields) => table.add_row(fields.values().map(cell)),
            other => table.add_row([cell(other)]),
        };
    }
    table.to_string()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.parse::<Timestamp>().map_or_else(|_| text.trim_end().to_owned(), moment),
        Value::Bool(true) => "はい".to_owned(),
        Value::Bool(false) => "いいえ".to_owned(),
        Value::Array(inner) => inner.iter().map(cell).collect::<Vec<_>>().join("\n"),
        Value::Object(fields) => fields.values().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

fn moment(at: Timestamp) -> String {
    chassis::clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The Japanese label of a field of the operators' door; a field without one keeps its name.
fn label(field: &str) -> &str {
    match field {
        "account_id" => "アカウント",
        "admitted" => "通行許可",
        "applied" => "取り込み",
        "applied_at" => "申請日時",
        "application_id" => "申請番号",
        "blocked" => "停止中",
        "column" => "列",
        "content" => "内容",
        "decided_at" => "処理日時",
        "facility_code" => "医療機関コード",
        "insurers" => "保険者",
        "issuer" => "発行者",
        "kind" => "種類",
        "last_import_at" => "最後の取り込み",
        "line" => "行",
        "line_id" => "お客さまID",
        "lines" => "行数",
        "name" => "名称",
        "not_after" => "有効期限",
        "note" => "注意",
        "operator_id" => "運用者",
        "password" => "パスワード",
        "persons" => "人数",
        "persons_left_out" => "除いた人数",
        "prefix" => "プレフィックス",
        "problem" => "誤り",
        "qualifications" => "資格数",
        "reference_id" => "リファレンスID",
        "reason" => "理由",
        "regions" => "地域",
        "refusals" => "誤りのある行",
        "refused" => "誤りのある行数",
        "request_id" => "リクエストID",
        "repairer" => "直すところ",
        "retrieve_until" => "ダウンロードサイト有効期限",
        "revoked" => "失効",
        "serial" => "シリアル番号",
        "service" => "サービス",
        "services" => "サービス",
        "sha256" => "指紋 (SHA-256)",
        "state" => "状態",
        "subject" => "対象",
        "terminal_name" => "端末名称",
        "text" => "お知らせ",
        "trouble_id" => "お知らせの番号",
        "valid_until" => "電子証明書有効期限",
        "works_from" => "反映日時",
        other => other,
    }
}
