//! A provider whose public address is not the one it is reached by from here.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use landfall::{HttpClient, HttpError, HttpErrorKind, danger};
use landfall_testkit::Fault;
use landfall_tests::{Framework, SessionKind, World, on_both_frameworks};

use crate::support::at;

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

    async fn an_internal_address_vouches_for_no_other_issuer(framework) {
        let (world, _) = split(framework).await;
        world.provider.inject(Fault::id_token_claim("iss", INTERNAL));
        let page = world.open("/dashboard").await;
        assert_eq!(page.status, 400, "{}", page.text());
        assert_eq!(world.open("/").await.text(), "hello nobody");
    }
}
