//! A provider whose public address is not the one it is reached by from here.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use landfall::{CookieKey, HttpClient, HttpError, HttpErrorKind, RelyingParty, TokenProxy, danger};
use landfall_testkit::{Browser, Client, Endpoint, Fault, LocalProvider, TestBed};
use landfall_tests::{Framework, Port, SessionKind, World, on_both_frameworks};

use crate::support::{at, error_log, listen_to_errors};

const INTERNAL: &str = "http://op.internal:8080";

type Asked = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A network in which the provider is known as `op.internal` alone.
#[derive(Debug)]
struct Inside {
    provider: Arc<dyn HttpClient>,
    asked: Asked,
}

#[async_trait::async_trait]
impl HttpClient for Inside {
    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let host = request.headers().get("host").map(|host| host.to_str().unwrap().to_owned());
        let url = request.uri().to_string();
        self.asked.lock().unwrap().push((url.clone(), host));
        let Some(path) = url.strip_prefix(INTERNAL) else {
            return Err(HttpError::new(HttpErrorKind::Unreachable, "no way out of this network"));
        };
        *request.uri_mut() = format!("https://op.example{path}").parse().unwrap();
        self.provider.send(request).await
    }
}

async fn split(framework: Framework) -> (World, Asked) {
    let mut world = World::new(framework, SessionKind::Memory).await;
    let asked = Asked::default();
    let inside = Inside { provider: world.provider.http_client(), asked: Arc::clone(&asked) };
    let builder = world
        .builder()
        .http_client(Arc::new(inside))
        .scopes(["openid", "profile", "email", "offline_access"])
        .provider_address(INTERNAL);
    world.switch_to(danger::allow_plain_provider_address(builder)).await;
    (world, asked)
}

on_both_frameworks! {
    async fn the_provider_is_called_by_its_internal_address_and_seen_by_its_public_one(framework) {
        let (world, asked) = split(framework).await;
        let page = world.open("/dashboard/x?y=1").await;
        assert_eq!(page.url.as_str(), at("/dashboard/x?y=1"));
        let at_provider = page.hops.iter().find(|hop| hop.url.path() == "/oauth2/authorize").unwrap();
        assert_eq!(at_provider.url.host_str(), Some("op.example"), "a browser is sent to the public address");

        let page = world.browser.post_form(&at("/auth/logout"), &[], landfall_tests::BASE_URL).await.unwrap();
        assert!(page.hops.iter().all(|hop| hop.url.host_str() != Some("op.internal")));
        let asked = asked.lock().unwrap().clone();
        let inside = |path: &str| asked.iter().any(|(url, _)| *url == format!("{INTERNAL}{path}"));
        for path in ["/.well-known/openid-configuration", "/oauth2/token", "/oauth2/revoke"] {
            assert!(inside(path), "{path}: {asked:?}");
        }
        assert!(asked.iter().all(|(url, _)| url.starts_with(INTERNAL)), "{asked:?}");
        assert!(asked.iter().all(|(_, host)| host.as_deref() == Some("op.example")), "{asked:?}");
    }

    async fn the_stock_client_keeps_the_public_host_on_its_way(framework) {
        let client = Client::new(TestBed::CLIENT_ID)
            .secret(TestBed::CLIENT_SECRET)
            .redirect_uri(at("/auth/callback"))
            .post_logout_redirect_uri(at("/"));
        let provider = LocalProvider::builder()
            .issuer("https://op.example:8443")
            .client(client)
            .auto_sign_in("ada")
            .start()
            .await
            .unwrap();
        let auth = RelyingParty::builder("https://op.example:8443")
            .client(TestBed::CLIENT_ID, TestBed::CLIENT_SECRET)
            .base_url(landfall_tests::BASE_URL)
            .cookie_keys([CookieKey::generate().unwrap()])
            .provider_address(format!("http://{}", provider.address().unwrap()))
            .build()
            .unwrap();
        let browser = Browser::new();
        browser.route("https://op.example:8443", &provider).unwrap();
        browser.route(landfall_tests::BASE_URL, Port::bind().serve(framework, auth)).unwrap();
        let page = browser.open(&at("/dashboard/x")).await.unwrap();
        assert_eq!((page.url.as_str(), page.status.as_u16()), (at("/dashboard/x").as_str(), 200));
        let requests = provider.requests();
        let behind = requests.iter().filter(|seen| seen.path != "/oauth2/authorize");
        let hosts: Vec<_> = behind.map(|seen| (seen.path.clone(), seen.header("host").map(str::to_owned))).collect();
        assert!(hosts.iter().any(|(path, _)| path == "/oauth2/token"), "{hosts:?}");
        assert!(hosts.iter().all(|(_, host)| host.as_deref() == Some("op.example:8443")), "{hosts:?}");
    }

    async fn an_endpoint_on_another_origin_is_called_there(framework) {
        let (world, asked) = split(framework).await;
        let keys = "https://keys.example/jwks";
        world.provider.inject_always(Fault::json(Endpoint::Discovery, move |metadata| {
            metadata.insert("jwks_uri".to_owned(), keys.into());
        }));
        assert_eq!(world.open("/dashboard").await.status, 503);
        let asked = asked.lock().unwrap().clone();
        assert!(asked.iter().any(|(url, _)| url == keys), "{asked:?}");
        assert!(!asked.iter().any(|(url, host)| url.contains("/jwks") && host.as_deref() == Some("op.example")), "{asked:?}");
    }

    async fn an_address_that_is_no_origin_or_that_anybody_may_listen_on_is_refused(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        for wrong in ["", "op.internal", "op.internal:8080", "https://op.internal/path", "https://op.internal/?x", "https://u@op.internal", "ftp://op.internal", INTERNAL] {
            let error = world.builder().provider_address(wrong).build().unwrap_err();
            assert_eq!(error.setting, "provider_address", "{wrong}");
        }
    }

    async fn a_way_without_tls_is_refused_unless_it_is_named_and_is_told_at_each_start(framework) {
        listen_to_errors();
        let world = World::new(framework, SessionKind::Memory).await;
        let host = format!("{framework:?}.internal").to_lowercase();
        let address = format!("http://{host}:8080");
        let told = |by: &str| {
            let log = error_log();
            log.lines().filter(|line| line.contains("WARN") && line.contains(&host) && line.contains(by)).count()
        };
        let named = ["danger::allow_plain_provider_address", "danger::plain_http_upstream"];
        let provider = || world.builder().provider_address(&address);
        let upstream = format!("{address}/v1");
        let refused = [provider().build().unwrap_err(), TokenProxy::new("/api", &upstream).unwrap_err()];
        for (error, danger) in refused.iter().zip(named) {
            assert!(error.problem.contains(&host) && error.remedy.contains(danger), "{error}");
        }
        assert_eq!(named.map(told), [0, 0]);
        for start in 1..=2 {
            assert!(format!("{:?}", danger::allow_plain_provider_address(provider())).contains("plain_provider_address: true"));
            danger::allow_plain_provider_address(provider()).build().unwrap();
            let second = std::time::Duration::from_secs(1);
            danger::plain_http_upstream("/api", &upstream).unwrap().timeouts(second, second).unwrap();
            assert_eq!(named.map(told), [start, start]);
        }
        // On this machine there is nobody to listen.
        assert!(world.builder().provider_address("http://127.0.0.1:8080").build().is_ok());
        assert!(TokenProxy::new("/api", "http://[::1]:8080").is_ok());
    }

    async fn an_internal_address_vouches_for_no_other_issuer(framework) {
        let (world, _) = split(framework).await;
        world.provider.inject(Fault::id_token_claim("iss", INTERNAL));
        let page = world.open("/dashboard").await;
        assert_eq!(page.status, 400, "{}", page.text());
        assert_eq!(world.open("/").await.text(), "hello nobody");
    }
}
