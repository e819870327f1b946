//! Every message that our own servers emit, and every one that the manuals print, is explained.

use super::*;

#[test]
fn every_situation_of_our_servers_is_explained_by_code_key_and_words() {
    for situation in Situation::ALL {
        let text = situation.get();
        for typed in [text.code.to_owned(), text.key.to_owned(), format!("エラー（{}）が出ました", text.code), text.code.to_lowercase()]
        {
            let explained = explain(&typed).unwrap_or_else(|| panic!("{typed}"));
            assert_eq!((explained.key, explained.owner_label), (text.key, Some(text.owner.label())), "{typed}");
            assert!(!explained.means.is_empty() && explained.todo.is_some() && explained.engineer.is_some(), "{typed}");
        }
        // Some situations share their words for the desk; the words lead to one that says the same.
        let by_words = explain(text.desk).unwrap();
        assert_eq!(by_words.says, text.desk, "{}", text.key);
    }
}

#[test]
fn every_message_of_the_manuals_is_explained_as_it_is_printed() {
    for message in messages::all() {
        let whole = format!("{}\n{}", message.heading.unwrap_or_default(), message.text);
        let explained = explain(&whole).unwrap_or_else(|| panic!("{whole}"));
        let code = message.code.or_else(|| messages::all().iter().find(|other| other.text == message.text).and_then(|other| other.code));
        assert!(
            explained.key == message.key || explained.code == code || explained.says.contains(message.text),
            "{} became {}",
            message.key,
            explained.key
        );
        assert_eq!(explain(message.key).unwrap().key, message.key);
        for spelling in &message.also {
            assert!(explain(spelling).is_some(), "{spelling}");
        }
    }
}

#[test]
fn codes_are_read_in_any_width_and_case_and_never_inside_longer_ones() {
    let key = |typed: &str| explain(typed).map(|explained| explained.key);
    assert_eq!(key("P32031"), Some("line-no-answer"));
    assert_eq!(key("Ｐ３２０３１"), Some("line-no-answer"));
    assert_eq!(key("エラーコード：p11019 が出た"), Some("line-ineligible"));
    assert_eq!(key("P110190"), None);
    assert_eq!(key("oqsa1001e"), Some("unadmitted-line"));
    assert_eq!(key(""), None);
    assert_eq!(key("あいうえおかきくけこ"), None);
    assert_eq!(key(&"か".repeat(1_000_000)), None);
}

/// Rows: DN-25
#[test]
fn noise_of_a_lookup_and_answers_about_patients_are_no_faults() {
    let noise = explain("DNS request timed out.\n    timeout was 2 seconds.").unwrap();
    assert_eq!((noise.owner, noise.todo), (None, None));
    assert!(text(&explain("サーバー:  UnKnown").unwrap()).contains("異常ではありません"));
    assert_eq!(explain("該当資格なし").unwrap().owner, Some("insurer"));
    assert_eq!(explain("資格有効性：無効（新しい資格あり）").unwrap().cause, Some("business.not-valid"));
    assert_eq!(explain("氏名が 山●太郎 になる").unwrap().cause, Some("business.unknown-characters"));
}
