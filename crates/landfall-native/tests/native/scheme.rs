//! Answers that the system hands over as a string.

use landfall_native::{ErrorCode, NativeError};

use crate::support::{Place, SCHEME, answer};

#[tokio::test]
async fn a_shell_hands_the_answer_over_and_somebody_is_signed_in() {
    let place = Place::new();
    let (client, _) = place.client();
    let attempt = client.begin(SCHEME).await.unwrap();
    let came = answer(&place.browser(), attempt.url()).await;
    assert!(came.starts_with("com.example.app://callback?"), "{came}");
    assert_eq!(client.finish(&attempt, &came).await.unwrap().subject(), "ada");
}

#[tokio::test]
async fn an_answer_of_another_sign_in_is_refused_and_the_genuine_one_still_works() {
    let place = Place::new();
    let (client, _) = place.client();
    let (mine, theirs) = (client.begin(SCHEME).await.unwrap(), client.begin(SCHEME).await.unwrap());
    let injected = answer(&place.browser(), theirs.url()).await;
    let came = answer(&place.browser(), mine.url()).await;
    for (wrong, code) in [
        (injected.as_str(), ErrorCode::StateMismatch),
        ("com.example.app://callback?code=x", ErrorCode::StateMismatch),
        ("com.example.app://elsewhere?code=x", ErrorCode::RequestMalformed),
        ("com.example.other://callback?code=x", ErrorCode::RequestMalformed),
    ] {
        assert_eq!(client.finish(&mine, wrong).await.unwrap_err().code(), Some(code), "{wrong}");
    }
    assert_eq!(place.provider.calls("/oauth2/token"), 0);
    assert!(client.finish(&mine, &came).await.is_ok());
}

#[tokio::test]
async fn an_id_token_of_another_sign_in_is_refused() {
    let place = Place::new();
    let (client, _) = place.client();
    for nonce in [serde_json::json!("that of another sign-in"), serde_json::Value::Null] {
        place.provider.inject(landfall_testkit::Fault::id_token_claim("nonce", nonce));
        let attempt = client.begin(SCHEME).await.unwrap();
        let came = answer(&place.browser(), attempt.url()).await;
        let error = client.finish(&attempt, &came).await.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::IdTokenRejected));
        assert!(client.signed_in().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn an_answer_that_is_replayed_is_refused() {
    let place = Place::new();
    let (client, _) = place.client();
    let attempt = client.begin(SCHEME).await.unwrap();
    let came = answer(&place.browser(), attempt.url()).await;
    client.finish(&attempt, &came).await.unwrap();
    let error = client.finish(&attempt, &came).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::AttemptReplayed));
    assert_eq!(place.provider.calls("/oauth2/token"), 1);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_refused() {
    let place = Place::new();
    let (client, _) = place.client();
    let attempt = client.begin(SCHEME).await.unwrap();
    let came = answer(&place.browser(), attempt.url()).await;
    place.clock.advance(std::time::Duration::from_secs(3600));
    let error = client.finish(&attempt, &came).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::AttemptExpired));
}

#[tokio::test]
async fn a_scheme_that_others_may_claim_begins_nothing() {
    let place = Place::new();
    let (client, _) = place.client();
    for uri in ["myapp://callback", "http://127.0.0.1/callback", "javascript:alert(1)"] {
        assert!(matches!(client.begin(uri).await, Err(NativeError::Config(_))), "{uri}");
    }
    assert!(place.provider.requests().is_empty());
}

#[tokio::test]
async fn what_an_environment_says_of_web_applications_keeps_no_native_one_from_signing_in() {
    let place = Place::new();
    let builder = place.builder_with(|builder| {
        builder.base_url("http://127.0.0.1").spa_callback("not a page").store_address("redis://127.0.0.1:1")
    });
    assert!(builder.build().unwrap().begin(SCHEME).await.is_ok());
}
