//! Signing in on another device.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_native::{ErrorCode, Identity, NativeClient, NativeClientBuilder, NativeError, Userinfo};
use landfall_testkit::{Endpoint, Fault};
use tokio::sync::mpsc;

use crate::support::Place;

/// Every pause, as it is asked for; each goes on when the test says so, and takes its time on everybody's clock.
struct Pauses {
    asked: mpsc::UnboundedReceiver<(Duration, tokio::sync::oneshot::Sender<()>)>,
    place: Place,
    code: Arc<Mutex<String>>,
}

type SignIn = tokio::task::JoinHandle<Result<Identity, NativeError>>;

fn device(place: Place) -> (SignIn, Pauses, NativeClient) {
    let builder = place.builder();
    device_of(place, builder)
}

fn device_of(place: Place, builder: NativeClientBuilder) -> (SignIn, Pauses, NativeClient) {
    let (sender, asked) = mpsc::unbounded_channel();
    let pause = move |span| -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        let (go_on, wait) = tokio::sync::oneshot::channel();
        sender.send((span, go_on)).unwrap();
        Box::pin(async move { drop(wait.await) })
    };
    let client = builder.scopes(["openid", "profile", "offline_access"]).pause(pause).build().unwrap();
    let code = Arc::new(Mutex::new(String::new()));
    let (shown, same) = (Arc::clone(&code), client.clone());
    let sign_in = tokio::spawn(async move {
        same.sign_in_on_device(|device| {
            assert!(device.verification_uri().ends_with("/activate"));
            assert!(device.verification_uri_complete().unwrap().ends_with(device.user_code()));
            device.user_code().clone_into(&mut shown.lock().unwrap());
        })
        .await
    });
    (sign_in, Pauses { asked, place, code }, client)
}

impl Pauses {
    /// Lets one pause pass, and says how long it was.
    async fn pass(&mut self) -> u64 {
        let asked = tokio::time::timeout(Duration::from_secs(30), self.asked.recv()).await;
        let (span, go_on) = asked.expect("a pause").expect("a pause");
        self.place.clock.advance(span);
        go_on.send(()).unwrap();
        span.as_secs()
    }

    /// How it ends, after as many pauses as it takes.
    async fn end_of(&mut self, sign_in: SignIn) -> Result<Identity, NativeError> {
        let ending = async {
            let mut sign_in = sign_in;
            loop {
                tokio::select! {
                    ended = &mut sign_in => return ended.unwrap(),
                    Some((span, go_on)) = self.asked.recv() => {
                        self.place.clock.advance(span);
                        // It may have ended meanwhile.
                        let _ = go_on.send(());
                    }
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ending).await.expect("an end")
    }

    fn code(&self) -> String {
        self.code.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_person_who_enters_the_code_is_signed_in_on_the_device() {
    let (sign_in, mut pauses, client) = device(Place::new());
    assert_eq!((pauses.pass().await, pauses.pass().await), (5, 5));
    // By the provider's own page, with the code typed in small letters.
    let browser = pauses.place.browser();
    let page = browser.open(&format!("{}/activate", pauses.place.provider.issuer())).await.unwrap();
    let typed = pauses.code().to_lowercase();
    let done = browser.submit(&page, "ada", &[("user_code", &typed)]).await.unwrap();
    assert!(done.text().contains("go back to your device"), "{}", done.text());
    assert_eq!(pauses.end_of(sign_in).await.unwrap().subject(), "ada");
    assert_eq!(client.signed_in().await.unwrap().unwrap().subject(), "ada");
    assert!(client.access_token().await.is_ok());
}

#[tokio::test]
async fn a_provider_that_wants_to_be_asked_less_often_is() {
    let (sign_in, mut pauses, _) = device(Place::new());
    for name in ["slow_down", "slow_down", "authorization_pending"] {
        let answer = landfall_testkit::RawResponse::json(400, &serde_json::json!({ "error": name }));
        pauses.place.provider.inject(Fault::Respond(Endpoint::Token, answer));
    }
    let mut spans = Vec::new();
    for _ in 0..4 {
        spans.push(pauses.pass().await);
    }
    assert_eq!(spans, [5, 10, 15, 15]);
    assert!(pauses.place.provider.allow_device(&pauses.code(), "ada").unwrap());
    assert_eq!(pauses.end_of(sign_in).await.unwrap().subject(), "ada");
}

#[tokio::test]
async fn a_person_who_declines_ends_it() {
    let (sign_in, mut pauses, client) = device(Place::new());
    pauses.pass().await;
    // Whatever the first question found.
    assert!(pauses.place.provider.deny_device(&pauses.code()));
    assert_eq!(pauses.end_of(sign_in).await.unwrap_err().code(), Some(ErrorCode::SignInDeclined));
    assert!(client.signed_in().await.unwrap().is_none());
}

#[tokio::test]
async fn a_code_that_nobody_enters_runs_out() {
    let (sign_in, mut pauses, _) = device(Place::new());
    pauses.pass().await;
    pauses.place.clock.advance(Duration::from_secs(1800));
    assert_eq!(pauses.end_of(sign_in).await.unwrap_err().code(), Some(ErrorCode::AttemptExpired));
}

#[tokio::test]
async fn a_provider_that_never_ends_it_is_asked_no_longer_than_the_code_is_good() {
    let (sign_in, mut pauses, _) = device(Place::new());
    let pending =
        landfall_testkit::RawResponse::json(400, &serde_json::json!({ "error": "authorization_pending" }));
    pauses.place.provider.inject_always(Fault::Respond(Endpoint::Token, pending));
    pauses.pass().await;
    pauses.place.clock.advance(Duration::from_secs(1800));
    assert_eq!(pauses.end_of(sign_in).await.unwrap_err().code(), Some(ErrorCode::AttemptExpired));
}

#[tokio::test]
async fn a_provider_that_says_the_code_ran_out_is_not_asked_again() {
    let (sign_in, mut pauses, _) = device(Place::new());
    let expired = landfall_testkit::RawResponse::json(400, &serde_json::json!({ "error": "expired_token" }));
    pauses.place.provider.inject(Fault::Respond(Endpoint::Token, expired));
    pauses.pass().await;
    assert_eq!(pauses.end_of(sign_in).await.unwrap_err().code(), Some(ErrorCode::AttemptExpired));
    assert_eq!(pauses.place.provider.calls("/oauth2/token"), 1);
}

#[tokio::test]
async fn a_provider_in_trouble_is_asked_again() {
    let (sign_in, mut pauses, _) = device(Place::new());
    for status in [500, 503] {
        let trouble =
            landfall_testkit::RawResponse::json(status, &serde_json::json!({ "error": "access_denied" }));
        pauses.place.provider.inject(Fault::Respond(Endpoint::Token, trouble));
    }
    assert_eq!((pauses.pass().await, pauses.pass().await), (5, 10));
    assert!(pauses.place.provider.allow_device(&pauses.code(), "ada").unwrap());
    assert_eq!(pauses.end_of(sign_in).await.unwrap().subject(), "ada");
}

#[tokio::test]
async fn a_provider_that_is_away_for_a_while_is_asked_less_often_and_not_given_up() {
    let (sign_in, mut pauses, _) = device(Place::new());
    pauses.place.provider.inject_always(Fault::disconnect(Endpoint::Token));
    let mut spans = Vec::new();
    for _ in 0..6 {
        spans.push(pauses.pass().await);
    }
    assert_eq!(spans, [5, 10, 20, 40, 60, 60]);
    pauses.place.provider.clear();
    assert!(pauses.place.provider.allow_device(&pauses.code(), "ada").unwrap());
    assert_eq!(pauses.end_of(sign_in).await.unwrap().subject(), "ada");
}

#[tokio::test]
async fn a_device_that_gives_up_asks_no_more() {
    let (sign_in, mut pauses, _) = device(Place::new());
    pauses.pass().await;
    sign_in.abort();
    assert!(sign_in.await.unwrap_err().is_cancelled());
    while pauses.asked.recv().await.is_some_and(|(_, go_on)| go_on.send(()).is_err()) {}
}

#[tokio::test]
async fn a_code_that_was_spent_is_not_sent_again_whatever_fails_then() {
    let place = Place::new();
    let http = place.provider.http_client();
    let builder = place.builder_with(|builder| builder.userinfo(Userinfo::Always).http_client(http));
    let (sign_in, mut pauses, _) = device_of(place, builder);
    pauses.pass().await;
    pauses.place.provider.inject_always(Fault::hang(Endpoint::Userinfo));
    assert!(pauses.place.provider.allow_device(&pauses.code(), "ada").unwrap());
    let error = pauses.end_of(sign_in).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ProviderTimeout), "{error}");
}
