//! The documented test people: insured of invented insurers whose symbols select an awkward answer, as payment systems do with test cards.

use wire::check::Asked;
use wire::code::Validity;

/// The test people as they stand in the register; `docs/test-people.md` shows the same.
pub(crate) const REGISTER: &str = include_str!("staged/test-people.csv");

/// The test people's health insurance society (健康保険組合).
const SOCIETY: &str = "06990014";
/// The test people's town (国民健康保険).
const TOWN: &str = "990010";
/// The test people's care for the elderly (後期高齢者医療).
const ELDERLY: &str = "39990015";
/// The test people's welfare office (医療扶助).
const WELFARE: &str = "12990016";

/// How an answer is spoilt on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staged {
    /// The right answer comes late: after [`Config::slow_answer`](crate::Config::slow_answer).
    SlowAnswer,
    /// The question is received in order, but its processing fails.
    ProcessingError,
    /// The answer breaks off in the middle.
    BrokenAnswer,
}

/// One question about a test person and what is answered, asked for any day from the 1st of August 2025.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestPerson {
    /// What is tried, in Japanese.
    pub case: &'static str,
    /// 保険者番号.
    pub insurer_number: &'static str,
    /// 記号, if one is asked with.
    pub symbol: Option<&'static str>,
    /// 番号.
    pub number: &'static str,
    /// 枝番, if one is asked with.
    pub branch: Option<&'static str>,
    /// 生年月日, yyyyMMdd.
    pub birthdate: &'static str,
    /// What the register answers.
    pub validity: Validity,
    /// The name in the first record, when there is one.
    pub name: Option<&'static str>,
    /// How the answer is then spoilt, if it is.
    pub staged: Option<Staged>,
    /// What to look at in the answer, in Japanese.
    pub answer: &'static str,
}

const fn society(case: &'static str, symbol: &'static str, number: &'static str, birthdate: &'static str) -> TestPerson {
    let (insurer_number, symbol, branch) = (SOCIETY, Some(symbol), Some("00"));
    TestPerson { case, insurer_number, symbol, number, branch, birthdate, validity: Validity::Valid, name: None, staged: None, answer: "" }
}

const fn elsewhere(case: &'static str, insurer_number: &'static str, number: &'static str, birthdate: &'static str) -> TestPerson {
    TestPerson { insurer_number, symbol: None, branch: None, ..society(case, "", number, birthdate) }
}

use Validity::{Invalid, InvalidWithNewer, NotFound, Several};

/// Every documented question, in the order of the document.
static DOCUMENTED: [TestPerson; 24] = [
    TestPerson { name: Some("試験　有効"), answer: "有効な資格", ..society("有効", "1", "1001", "19800101") },
    TestPerson {
        validity: Invalid,
        name: Some("試験　無効"),
        answer: "喪失日20250401、喪失事由99",
        ..society("資格喪失", "2", "1002", "19800202")
    },
    TestPerson {
        validity: InvalidWithNewer,
        name: Some("試験　転職"),
        answer: "古い資格だけを返す（喪失日20250401、喪失事由03）。新しい番号は返さない",
        ..society("資格喪失、新しい資格あり", "3", "1003", "19800303")
    },
    TestPerson { validity: NotFound, answer: "資格なし、記録なし", ..society("該当なし", "4", "1004", "19800404") },
    TestPerson { validity: Several, branch: None, answer: "記録なし", ..society("双子、枝番なし", "5", "1005", "20150505") },
    TestPerson {
        branch: Some("01"),
        name: Some("試験　双一"),
        answer: "枝番があれば一人に決まる",
        ..society("双子、枝番あり", "5", "1005", "20150505")
    },
    TestPerson {
        branch: Some("02"),
        name: Some("試験　双二"),
        answer: "枝番があれば一人に決まる",
        ..society("双子のもう一人", "5", "1005", "20150505")
    },
    TestPerson {
        validity: Invalid,
        name: Some("試験　未来"),
        answer: "資格取得日20990401がまだ来ていない",
        ..society("資格取得前", "6", "1006", "19900606")
    },
    TestPerson {
        branch: Some("02"),
        name: Some("試験　幼子"),
        answer: "家族、未就学区分1（2031年3月31日まで）",
        ..society("未就学の家族", "7", "1007", "20240607")
    },
    TestPerson {
        name: Some("試験　限度"),
        answer: "同意フラグ1のときだけ限度額適用認定証（区分01、適用区分A03）",
        ..society("限度額適用認定証", "11", "1011", "19751111")
    },
    TestPerson {
        name: Some("試験　透析"),
        answer: "同意フラグ1のときだけ特定疾病区分1、自己負担10000円",
        ..society("特定疾病", "12", "1012", "19701212")
    },
    TestPerson {
        branch: Some("01"),
        name: Some("試験　高齢"),
        answer: "高齢受給者証、負担割合020（2028年3月2日まで）",
        ..society("高齢受給者", "13", "1013", "19530303")
    },
    TestPerson {
        name: Some("試験　併用"),
        answer: "健康保険の記録に続けて医療扶助（A1）の記録と医療券",
        ..society("医療扶助の併用", "14", "1014", "19680808")
    },
    TestPerson {
        name: Some("𠮷野　髙子"),
        answer: "氏名がShift_JISにない文字（U+20BB7）を含む",
        ..society("Shift_JISにない氏名", "15", "1015", "19850915")
    },
    TestPerson {
        name: Some("試験　遅子"),
        staged: Some(Staged::SlowAnswer),
        answer: "90秒後に有効と返す",
        ..society("遅い応答", "90", "1090", "19880810")
    },
    TestPerson {
        name: Some("試験　誤"),
        staged: Some(Staged::ProcessingError),
        answer: "処理結果状況2とエラーコード",
        ..society("処理エラー", "91", "1091", "19910901")
    },
    TestPerson {
        name: Some("試験　壊"),
        staged: Some(Staged::BrokenAnswer),
        answer: "途中で切れた読めない応答",
        ..society("壊れた応答", "92", "1092", "19920902")
    },
    TestPerson {
        symbol: Some("架空１－１"),
        branch: Some("01"),
        name: Some("試験　市子"),
        answer: "6桁の保険者番号（空白か0を左に詰めて8桁でもよい）、全角の記号",
        ..elsewhere("国民健康保険", TOWN, "2001", "19800510")
    },
    TestPerson {
        symbol: Some("架空１－２"),
        branch: Some("01"),
        validity: Invalid,
        name: Some("試験　期限"),
        answer: "有効終了日20250731を過ぎた短期証",
        ..elsewhere("有効期限切れ", TOWN, "2002", "19790707")
    },
    TestPerson {
        symbol: Some("架空１－３"),
        branch: Some("01"),
        validity: InvalidWithNewer,
        name: Some("試験　扶助"),
        answer: "生活保護で国保を喪失（喪失事由02）",
        ..elsewhere("医療扶助に移った人の国保", TOWN, "2003", "19600606")
    },
    TestPerson {
        name: Some("試験　一割"), answer: "負担割合010", ..elsewhere("後期高齢者1割", ELDERLY, "99000010", "19450110")
    },
    TestPerson {
        name: Some("試験　二割"), answer: "負担割合020", ..elsewhere("後期高齢者2割", ELDERLY, "99000020", "19450220")
    },
    TestPerson {
        name: Some("試験　三割"), answer: "負担割合030", ..elsewhere("後期高齢者3割", ELDERLY, "99000030", "19450330")
    },
    TestPerson {
        name: Some("試験　扶助"),
        answer: "公費負担者番号と受給者番号で尋ねる。被保険者証区分A1と医療券",
        ..elsewhere("医療扶助のみ", WELFARE, "1200005", "19600606")
    },
];

/// Every documented question about a test person.
#[must_use]
pub fn documented() -> &'static [TestPerson] {
    &DOCUMENTED
}

/// How the answer to `asked` is to be spoilt, if it is about a test person whose symbol says so. The number and birth date do not matter.
#[must_use]
pub fn staged(asked: &Asked) -> Option<Staged> {
    if asked.key.insurer.canonical() != SOCIETY {
        return None;
    }
    let symbol = asked.key.symbol.as_ref()?.as_str();
    DOCUMENTED.iter().find(|person| person.insurer_number == SOCIETY && person.symbol == Some(symbol)).and_then(|person| person.staged)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the document says of one test person.
    fn row(person: &TestPerson) -> String {
        let (symbol, branch) = (person.symbol.unwrap_or("なし"), person.branch.unwrap_or("なし"));
        let validity = match person.staged {
            Some(Staged::ProcessingError | Staged::BrokenAnswer) => "なし".to_owned(),
            _ => format!("{} {}", person.validity.code(), person.validity.label()),
        };
        let TestPerson { case, insurer_number, number, birthdate, answer, .. } = person;
        let name = person.name.unwrap_or("なし");
        format!("| {case} | {insurer_number} | {symbol} | {number} | {branch} | {birthdate} | {validity} | {name} | {answer} |")
    }

    #[test]
    fn the_document_shows_exactly_the_test_people() {
        let document = include_str!("../../../docs/test-people.md");
        let shown: Vec<&str> = document.lines().filter(|line| is_row(line)).collect();
        let expected: Vec<String> = DOCUMENTED.iter().map(row).collect();
        assert_eq!(shown, expected, "put these rows into docs/test-people.md:\n{}", expected.join("\n"));
    }

    fn is_row(line: &str) -> bool {
        line.split('|').nth(2).is_some_and(|cell| cell.trim().parse::<u64>().is_ok())
    }
}
