//! What a browser shows of a native application's sign-in.

use std::future::Future;
use std::io;
use std::time::Duration;

use landfall_native::{DeviceCode, Identity, NativeClient, NativeError, OpenBrowser};
use landfall_testkit::{Client, LocalProvider};
use landfall_tests::real::{Chromium, Viewport, until};
use landfall_tests::run;
use tokio::sync::mpsc::{self, UnboundedSender};

use crate::ADA;

const VIEWPORTS: [Viewport; 2] = [Viewport::Phone, Viewport::Desktop];

/// Tells the test what to open.
#[derive(Debug)]
struct Told(UnboundedSender<String>);

impl OpenBrowser for Told {
    fn open(&self, url: &str) -> io::Result<()> {
        self.0.send(url.to_owned()).map_err(io::Error::other)
    }
}

/// Signs in by loopback in this browser: `act` is what the person does on the provider's page.
async fn sign_in(browser: &Chromium, act: impl Future<Output = ()>) -> Result<Identity, NativeError> {
    let client = Client::new("native").redirect_uri("http://127.0.0.1/callback");
    let provider = LocalProvider::builder().client(client).start().await.unwrap();
    let (opened, mut urls) = mpsc::unbounded_channel();
    let native = NativeClient::builder(provider.issuer(), "native").browser(Told(opened)).build().unwrap();
    let person = async {
        browser.open(&urls.recv().await.unwrap()).await;
        act.await;
    };
    tokio::join!(native.sign_in(), person).0
}

/// Nothing listens any more where the browser was sent to.
async fn is_closed(browser: &Chromium) {
    let address = browser.url().await;
    assert_eq!((address.host_str(), address.path()), (Some("127.0.0.1"), "/callback"));
    let port = address.socket_addrs(|| None).unwrap()[0];
    until("the listener is gone", async || tokio::net::TcpStream::connect(port).await.err()).await;
}

#[test]
fn a_native_sign_in_ends_on_a_page_that_says_the_window_can_be_closed() {
    run(Box::pin(async {
        for viewport in VIEWPORTS {
            let browser = Chromium::start(viewport).await;
            let user = sign_in(&browser, browser.press(ADA)).await.unwrap();
            assert_eq!(user.subject(), "ada");
            browser.says("You can close this window and go back to the application.").await;
            browser.picture("native-signed-in").await;
            assert_eq!(browser.policy_violations().await, Vec::<String>::new());
            is_closed(&browser).await;
        }
    }));
}

#[test]
fn a_native_sign_in_that_was_refused_says_so_and_what_to_do() {
    run(Box::pin(async {
        for viewport in VIEWPORTS {
            let browser = Chromium::start(viewport).await;
            let refuse = async {
                browser.press("summary").await;
                browser.press("option[value=access_denied]").await;
                browser.press(ADA).await;
            };
            let error = sign_in(&browser, refuse).await.unwrap_err();
            assert!(matches!(error, NativeError::SignIn(_)), "{error:?}");
            let page = browser.says("You are not signed in").await;
            assert!(page.contains("Go back to the application and try again."), "{page}");
            browser.picture("native-refused").await;
            is_closed(&browser).await;
        }
    }));
}

#[test]
fn a_code_from_a_terminal_is_entered_and_allowed_on_a_phone_and_on_a_desk() {
    run(Box::pin(async {
        for viewport in VIEWPORTS {
            let browser = Chromium::start(viewport).await;
            let builder = LocalProvider::builder().client(Client::new("native"));
            let provider =
                builder.device_codes(Duration::from_secs(60), Duration::from_secs(1)).start().await.unwrap();
            let native = NativeClient::builder(provider.issuer(), "native").build().unwrap();
            let (shown, mut codes) = mpsc::unbounded_channel();
            let show = |code: DeviceCode<'_>| {
                shown.send((code.verification_uri().to_owned(), code.user_code().to_owned())).unwrap();
            };
            let person = async {
                let (page, code) = codes.recv().await.unwrap();
                browser.open(&page).await;
                browser.write("input[name=user_code]", &code).await;
                browser.picture("provider-4-device").await;
                browser.press(ADA).await;
                browser.says("You can close this window and go back to your device.").await;
                browser.picture("provider-5-device-done").await;
            };
            let (user, ()) = tokio::join!(native.sign_in_on_device(show), person);
            assert_eq!(user.unwrap().subject(), "ada");
        }
    }));
}
