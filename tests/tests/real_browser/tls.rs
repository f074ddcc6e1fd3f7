//! Over TLS, where the cookies are those of production.

use landfall::{CookieKey, MemoryStore, RelyingParty};
use landfall_testkit::{Client, LocalProvider};
use landfall_tests::real::{BrowserCookie, Chromium, TlsFront, Viewport};
use landfall_tests::{Framework, Port, on_both_frameworks};

use crate::ADA;

async fn serve(framework: Framework, front: TlsFront) -> LocalProvider {
    let base_url = front.base_url().to_owned();
    let client = Client::new("app")
        .secret("the-secret-of-a-test")
        .redirect_uri(format!("{base_url}/auth/callback"))
        .post_logout_redirect_uri(format!("{base_url}/"));
    let provider = LocalProvider::builder().client(client).start().await.unwrap();
    let auth = RelyingParty::builder(provider.issuer())
        .client("app", "the-secret-of-a-test")
        .base_url(&base_url)
        .cookie_keys([CookieKey::generate().unwrap()])
        .store(MemoryStore::new())
        .build()
        .unwrap();
    front.serve(Port::bind().serve(framework, auth));
    provider
}

fn is_locked_to_its_host(cookie: &BrowserCookie) {
    assert!(cookie.secure && cookie.http_only, "{cookie:?}");
    assert_eq!(cookie.same_site.as_deref(), Some("Lax"), "{cookie:?}");
    assert_eq!((cookie.path.as_str(), cookie.domain.as_str()), ("/", "localhost"), "{cookie:?}");
}

on_both_frameworks! {
    async fn over_tls_a_browser_keeps_the_cookies_with_the_host_prefix(framework) {
        let front = TlsFront::bind().await;
        let base_url = front.base_url().to_owned();
        let provider = serve(framework, front).await;
        let browser = Chromium::start(Viewport::Phone).await;
        let deep_link = format!("{base_url}/dashboard/x?y=1");
        browser.open(&deep_link).await;
        browser.says("Who would you like to be?").await;
        assert!(browser.url().await.as_str().starts_with(provider.issuer()));
        browser.press(ADA).await;
        browser.lands_on(&deep_link).await;
        browser.says("dashboard of ada at /dashboard/x with y=1").await;

        let cookies = browser.cookies().await;
        let session = cookies.iter().find(|cookie| cookie.name.starts_with("__Host-landfall-session-")).expect("a session");
        is_locked_to_its_host(session);
        let ours: Vec<_> = cookies.iter().filter(|cookie| cookie.name.contains("landfall")).collect();
        assert!(ours.iter().all(|cookie| cookie.name.starts_with("__Host-")), "{ours:?}");
        ours.into_iter().for_each(is_locked_to_its_host);
        assert_eq!(browser.run("return document.cookie", &[]).await, "");
    }
}
