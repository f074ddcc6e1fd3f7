//! What is kept, refreshed and given back.

use std::time::Duration;

use landfall_native::{FileStorage, MemoryStorage, NativeClient, NativeError, TokenStorage};
use landfall_testkit::{Endpoint, Fault};

use crate::support::{Failing, Opened, Place, answer, get};

async fn signed_in(place: &Place, storage: impl TokenStorage) -> NativeClient {
    signed_in_for(place, storage, &["openid", "profile", "offline_access"]).await
}

async fn signed_in_for(place: &Place, storage: impl TokenStorage, scopes: &[&str]) -> NativeClient {
    let opened = Opened::default();
    let client = place
        .builder()
        .scopes(scopes.iter().copied())
        .browser(opened.clone())
        .storage(storage)
        .build()
        .unwrap();
    let same = client.clone();
    let sign_in = tokio::spawn(async move { same.sign_in().await });
    let browser = place.browser();
    let answer = answer(&browser, &opened.url().await).await;
    get(&browser, &answer).await;
    sign_in.await.unwrap().unwrap();
    client
}

#[tokio::test]
async fn a_restarted_application_knows_who_is_signed_in_and_gets_fresh_tokens() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("sign-in");
    let first = signed_in(&place, FileStorage::new(&file)).await.access_token().await.unwrap();
    let again = place.builder().storage(FileStorage::new(&file)).build().unwrap();
    assert_eq!(again.signed_in().await.unwrap().unwrap().subject(), "ada");
    assert_eq!(again.access_token().await.unwrap().secret(), first.secret());
    place.clock.advance(Duration::from_secs(3600));
    let second = again.access_token().await.unwrap();
    assert_ne!(second.secret(), first.secret());
    // And the third run has what the second one got.
    let third = place.builder().storage(FileStorage::new(&file)).build().unwrap();
    assert_eq!(third.access_token().await.unwrap().secret(), second.secret());
}

#[tokio::test]
async fn a_token_is_refreshed_before_its_last_minute_and_a_short_lived_one_in_its_second_half() {
    for (lifetime, good_for) in [(3600, 3540), (40, 20)] {
        let place = Place::new();
        place.provider.inject_always(Fault::json(Endpoint::Token, move |answer| {
            answer.insert("expires_in".to_owned(), lifetime.into());
        }));
        let client = signed_in(&place, MemoryStorage::default()).await;
        let first = client.access_token().await.unwrap();
        place.clock.advance(Duration::from_secs(good_for));
        assert_eq!(client.access_token().await.unwrap().secret(), first.secret(), "{lifetime}");
        place.clock.advance(Duration::from_secs(1));
        assert_ne!(client.access_token().await.unwrap().secret(), first.secret(), "{lifetime}");
        assert_eq!(place.provider.calls("/oauth2/token"), 2);
    }
}

#[tokio::test]
async fn a_token_in_its_last_minute_is_handed_out_where_no_other_can_be_had() {
    let place = Place::new();
    let client = signed_in(&place, MemoryStorage::default()).await;
    place.clock.advance(Duration::from_secs(3599));
    place.provider.set_down(true);
    assert!(client.access_token().await.is_ok());
    // And where there is no refresh token at all, to its very end.
    let place = Place::new();
    let client = signed_in_for(&place, MemoryStorage::default(), &["openid"]).await;
    place.clock.advance(Duration::from_secs(3599));
    assert!(client.access_token().await.is_ok());
    place.clock.advance(Duration::from_secs(1));
    assert!(matches!(client.access_token().await, Err(NativeError::SignedOut)));
    assert!(client.signed_in().await.unwrap().is_none());
}

#[tokio::test]
async fn many_that_want_a_token_at_once_are_one_refresh() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let client = signed_in(&place, FileStorage::new(folder.path().join("sign-in"))).await;
    place.clock.advance(Duration::from_secs(3600));
    let wanting: Vec<_> = (0..32)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.access_token().await.unwrap().secret().to_owned() })
        })
        .collect();
    let mut tokens = Vec::new();
    for token in wanting {
        tokens.push(token.await.unwrap());
    }
    tokens.dedup();
    assert_eq!((tokens.len(), place.provider.calls("/oauth2/token")), (1, 2));
}

#[tokio::test]
async fn a_caller_who_leaves_during_a_refresh_loses_no_token() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let client = signed_in(&place, FileStorage::new(folder.path().join("sign-in"))).await;
    place.clock.advance(Duration::from_secs(3600));
    let mut held = place.provider.hold(landfall_testkit::Endpoint::Token);
    let same = client.clone();
    let leaving = tokio::spawn(async move { same.access_token().await.map(drop) });
    held.reached(1).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    held.release();
    client.access_token().await.unwrap();
    assert_eq!(place.provider.calls("/oauth2/token"), 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_kept_is_not_handed_out() {
    let (place, storage) = (Place::new(), Failing::default());
    let client = signed_in(&place, storage.clone()).await;
    place.clock.advance(Duration::from_secs(3600));
    storage.fail(true);
    for _ in 0..2 {
        assert!(matches!(client.access_token().await, Err(NativeError::Storage(_))));
    }
    // It is not lost: there was no other copy.
    storage.fail(false);
    let token = client.access_token().await.unwrap();
    assert_eq!(place.provider.calls("/oauth2/token"), 2);
    let again = place.builder().storage(storage).build().unwrap();
    assert_eq!(again.access_token().await.unwrap().secret(), token.secret());
}

#[tokio::test]
async fn a_grant_that_is_over_is_forgotten() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("sign-in");
    let client = signed_in(&place, FileStorage::new(&file)).await;
    let _ = place.provider.sign_out_everywhere("ada").await;
    place.clock.advance(Duration::from_secs(3600));
    assert!(matches!(client.access_token().await, Err(NativeError::SignedOut)));
    assert!(client.signed_in().await.unwrap().is_none() && !file.exists());
}

#[tokio::test]
async fn a_sign_in_ends_when_the_provider_said_it_would_whatever_can_still_be_refreshed() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    place.provider.inject(Fault::id_token_claim("session_expiry", 1_800_000_000 + 600));
    let file = folder.path().join("sign-in");
    let client = signed_in(&place, FileStorage::new(&file)).await;
    assert!(client.access_token().await.is_ok());
    place.clock.advance(Duration::from_secs(601));
    let again = place.builder().storage(FileStorage::new(&file)).build().unwrap();
    for client in [client, again] {
        assert!(client.signed_in().await.unwrap().is_none());
        assert!(matches!(client.access_token().await, Err(NativeError::SignedOut)));
    }
    assert_eq!(place.provider.calls("/oauth2/token"), 1);
}

#[tokio::test]
async fn a_provider_that_is_away_costs_nobody_their_sign_in() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let client = signed_in(&place, FileStorage::new(folder.path().join("sign-in"))).await;
    place.clock.advance(Duration::from_secs(3600));
    place.provider.set_down(true);
    assert!(matches!(client.access_token().await, Err(NativeError::SignIn(_))));
    place.provider.set_down(false);
    place.clock.advance(Duration::from_secs(60));
    assert!(client.access_token().await.is_ok());
}

#[tokio::test]
async fn a_sign_out_forgets_and_gives_the_tokens_back() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("sign-in");
    let client = signed_in(&place, FileStorage::new(&file)).await;
    let end = client.sign_out().await.unwrap().expect("an end-session address");
    assert!(end.contains("/oauth2/logout?") && end.contains("id_token_hint="), "{end}");
    assert!(!file.exists());
    assert_eq!(place.provider.calls("/oauth2/revoke"), 1);
    assert!(matches!(client.access_token().await, Err(NativeError::SignedOut)));
    assert!(client.sign_out().await.unwrap().is_none());
}

#[tokio::test]
async fn a_file_of_something_else_is_nobody_and_is_left_alone() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("sign-in");
    std::fs::write(&file, "my shopping list").unwrap();
    let client = place.builder().storage(FileStorage::new(&file)).build().unwrap();
    assert!(client.signed_in().await.unwrap().is_none());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "my shopping list");
}

#[tokio::test]
async fn a_sign_in_at_another_provider_is_nobodys_here_and_its_tokens_are_sent_nowhere() {
    let (theirs, ours, folder) = (Place::new(), Place::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("sign-in");
    signed_in(&theirs, FileStorage::new(&file)).await;
    theirs.clock.advance(Duration::from_secs(3600));
    ours.clock.advance(Duration::from_secs(3600));
    let client = ours.builder().storage(FileStorage::new(&file)).build().unwrap();
    assert!(client.signed_in().await.unwrap().is_none());
    assert!(matches!(client.access_token().await, Err(NativeError::SignedOut)));
    assert!(ours.provider.requests().is_empty());
    let client = theirs.builder().storage(FileStorage::new(&file)).build().unwrap();
    assert!(client.access_token().await.is_ok());
}

#[tokio::test]
async fn no_secret_is_in_any_debug_output() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let client = signed_in(&place, FileStorage::new(folder.path().join("sign-in"))).await;
    let token = client.access_token().await.unwrap();
    let attempt = client.begin(crate::support::SCHEME).await.unwrap();
    let state = attempt.url().split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let shown = format!("{client:?} {token:?} {attempt:?}");
    assert!(!shown.contains(token.secret()) && !shown.contains(&state), "{shown}");
}

#[tokio::test]
async fn two_programs_with_one_storage_spend_no_refresh_token_twice() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("sign-in");
    let one = signed_in(&place, FileStorage::new(&file)).await;
    let other = place.builder().storage(FileStorage::new(&file)).build().unwrap();
    place.clock.advance(Duration::from_secs(3600));
    let refreshed = other.access_token().await.unwrap();
    // The first still remembers the refresh token that was spent.
    assert_eq!(one.access_token().await.unwrap().secret(), refreshed.secret());
    assert_eq!(place.provider.calls("/oauth2/token"), 2);
    place.clock.advance(Duration::from_secs(3600));
    assert_ne!(one.access_token().await.unwrap().secret(), refreshed.secret());
    // And a sign-out in one is heard of by the other when it needs a token.
    one.sign_out().await.unwrap();
    place.clock.advance(Duration::from_secs(3600));
    assert!(matches!(other.access_token().await.unwrap_err(), NativeError::SignedOut));
}

#[tokio::test]
async fn a_sign_out_that_the_storage_refuses_can_be_tried_again() {
    let (place, storage) = (Place::new(), Failing::default());
    let client = signed_in(&place, storage.clone()).await;
    storage.fail(true);
    assert!(matches!(client.sign_out().await.unwrap_err(), NativeError::Storage(_)));
    assert_eq!(place.provider.calls("/oauth2/revoke"), 0);
    storage.fail(false);
    assert!(client.sign_out().await.unwrap().is_some());
    assert_eq!(place.provider.calls("/oauth2/revoke"), 1);
    assert!(client.signed_in().await.unwrap().is_none());
}
