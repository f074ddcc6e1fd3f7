//! Whole sign-ins, failures and sign-outs at the most verbose level: no secret is traced, printed or shown.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use landfall::{CookieKey, TokenProxy, Userinfo};
use landfall_native::{NativeClient, OpenBrowser};
use landfall_testkit::{
    Algorithm, Browser, Client, Endpoint, Fault, LocalProvider, Page, RawResponse, SigningKey, TestBed,
};
use landfall_tests::traces::Traces;
use landfall_tests::{Answer, BASE_URL, Engine, Framework, RawProvider, SessionKind, Upstream, World};
use serde_json::json;
use url::Url;

/// What must not be seen, and what could show it.
#[derive(Default)]
struct Search {
    secrets: BTreeSet<String>,
    shown: Vec<(String, String)>,
}

impl Search {
    fn plant(&mut self, secret: &str) {
        // Shorter ones would be found in anything.
        if secret.len() >= 12 {
            self.secrets.insert(secret.to_owned());
        }
    }

    /// Every secret that crossed the browser's wire, and every page of ours.
    fn learn(&mut self, page: &Page) {
        for hop in &page.hops {
            for (name, value) in hop.url.query_pairs() {
                if ["code", "state", "nonce", "id_token_hint"].contains(&name.as_ref()) {
                    self.plant(&value);
                }
            }
            let cookies =
                hop.headers.get_all("set-cookie").iter().chain(hop.request_headers.get_all("cookie"));
            for line in cookies.filter_map(|line| line.to_str().ok()) {
                for pair in line.split("; ").filter(|pair| pair.contains("landfall-")) {
                    self.plant(pair.split_once('=').map_or("", |(_, value)| value));
                }
            }
        }
        if page.url.as_str().starts_with(BASE_URL) {
            self.shown.push((format!("the page at {}", page.url.path()), page.text()));
        }
    }

    /// Every secret that the provider was sent.
    fn learn_from(&mut self, raw: &RawProvider) {
        for seen in raw.provider.requests() {
            for name in
                ["code", "code_verifier", "token", "client_secret", "refresh_token", "id_token_hint", "nonce"]
            {
                self.plant(&seen.parameter(name).unwrap_or_default());
            }
            let authorization = seen.header("authorization").unwrap_or_default();
            self.plant(authorization.split(' ').nth(1).unwrap_or_default());
        }
    }

    fn check(&self) {
        let mut found = Vec::new();
        for (place, text) in &self.shown {
            for secret in self.secrets.iter().filter(|secret| text.contains(secret.as_str())) {
                let line = text.lines().find(|line| line.contains(secret.as_str())).unwrap_or_default();
                found.push(format!("{place}: {secret} in {line:.600}"));
            }
        }
        assert!(found.is_empty(), "{} found\n{}", found.len(), found[..found.len().min(12)].join("\n"));
    }
}

#[tokio::test]
async fn nothing_secret_is_traced() {
    let traces = Traces::of_this_process();
    let mut search = Search::default();
    search.plant(TestBed::CLIENT_SECRET);
    search.plant("what-the-provider-echoes");
    for framework in [Framework::Axum, Framework::Actix] {
        for kind in SessionKind::all() {
            everything(framework, kind, &mut search).await;
        }
    }
    native(&mut search).await;
    let text = traces.text();
    for target in ["landfall", "hyper", "reqwest", "actix"] {
        assert!(text.contains(target), "{target} traced nothing: the search proves nothing");
    }
    assert!(text.contains("TRACE") && text.contains("signed in") && text.contains("signed out"));
    assert_eq!(text.lines().filter(|line| line.starts_with("FORGED")).count(), 0);
    search.shown.push(("the traces".to_owned(), text));
    assert!(search.secrets.len() > 100, "{} secrets", search.secrets.len());
    search.check();
}

/// A sign-in and a sign-out, and one failure after the other, over the stock client.
async fn everything(framework: Framework, kind: SessionKind, search: &mut Search) {
    let mut world = World::new(framework, kind).await;
    let raw = RawProvider::start().await;
    let key = CookieKey::generate().unwrap();
    search.plant(&key.to_base64url());
    let mut builder = raw.relying_party().cookie_keys([key.clone()]).userinfo(Userinfo::Always);
    let engine = Engine::open(kind, raw.clock()).await;
    if let Some(store) = engine.store() {
        builder = builder
            .store(store)
            .scopes(["openid", "profile", "email", "offline_access"])
            .webhook_secret("a-webhook-secret-of-the-tenant");
    }
    search.shown.push(("a builder".to_owned(), format!("{builder:?} {key:?}")));
    world.switch_to(builder).await;
    search.shown.push(("the relying party".to_owned(), format!("{:?}", world.auth)));

    let browser = browser(&world, &raw);
    let page = browser.open(&format!("{BASE_URL}/dashboard?x=1")).await.unwrap();
    assert!(page.text().starts_with("dashboard of ada"), "{}", page.text());
    search.learn(&page);
    let callback = page.hops.iter().find(|hop| hop.url.path() == "/auth/callback").unwrap().url.clone();
    for url in [callback.as_str(), &callback.as_str().replace("code=", "code=another-code-than-that")] {
        search.learn(&browser.open(url).await.unwrap());
    }
    search
        .shown
        .push(("a session".to_owned(), format!("{:?}", browser.open(BASE_URL).await.unwrap().text())));
    if kind.has_store() {
        forwarded(&mut world, &browser, search).await;
    }
    let out = browser.post_form(&format!("{BASE_URL}/auth/logout"), &[], BASE_URL).await.unwrap();
    search.learn(&out);

    for fault in faults() {
        raw.provider.inject(fault);
        let browser = self::browser(&world, &raw);
        let page = browser.open(&format!("{BASE_URL}/dashboard?x=2")).await.unwrap();
        search.learn(&page);
        raw.provider.clear();
    }
    for target in [
        "/auth/callback?code=a-code-of-nobody&state=lf1.a-state-of-nobody",
        "/auth/callback?error=x%0d%0aFORGED&error_description=what-the-provider-echoes&state=a-state-of-nobody",
    ] {
        search.learn(&browser.open(&format!("{BASE_URL}{target}")).await.unwrap());
    }
    // Somebody for the provider to end.
    search.learn(&browser.open(&format!("{BASE_URL}/dashboard?x=3")).await.unwrap());
    let token = raw.provider.logout_token(TestBed::CLIENT_ID).unwrap().claim("sub", "ada");
    let theirs = SigningKey::generate(Algorithm::Rs256, "theirs").unwrap();
    let tokens = [token.signed(), token.signed_with(&theirs, Algorithm::Rs256)];
    let now = raw.clock().now().secs();
    let event = json!({"event_id": "evt_1", "event_type": "user.signed_out", "occurred_at": now, "data": {"user": {"id": "ada"}}});
    let event = event.to_string();
    let tag =
        SigningKey::hmac(b"a-webhook-secret-of-the-tenant").sign(Algorithm::Hs256, event.as_bytes()).unwrap();
    let signature = tag.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let nobodys = "a-signature-of-nobody";
    for (path, body, signature, status) in [
        ("/auth/backchannel-logout", format!("logout_token={}", tokens[0]), nobodys, 200),
        ("/auth/backchannel-logout", format!("logout_token={}", tokens[1]), nobodys, 400),
        (
            "/auth/backchannel-logout",
            "logout_token=eyJhbGciOiJub25lIn0.a-logout-token-of-nobody.made-up".to_owned(),
            nobodys,
            400,
        ),
        ("/auth/webhook", "a-delivery-of-nobody".to_owned(), nobodys, 401),
        ("/auth/webhook", event, signature.as_str(), 200),
    ] {
        let request = http::Request::post(format!("{BASE_URL}{path}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-intelliauth-signature", signature)
            .header("x-intelliauth-timestamp", now);
        let answer = browser.send(request.body(body.into()).unwrap()).await.unwrap();
        let expected = if kind.has_store() { status } else { 404 };
        assert_eq!(answer.status().as_u16(), expected, "{path}");
        search.shown.push((path.to_owned(), String::from_utf8_lossy(answer.body()).into_owned()));
    }
    search.plant(&signature);
    for token in &tokens {
        search.plant(token);
        search.plant(token.rsplit('.').next().unwrap());
    }
    for planted in ["a-logout-token-of-nobody", "a-delivery-of-nobody", "a-webhook-secret-of-the-tenant"] {
        search.plant(planted);
    }
    search.learn_from(&raw);
}

/// Calls through the token proxy to an API that says the token back wherever it can but in a body.
async fn forwarded(world: &mut World, browser: &Browser, search: &mut Search) {
    let upstream = Upstream::start().await;
    let proxy = TokenProxy::new("/api", &upstream.url("")).unwrap();
    search.shown.push(("a proxy".to_owned(), format!("{proxy:?}")));
    world.forward(proxy);
    browser.route(BASE_URL, world.address).unwrap();
    for (path, status, headers, told) in [
        ("/a", "200 OK", "x-token: $TOKEN\r\nauthorization: Bearer $TOKEN\r\nset-cookie: a=$TOKEN\r\n", 200),
        ("/b", "401 No", "www-authenticate: Bearer error=\"$TOKEN\", error_description=\"$TOKEN\"\r\n", 502),
        ("/c", "302 Found", "location: https://elsewhere.example/?token=$TOKEN\r\n", 502),
        ("/d", "200 OK", "$TOKEN\r\n", 502),
        ("/e", "200 OK", "link: </x?$TOKEN>; rel=next\r\ncontent-location: /$TOKEN\r\n", 200),
    ] {
        upstream.with_headers(path, status, headers);
        let url = format!("{BASE_URL}/api{path}?x=1");
        let page = browser.fetch(http::Method::POST, &url, &[], "body", BASE_URL).await.unwrap();
        assert_eq!(page.status.as_u16(), told, "{path}");
        search.shown.push((format!("the answer at {path}"), format!("{:?} {}", page.headers, page.text())));
    }
    upstream.at("/f", Answer::HalfOfLength);
    // Broken off on purpose.
    let _ = browser.fetch(http::Method::GET, &format!("{BASE_URL}/api/f"), &[], "", BASE_URL).await;
    let heard = upstream.heard();
    assert_eq!(heard.len(), 6);
    for heard in &heard {
        search.plant(heard.token().unwrap());
    }
}

/// Says the address in its error, as the launchers of browsers do.
#[derive(Clone, Debug, Default)]
struct Broken(Arc<Mutex<Vec<String>>>);

impl OpenBrowser for Broken {
    fn open(&self, url: &str) -> io::Result<()> {
        self.0.lock().unwrap().push(url.to_owned());
        Err(io::Error::other(format!("Launcher \"xdg-open\" {url:?} failed")))
    }
}

/// A native application whose browser cannot be started: once with somebody to show the address, once without.
async fn native(search: &mut Search) {
    let client = Client::new("native").redirect_uri("http://127.0.0.1/callback");
    let provider = LocalProvider::builder().client(client).auto_sign_in("ada").start().await.unwrap();
    let broken = Broken::default();
    let builder = || NativeClient::builder(provider.issuer(), "native").browser(broken.clone());
    let error = builder().build().unwrap().sign_in().await.unwrap_err();
    search.shown.push(("an error".to_owned(), format!("{error} {error:?} {}", error.remedy())));

    let (handed, mut given) = tokio::sync::mpsc::unbounded_channel();
    let handing = builder().on_no_browser(move |no_browser| handed.send(no_browser).unwrap());
    let client = handing.build().unwrap();
    let person = async {
        let no_browser = given.recv().await.unwrap();
        let page = Browser::new().open(no_browser.url()).await.unwrap();
        assert!(page.text().contains("You can close this window"), "{}", page.text());
        (page, format!("{no_browser:?}"))
    };
    let (user, (page, debug)) = tokio::join!(client.sign_in(), person);
    assert_eq!(user.unwrap().subject(), "ada");
    search.shown.push(("what no browser shows".to_owned(), format!("{debug} {client:?}")));
    search.learn(&page);
    for url in broken.0.lock().unwrap().iter() {
        for (name, value) in Url::parse(url).unwrap().query_pairs() {
            if ["state", "nonce", "code_challenge"].contains(&name.as_ref()) {
                search.plant(&value);
            }
        }
    }
}

fn browser(world: &World, raw: &RawProvider) -> Browser {
    let browser = world.other_browser();
    browser.route(raw.provider.issuer(), &raw.provider).unwrap();
    browser
}

fn faults() -> Vec<Fault> {
    let echo = format!("client_secret={} what-the-provider-echoes", TestBed::CLIENT_SECRET);
    let refused = json!({"error": "invalid_grant", "error_description": echo});
    let odd = json!({"error": "what-the-provider-echoes"});
    let answer = |body: &str| {
        Fault::token_response(RawResponse::new(200, body).header("content-type", "application/json"))
    };
    vec![
        Fault::token_response(RawResponse::json(400, &refused)),
        Fault::token_response(RawResponse::json(
            401,
            &json!({"error": "invalid_client", "error_description": echo}),
        )),
        Fault::token_response(RawResponse::json(400, &odd)),
        answer(
            "{\"access_token\":\"$AT\",\"id_token\":\"$IDT\",\"refresh_token\":\"$RT\",\"token_type\":\"mac\"}",
        ),
        answer("{\"access_token\":\"$AT\",\"id_token\":\"$IDT\",\"expires_in\":\"$RT\"}"),
        answer("{\"access_token\":\"$AT\",\"id_token\":\"$IDT\"} what-the-provider-echoes"),
        answer("{\"access_token\":\"$AT\",\"id_token\":[\"$IDT\"]"),
        answer("what-the-provider-echoes"),
        Fault::disconnect(Endpoint::Token),
        Fault::id_token_claim("nonce", "what-the-provider-echoes"),
        Fault::id_token_claim("exp", 1_000_000_000),
        Fault::id_token_claim("aud", "another-application"),
        Fault::raw_id_token(|token| format!("{}.what-the-provider-echoes", token.unsigned())),
        Fault::raw_id_token(|_| "what-the-provider-echoes".to_owned()),
        Fault::json(Endpoint::Userinfo, |document| {
            drop(document.insert("sub".to_owned(), "somebody".into()));
        }),
        Fault::Respond(Endpoint::Userinfo, RawResponse::new(500, "what-the-provider-echoes")),
        Fault::AuthorizeError { error: "x\r\nFORGED".to_owned(), description: Some("y\nFORGED".to_owned()) },
        Fault::callback_parameter("state", Some("not-the-state-that-was-sent")),
        Fault::callback_parameter("iss", Some("https://somebody-else.example")),
    ]
}
