//! Logout tokens and the addresses they are sent to.

use std::net::SocketAddr;

use super::*;
use crate::Algorithm;

const BACK: &str = "https://app.example/auth/backchannel-logout?tenant=a";
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A world whose client wants logout tokens, which an application takes.
fn told(answers: &[u16]) -> (World, App) {
    let world = world();
    world.provider.change_client("rp", |client| client.backchannel_logout_uri(BACK));
    let app = App::answering(answers);
    world.provider.route("https://app.example", app.target()).unwrap();
    (world, app)
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn the_end_of_a_session_is_posted_to_every_client_it_signed_in_to_before_the_browser_goes_on() {
    let (world, app) = told(&[]);
    let quiet = Client::new("quiet").redirect_uri("https://quiet.example/cb");
    let stranger = Client::new("stranger").backchannel_logout_uri("https://stranger.example/out");
    world.provider.register(quiet);
    world.provider.register(stranger);
    world.authorize(&[("client_id", "quiet"), ("redirect_uri", "https://quiet.example/cb")]).await;
    let (_, tokens) = world.redeem(&world.code().await).await;
    let sessions = world.provider.sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(claims(&tokens["id_token"])["sid"], sessions[0].sid);

    let hint = tokens["id_token"].as_str().unwrap();
    let out = format!("https://op.example/oauth2/logout?id_token_hint={hint}");
    assert!(world.browser.open(&out).await.unwrap().text().contains("signed out"));
    assert!(world.provider.sessions().is_empty());

    let made = world.provider.deliveries();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!((made[0].uri.as_str(), made[0].client_id.as_deref()), (BACK, Some("rp")));
    assert_eq!((made[0].status(), made[0].is_accepted()), (Some(200), true));
    assert_eq!(made[0].answer.as_ref().unwrap().body(), "noted");
    let seen = app.seen();
    assert_eq!((seen.len(), seen[0].method().as_str()), (1, "POST"));
    assert_eq!(seen[0].headers()["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(seen[0].body(), &made[0].body);

    let token = made[0].logout_token().unwrap();
    let head = header(&token);
    assert_eq!((&head["alg"], &head["typ"]), (&json!("RS256"), &json!("logout+jwt")));
    assert_eq!(head["kid"], world.provider.signing_key(Algorithm::Rs256).unwrap().kid());
    let said = claims(&json!(token));
    for (name, value) in [("iss", "https://op.example"), ("aud", "rp"), ("sub", "ada")] {
        assert_eq!(said[name], value);
    }
    assert_eq!(said["sid"], sessions[0].sid);
    assert_eq!(said["events"], json!({EVENT: {}}));
    assert_eq!(said["exp"].as_u64().unwrap() - said["iat"].as_u64().unwrap(), 120);
    assert!(said["jti"].is_string() && said.get("nonce").is_none());
}

#[tokio::test]
async fn a_client_is_told_even_if_it_has_revoked_its_tokens_first() {
    let (world, app) = told(&[]);
    let (_, tokens) = world.redeem(&world.code().await).await;
    world.post("/oauth2/revoke", &[("token", tokens["refresh_token"].as_str().unwrap())]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    world.browser.open(&format!("https://op.example/oauth2/logout?id_token_hint={hint}")).await.unwrap();
    assert_eq!(app.seen().len(), 1);
}

#[tokio::test]
async fn an_administrator_ends_all_sessions_of_one_person_and_takes_the_tokens_back() {
    let (world, app) = told(&[400]);
    let (_, tokens) = world.redeem(&world.code().await).await;
    let elsewhere = Browser::new();
    elsewhere.route("https://op.example", &world.provider).unwrap();
    elsewhere.open_without_following(&world.url(&[])).await.unwrap();
    world.provider.sign_in_as("grace");
    elsewhere.open_without_following(&world.url(&[])).await.unwrap();
    assert_eq!(world.provider.sessions().len(), 3);

    let made = world.provider.sign_out_everywhere("ada").await;
    let mut answers: Vec<Option<u16>> = made.iter().map(Delivery::status).collect();
    answers.sort_unstable();
    assert_eq!(answers, [Some(200), Some(400)]);
    assert_eq!(app.seen().len(), 2);
    let jti = |delivery: &Delivery| claims(&json!(delivery.logout_token().unwrap()))["jti"].clone();
    assert_ne!(jti(&made[0]), jti(&made[1]));
    assert_eq!(world.provider.sessions()[0].subject, "grace");
    assert_eq!(world.refresh(&tokens["refresh_token"]).await.0, 400);
    assert_eq!(world.userinfo(&tokens["access_token"]).await, 401);
    assert!(world.provider.sign_out_everywhere("nobody").await.is_empty());
    world.provider.forget_deliveries();
    assert!(world.provider.deliveries().is_empty());
}

#[tokio::test]
async fn who_cannot_be_reached_holds_up_no_sign_out() {
    let world = world();
    world.provider.change_client("rp", |client| client.backchannel_logout_uri("https://nowhere.example/out"));
    world.code().await;
    let made = world.provider.sign_out_everywhere("ada").await;
    assert!(made[0].answer.as_ref().unwrap_err().contains("LocalProvider::route"), "{made:?}");
    assert_eq!(made[0].status(), None);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    drop(listener);
    world.provider.change_client("rp", |client| client.backchannel_logout_uri(format!("http://{address}/")));
    world.code().await;
    assert!(world.provider.sign_out_everywhere("ada").await[0].answer.is_err());
}

#[tokio::test]
async fn over_tcp_a_loopback_address_needs_no_route() {
    let app = LocalProvider::builder().start().await.unwrap();
    let back = format!("{}/oauth2/revoke", app.issuer());
    let client = Client::new("rp").redirect_uri(APP).backchannel_logout_uri(back);
    let provider = LocalProvider::builder().client(client).auto_sign_in("ada").start().await.unwrap();
    let world = World { provider, browser: Browser::new(), clock: VirtualClock::default() };
    world.authorize(&[]).await;
    let asked = world.browser.open(&format!("{}/oauth2/logout", world.provider.issuer())).await.unwrap();
    world.browser.submit(&asked, "Sign out", &[]).await.unwrap();
    assert_eq!(world.provider.deliveries()[0].status(), Some(401), "it knows no such client");
    assert!(app.requests()[0].parameter("logout_token").is_some());
}

#[tokio::test]
async fn a_logout_token_can_be_put_together_wrongly() {
    let world = world();
    let token = world.provider.logout_token("rp").unwrap().claim("sub", "ada").claim("aud", "other");
    let forged = token.clone().header("typ", "JWT").without_header("kid").without_claim("jti");
    let whole = forged.signed();
    assert_eq!(header(&whole), json!({"alg": "RS256", "typ": "JWT"}));
    let said = claims(&json!(whole));
    assert_eq!((&said["aud"], said.get("jti")), (&json!("other"), None));
    let none = token.unsecured();
    assert!(none.ends_with('.') && header(&none)["alg"] == "none");
    let hmac = token.signed_with_secret(b"s3:c%r t");
    assert_eq!(header(&hmac)["alg"], "HS256");
    let (input, signature) = hmac.rsplit_once('.').unwrap();
    let expected = SigningKey::hmac(b"s3:c%r t").sign(Algorithm::Hs256, input.as_bytes()).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.decode(signature).unwrap(), expected);
    assert_eq!(claims(&json!(world.provider.logout_token("unknown").unwrap().signed()))["aud"], "unknown");
}
