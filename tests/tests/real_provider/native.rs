//! A native application: by loopback, by a scheme of its own, and by a device code.

use std::io;
use std::sync::{Arc, Mutex};

use landfall_native::{ErrorCode, Identity, NativeClient, NativeError, OpenBrowser};
use landfall_testkit::{Browser, Page};
use landfall_tests::real::RealProvider;
use landfall_tests::until;

/// A browser that keeps what it was told to open, for the test to go there.
#[derive(Clone, Debug, Default)]
struct Opened(Arc<Mutex<Option<String>>>);

impl OpenBrowser for Opened {
    fn open(&self, url: &str) -> io::Result<()> {
        *self.0.lock().unwrap() = Some(url.to_owned());
        Ok(())
    }
}

async fn place() -> (RealProvider, NativeClient, Opened, Browser) {
    let provider = RealProvider::start("127.0.0.1", &["http://127.0.0.1:1".to_owned()]).await;
    let opened = Opened::default();
    let client = NativeClient::builder(provider.issuer(), "native")
        .scopes(["openid", "profile", "offline_access"])
        .browser(opened.clone())
        .build()
        .unwrap();
    (provider, client, opened, Browser::new())
}

/// Signs in on the provider's pages, and goes where they lead.
async fn goes_to(provider: &RealProvider, browser: &Browser, url: &str) -> Page {
    let page = browser.open(url).await.unwrap();
    provider.sign_in(browser, &page, "ada").await
}

async fn is_ada(client: &NativeClient, user: &Identity) {
    assert_eq!((user.subject(), user.name()), ("ada", Some("User ada")));
    assert!(client.access_token().await.is_ok());
    // Given back: the provider knows the refresh token no more, and says where its own session ends.
    assert!(client.sign_out().await.unwrap().is_some());
    assert!(matches!(client.access_token().await, Err(NativeError::SignedOut)));
}

#[tokio::test]
async fn a_terminal_program_signs_in_by_a_port_that_the_provider_has_never_heard_of() {
    let (provider, client, opened, browser) = place().await;
    let same = client.clone();
    let sign_in = tokio::spawn(async move { same.sign_in().await });
    let url = until("the browser is opened", async || opened.0.lock().unwrap().take()).await;
    let page = goes_to(&provider, &browser, &url).await;
    assert_eq!((page.url.host_str(), page.url.path()), (Some("127.0.0.1"), "/callback"));
    assert!(page.text().contains("You can close this window"), "{}", page.text());
    is_ada(&client, &sign_in.await.unwrap().unwrap()).await;
}

#[tokio::test]
async fn a_shell_signs_in_by_a_scheme_of_its_own() {
    let (provider, client, _, browser) = place().await;
    let attempt = client.begin("com.example.app://callback").await.unwrap();
    let came = goes_to(&provider, &browser, attempt.url()).await.location().expect("an answer");
    is_ada(&client, &client.finish(&attempt, came.as_str()).await.unwrap()).await;
}

/// A device that waits, and the code it shows.
async fn device(
    client: &NativeClient,
) -> (tokio::task::JoinHandle<Result<Identity, NativeError>>, String, String) {
    let shown = Arc::new(Mutex::new(None));
    let (same, show) = (client.clone(), Arc::clone(&shown));
    let sign_in = tokio::spawn(async move {
        let show = |code: landfall_native::DeviceCode<'_>| {
            *show.lock().unwrap() = Some((code.verification_uri().to_owned(), code.user_code().to_owned()));
        };
        same.sign_in_on_device(show).await
    });
    let (uri, code) = until("the code is shown", async || shown.lock().unwrap().take()).await;
    (sign_in, uri, code)
}

async fn enters(browser: &Browser, uri: &str, code: &str) -> Page {
    let page = browser.open(uri).await.unwrap();
    browser.submit(&page, "Go on", &[("user_code", code)]).await.unwrap()
}

#[tokio::test]
async fn a_device_signs_in_when_somebody_has_entered_its_code() {
    let (provider, client, _, browser) = place().await;
    let (sign_in, uri, code) = device(&client).await;
    let page = enters(&browser, &uri, &code).await;
    let page = browser.submit(&page, "It is", &[]).await.unwrap();
    let done = provider.sign_in(&browser, &page, "ada").await;
    assert!(done.text().contains("Go back to your device"), "{}", done.text());
    is_ada(&client, &sign_in.await.unwrap().unwrap()).await;
}

#[tokio::test]
async fn a_device_whose_code_is_declined_is_told_so() {
    let (_provider, client, _, browser) = place().await;
    let (sign_in, uri, code) = device(&client).await;
    let page = enters(&browser, &uri, &code).await;
    browser.submit(&page, "It is not", &[]).await.unwrap();
    assert_eq!(sign_in.await.unwrap().unwrap_err().code(), Some(ErrorCode::SignInDeclined));
}
