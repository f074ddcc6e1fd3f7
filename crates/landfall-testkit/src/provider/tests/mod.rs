//! The provider at its endpoints, as a client and a browser meet it.

mod apps;
mod backchannel;
mod consent;
mod desk;
mod device;
mod frontchannel;
mod levels;
mod webhooks;
mod world;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use landfall::HttpErrorKind;
use serde_json::{Value, json};
use url::Url;

use apps::{App, Echo};
use world::{APP, World, claims, get, world, world_with};

use super::*;
use crate::{Browser, VirtualClock};

#[tokio::test]
async fn a_code_becomes_tokens_and_the_id_token_says_who() {
    let world = world();
    let answer = world.authorize(&[("acr_values", "aal2")]).await;
    assert_eq!(get(&answer, "state").as_deref(), Some("st"));
    assert_eq!(get(&answer, "iss").as_deref(), Some("https://op.example"));
    let (status, tokens) = world.redeem(&get(&answer, "code").unwrap()).await;
    assert_eq!(status, 200);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let claims = claims(&tokens["id_token"]);
    for (name, value) in
        [("sub", "ada"), ("aud", "rp"), ("nonce", "no"), ("acr", "aal2"), ("name", "Ada Lovelace")]
    {
        assert_eq!(claims[name], value);
    }
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 300);
    assert_eq!(world.userinfo(&tokens["access_token"]).await, 200);
    assert_eq!(world.provider.calls("/oauth2/token"), 1);
}

#[tokio::test]
async fn a_wrong_redirect_uri_is_shown_and_never_followed() {
    let world = world();
    let page = world.browser.open(&world.url(&[("redirect_uri", "https://app.example/cb/")])).await.unwrap();
    assert_eq!((page.status.as_u16(), page.hops.len()), (400, 1));
    let text = page.text();
    assert!(text.contains("invalid_redirect_uri") && text.contains("submitted") && text.contains(APP));
    let page = world.browser.open(&world.url(&[("redirect_uri", "<script>")])).await.unwrap();
    assert!(!page.text().contains("<script>"));
}

#[tokio::test]
async fn pkce_with_s256_is_required() {
    let world = world();
    assert_eq!(get(&world.authorize(&[("code_challenge", "")]).await, "error").unwrap(), "pkce_required");
    let plain = world.authorize(&[("code_challenge_method", "plain")]).await;
    assert_eq!(get(&plain, "error").unwrap(), "invalid_request");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &world.code().await),
        ("redirect_uri", APP),
        ("code_verifier", "another"),
    ];
    assert_eq!(world.post("/oauth2/token", &fields).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_is_good_once_and_its_reuse_revokes_the_tokens() {
    let world = world();
    let code = world.code().await;
    let (_, tokens) = world.redeem(&code).await;
    assert_eq!(world.redeem(&code).await.1["error"], "invalid_grant");
    assert_eq!(world.userinfo(&tokens["access_token"]).await, 401);
    assert_eq!(world.refresh(&tokens["refresh_token"]).await.0, 400);
}

#[tokio::test]
async fn a_code_lives_for_a_minute() {
    let world = world();
    let code = world.code().await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.redeem(&code).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_the_family() {
    let world = world();
    let (_, first) = world.redeem(&world.code().await).await;
    let (status, second) = world.refresh(&first["refresh_token"]).await;
    assert_eq!(status, 200);
    assert!(claims(&second["id_token"]).get("nonce").is_none());
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(world.refresh(&first["refresh_token"]).await.0, 400);
    assert_eq!(world.refresh(&second["refresh_token"]).await.0, 400);
    assert_eq!(world.userinfo(&second["access_token"]).await, 401);
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let world = world();
    let answer = world.authorize(&[("scope", "openid")]).await;
    let (_, tokens) = world.redeem(&get(&answer, "code").unwrap()).await;
    assert!(tokens.get("refresh_token").is_none());
    assert!(claims(&tokens["id_token"]).get("name").is_none());
}

#[tokio::test]
async fn a_wrong_secret_is_401() {
    let world = world();
    let fields = [("grant_type", "refresh_token"), ("client_id", "rp"), ("client_secret", "x")];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("https://op.example/oauth2/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into())
        .unwrap();
    let response = world.provider.http_client().send(request).await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(response.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn revocation_of_a_refresh_token_ends_its_family() {
    let world = world();
    let (_, tokens) = world.redeem(&world.code().await).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    assert_eq!(world.post("/oauth2/revoke", &[("token", token)]).await.0, 200);
    assert_eq!(world.userinfo(&tokens["access_token"]).await, 401);
    assert_eq!(world.post("/oauth2/revoke", &[("token", "unknown")]).await.0, 200);
}

#[tokio::test]
async fn the_page_signs_in_and_the_next_time_nobody_is_asked() {
    let world = world_with(|builder| builder);
    let none = world.authorize(&[("prompt", "none")]).await;
    assert_eq!(get(&none, "error").unwrap(), "login_required");
    let page = world.browser.open(&world.url(&[("login_hint", "grace")])).await.unwrap();
    assert!(page.text().contains("Grace Hopper"));
    // The application is nobody's here: the redirect to it has no route, which shows that it was followed.
    let gone = world.browser.sign_in("Joan Clarke").await.unwrap_err();
    assert!(gone.to_string().contains("https://app.example"), "{gone}");
    let answer = world.authorize(&[("prompt", "none")]).await;
    let (_, tokens) = world.redeem(&get(&answer, "code").unwrap()).await;
    assert_eq!(claims(&tokens["id_token"])["sub"], "joan.clarke");
    world.clock.advance(Duration::from_secs(100));
    let old = world.authorize(&[("prompt", "none"), ("max_age", "99")]).await;
    assert_eq!(get(&old, "error").unwrap(), "login_required");
    let page = world.browser.open(&world.url(&[("prompt", "login")])).await.unwrap();
    assert!(page.form().unwrap().sign_in);
}

#[tokio::test]
async fn form_post_answers_with_a_form_that_sends_itself() {
    let world = world();
    let page =
        world.browser.open_without_following(&world.url(&[("response_mode", "form_post")])).await.unwrap();
    let form = page.form().unwrap();
    assert!(form.auto_submit && form.post);
    assert_eq!(form.action, APP);
    assert!(form.fields.iter().any(|(name, _)| name == "code"));
}

#[tokio::test]
async fn logout_follows_only_a_registered_address_and_asks_without_a_hint() {
    let world = world();
    let (_, tokens) = world.redeem(&world.code().await).await;
    let out = |more: &[(&str, &str)]| {
        let mut url = Url::parse("https://op.example/oauth2/logout").unwrap();
        url.query_pairs_mut().extend_pairs(more);
        String::from(url)
    };
    let elsewhere = out(&[("client_id", "rp"), ("post_logout_redirect_uri", "https://evil.example/")]);
    assert_eq!(world.browser.open(&elsewhere).await.unwrap().status, 400);
    let back = [("client_id", "rp"), ("post_logout_redirect_uri", "https://app.example/bye"), ("state", "x")];
    let asked = world.browser.open(&out(&back)).await.unwrap();
    assert!(asked.text().contains("Ada Lovelace"));
    let hint = tokens["id_token"].as_str().unwrap();
    let hinted = [("id_token_hint", hint), back[1], back[2]];
    let page = world.browser.open_without_following(&out(&hinted)).await.unwrap();
    assert_eq!(page.location().unwrap().as_str(), "https://app.example/bye?state=x");
    assert_eq!(get(&world.authorize(&[("prompt", "none")]).await, "error").unwrap(), "login_required");
    let forged = [("id_token_hint", "a.b.c"), back[1]];
    assert_eq!(world.browser.open(&out(&forged)).await.unwrap().status, 400);
}

#[tokio::test]
async fn the_confirmed_logout_ends_the_session() {
    let world = world();
    world.code().await;
    let asked = world.browser.open("https://op.example/oauth2/logout").await.unwrap();
    let done = world.browser.submit(&asked, "Sign out", &[]).await.unwrap();
    assert!(done.text().contains("You are signed out"));
    assert_eq!(get(&world.authorize(&[("prompt", "none")]).await, "error").unwrap(), "login_required");
}

#[tokio::test]
async fn faults_strike_once_or_always_and_marks_become_tokens() {
    let world = world();
    let provider = &world.provider;
    provider.inject(Fault::token_response(RawResponse::new(418, "no")));
    assert_eq!(world.redeem(&world.code().await).await.0, 418);
    let marked = json!({"access_token": "$AT", "id_token": "$IDT", "token_type": 7});
    provider.inject(Fault::token_response(RawResponse::json(200, &marked)));
    let (_, tokens) = world.redeem(&world.code().await).await;
    assert_eq!((&tokens["token_type"], &claims(&tokens["id_token"])["sub"]), (&json!(7), &json!("ada")));
    provider.inject_always(Fault::omit(Endpoint::Token, &["expires_in"]));
    provider.inject(Fault::id_token_claim("nonce", "other"));
    let (_, tokens) = world.redeem(&world.code().await).await;
    assert!(tokens.get("expires_in").is_none());
    assert_eq!(claims(&tokens["id_token"])["nonce"], "other");
    assert_eq!(provider.faults().len(), 1);
    provider.clear();
    provider.inject(Fault::authorize_error("temporarily_unavailable"));
    assert_eq!(get(&world.authorize(&[]).await, "error").unwrap(), "temporarily_unavailable");
    provider.inject(Fault::callback_parameter("state", None));
    assert!(get(&world.authorize(&[]).await, "state").is_none());
    provider.set_down(true);
    let request = Request::get("https://op.example/.well-known/jwks.json").body(Bytes::new()).unwrap();
    let error = provider.http_client().send(request).await.unwrap_err();
    assert_eq!(error.kind(), HttpErrorKind::Unreachable);
}

#[tokio::test]
async fn every_trouble_on_the_list_exists() {
    for (name, _) in troubles::LIST {
        assert_eq!(troubles::faults(name).len(), 1, "{name}");
    }
}

#[tokio::test]
async fn over_tcp_it_serves_its_issuer_and_goes_down() {
    let provider = LocalProvider::builder().start().await.unwrap();
    let browser = Browser::new();
    let url = format!("{}/.well-known/openid-configuration", provider.issuer());
    let page = browser.open(&url).await.unwrap();
    let document: Value = serde_json::from_slice(&page.body).unwrap();
    assert_eq!(document["issuer"], provider.issuer());
    provider.set_down(true);
    assert!(browser.open(&url).await.is_err());
    provider.set_down(false);
    assert_eq!(browser.open(&url).await.unwrap().status, 200);
    let address = provider.address().unwrap();
    assert!(matches!(
        LocalProvider::builder().bind("0.0.0.0:0".parse().unwrap()).start().await,
        Err(StartError::NotLoopback(_))
    ));
    assert!(matches!(LocalProvider::builder().port(address.port()).start().await, Err(StartError::Bind(_))));
}

#[tokio::test]
async fn an_issuer_may_have_a_path() {
    let world = world_with(|builder| builder.issuer("https://op.example/tenant/a"));
    let page =
        world.browser.open("https://op.example/tenant/a/.well-known/openid-configuration").await.unwrap();
    let document: Value = serde_json::from_slice(&page.body).unwrap();
    assert_eq!(document["token_endpoint"], "https://op.example/tenant/a/oauth2/token");
    assert_eq!(world.provider.calls("/.well-known/openid-configuration"), 1);
}

#[tokio::test]
async fn a_trouble_chosen_on_the_page_strikes_that_sign_in_alone_over_tcp() {
    let client = Client::new("rp").secret("s3:c%r t").redirect_uri(APP);
    let provider = LocalProvider::builder().client(client).start().await.unwrap();
    let world = World { provider, browser: Browser::new(), clock: VirtualClock::default() };
    world.browser.route("https://app.example", Arc::new(Echo) as Arc<dyn HttpClient>).unwrap();
    let code = |page: &crate::Page| {
        let pairs: Vec<(String, String)> = page.url.query_pairs().into_owned().collect();
        (get(&pairs, "code").unwrap(), get(&pairs, "state").unwrap())
    };
    world.browser.open(&world.url(&[])).await.unwrap();
    let page = world.browser.sign_in_with_trouble("grace", "wrong_state").await.unwrap();
    assert_ne!(code(&page).1, "st");
    world.browser.open(&world.url(&[("prompt", "login")])).await.unwrap();
    let page = world.browser.sign_in_with_trouble("grace", "wrong_nonce").await.unwrap();
    let (_, tokens) = world.redeem(&code(&page).0).await;
    assert_ne!(claims(&tokens["id_token"])["nonce"], "no");
    let page = world.browser.open(&world.url(&[])).await.unwrap();
    let (_, tokens) = world.redeem(&code(&page).0).await;
    assert_eq!(claims(&tokens["id_token"])["nonce"], "no");
    world.provider.inject(Fault::disconnect(Endpoint::Token));
    let token = format!("{}/oauth2/token", world.provider.issuer());
    let answer = world.browser.fetch(http::Method::POST, &token, &[], "", APP).await;
    assert!(matches!(answer, Err(crate::BrowserError::Http(_))));
}
