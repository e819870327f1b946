//! The first operator is made once with a random password, and only operators pass their door.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use chassis::on_both;
use chassis::serve::Caller;
use chassis::testing::Place;
use data_encoding::BASE64;
use http::{Request, StatusCode, header};
use registry::operator::Guard;
use secrecy::ExposeSecret;
use tower::ServiceExt;

use crate::town::{caller, empty, now};

on_both!(the_first_operator_is_made_once_and_the_password_is_random, async |place| {
    let registry = empty(place).await;
    let (name, password) = registry.first_operator(now()).await.unwrap().unwrap();
    assert!(password.expose_secret().len() >= 16);
    assert!(registry.is_operator(&name, password).await.unwrap());
    assert!(!registry.is_operator(&name, "admin".into()).await.unwrap());
    assert!(!registry.is_operator("nobody", "x".into()).await.unwrap());
    assert!(registry.first_operator(now()).await.unwrap().is_none());
});

#[tokio::test]
async fn only_operators_from_allowed_places_pass_the_door() {
    let place = Place::sqlite();
    let registry = empty(&place).await;
    let (name, password) = registry.first_operator(now()).await.unwrap().unwrap();
    let guard = Guard::new(registry, "local token".into());
    let door = guard.before(Router::new().route("/", get(async || "in")));
    let here = Caller { address: "127.0.0.1".parse().unwrap(), ..caller() };
    let knock = async |from: &Caller, authorization: Option<String>| {
        let mut request = Request::builder().uri("/");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(from.clone());
        door.clone().oneshot(request).await.unwrap().status()
    };
    let basic = |password: &str| Some(format!("Basic {}", BASE64.encode(format!("{name}:{password}").as_bytes())));
    assert_eq!(knock(&here, basic(password.expose_secret())).await, StatusCode::OK);
    assert_eq!(knock(&here, Some("Bearer local token".into())).await, StatusCode::OK);
    for wrong in [None, basic("wrong"), Some("Bearer other".into()), Some("Basic ???".into())] {
        assert_eq!(knock(&here, wrong).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(knock(&caller(), basic(password.expose_secret())).await, StatusCode::FORBIDDEN);
}
