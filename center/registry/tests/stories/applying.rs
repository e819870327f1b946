//! A facility and a line are applied for; mistakes are named before anything is kept.

use chassis::on_both;
use registry::{Error, Refusal};

use crate::town::{CODE, LINE, PREFIX, empty, facility, line, now, settled};

fn refusal<T: std::fmt::Debug>(done: Result<T, Error>) -> Refusal {
    match done.unwrap_err() {
        Error::Refused(refusal) => refusal,
        other => panic!("{other}"),
    }
}

on_both!(a_facility_and_its_line_take_effect_when_they_are_approved, async |place| {
    let registry = empty(place).await;
    let application = registry.apply_for_facility(&facility(CODE), now()).await.unwrap();
    assert_eq!(refusal(registry.apply_for_line(&line(CODE, LINE), now()).await), Refusal::Unknown("この医療機関コード"));
    registry.approve(&application, now()).await.unwrap();
    assert_eq!(refusal(registry.approve(&application, now()).await), Refusal::Decided("approved".into()));
    assert_eq!(refusal(registry.apply_for_facility(&facility(CODE), now()).await), Refusal::Taken("この医療機関コード"));
    let waiting = registry.apply_for_line(&line(CODE, LINE), now()).await.unwrap();
    assert_eq!(refusal(registry.admit(LINE, PREFIX, now()).await), Refusal::Unknown("このお客さまID"));
    registry.approve(&waiting, now()).await.unwrap();
    registry.admit(LINE, PREFIX, now()).await.unwrap();
    let states: Vec<String> = registry.applications().await.unwrap().into_iter().map(|application| application.state).collect();
    assert_eq!(states, ["approved", "approved"]);
});

on_both!(mistakes_in_an_application_are_named_before_anything_is_kept, async |place| {
    let (registry, _, _) = settled(place).await;
    let before = registry.applications().await.unwrap().len();
    for (line_id, named) in [("caf0123456789", "大文字"), ("CAF012345678", "桁"), ("ＣＡＦ0123456789", "半角")] {
        let said = refusal(registry.apply_for_line(&line(CODE, line_id), now()).await).to_string();
        assert!(said.contains(named), "{said}");
    }
    let mut unsuited = line(CODE, LINE);
    unsuited.line_type = "adsl".to_owned();
    assert!(matches!(refusal(registry.apply_for_line(&unsuited, now()).await), Refusal::Wrong { field: "line_type", .. }));
    for code in ["131009999", "131009999X", "4810099999", ""] {
        assert!(
            matches!(refusal(registry.apply_for_facility(&facility(code), now()).await), Refusal::Wrong { field: "facility_code", .. }),
            "{code}"
        );
    }
    let mut nameless = facility("1310099998");
    nameless.name = " ".to_owned();
    assert!(matches!(refusal(registry.apply_for_facility(&nameless, now()).await), Refusal::Wrong { field: "name", .. }));
    assert_eq!(registry.applications().await.unwrap().len(), before);
});

on_both!(
    /// Rows: NW-13
    two_facilities_may_share_one_line,
    async |place| {
        let (registry, _, _) = settled(place).await;
        let application = registry.apply_for_facility(&facility("1310099998"), now()).await.unwrap();
        registry.approve(&application, now()).await.unwrap();
        let application = registry.apply_for_line(&line("1310099998", LINE), now()).await.unwrap();
        registry.approve(&application, now()).await.unwrap();
        assert_eq!(registry.admitted_line("2408:210:aaaa:bb00::9".parse().unwrap()).await.unwrap().as_deref(), Some(LINE));
    }
);
