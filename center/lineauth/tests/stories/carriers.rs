//! A carrier's operator keeps its table: lines come, change, move and go, and mistakes are named.

use axum::body::Body;
use chassis::on_both;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use lineauth::{CarrierLine, operator};
use manuals::Region;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::town::*;

async fn ask(town: &Town, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    let answer = operator::routes(town.lines.clone()).oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

on_both!(
    /// Rows: LN-06, LN-14
    an_operator_adds_changes_and_removes_lines_and_is_told_each_mistake,
    async |place| {
        let town = Town::settled(place).await;
        let line = json!({
            "line_id": "COP12345678", "region": "east", "line_type": "cross", "reseller": "架空ひかり",
            "applied_on": "2026-01-05", "prefixes": ["2408:210:1234::/48"],
        });
        assert_eq!(ask(&town, "POST", "/carrier/lines", line.clone()).await.0, StatusCode::OK);
        let (_, listed) = ask(&town, "GET", "/carrier/lines?line_id=COP12345678", Value::Null).await;
        assert_eq!((&listed[0]["reseller"], &listed[0]["work_completed"]), (&json!("架空ひかり"), &Value::Null));
        let change = json!({ "work_completed": "2026-07-01", "prefixes": ["2408:210:5678::/48", "2408:210:9abc::/48"] });
        let (status, changed) = ask(&town, "PATCH", "/carrier/lines/east/COP12345678", change).await;
        assert_eq!((status, changed["prefixes"].as_array().unwrap().len()), (StatusCode::OK, 2));
        let all: Vec<CarrierLine> = town.lines.list(None).await.unwrap();
        assert_eq!(all.len(), 4);
        for (field, wrong) in [
            ("line_id", json!("CAF123")),
            ("prefixes", json!(["198.51.100.0/24"])),
            ("prefixes", json!(["2408::/12"])),
            ("region", json!("north")),
            ("applied_on", json!("2026-13-01")),
            ("line_type", json!("")),
        ] {
            let mut mistaken = line.clone();
            mistaken[field] = wrong;
            let (status, said) = ask(&town, "POST", "/carrier/lines", mistaken).await;
            assert!(status.is_client_error(), "{field}: {status} {said}");
        }
        assert_eq!(ask(&town, "DELETE", "/carrier/lines/east/COP12345678", Value::Null).await.0, StatusCode::OK);
        assert_eq!(ask(&town, "DELETE", "/carrier/lines/east/COP12345678", Value::Null).await.0, StatusCode::NOT_FOUND);
        assert_eq!(ask(&town, "PATCH", "/carrier/lines/west/CAF0123456789", json!({})).await.0, StatusCode::NOT_FOUND);
    }
);

on_both!(a_prefix_that_goes_to_another_line_is_the_first_lines_no_more, async |place| {
    let town = Town::settled(place).await;
    town.lines.put(vec![line(Region::East, "CAF4444444444", PREFIX)]).await.unwrap();
    let first = town.lines.list(Some(LINE)).await.unwrap();
    assert!(first[0].prefixes.is_empty());
    town.browser(TERMINAL).open_and_choose("wish").await.says("line-failed");
});
