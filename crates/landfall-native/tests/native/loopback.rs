//! The listener on loopback.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use landfall_native::{ErrorCode, NativeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Failing, Opened, Place, answer, begun, get};

/// Scheme, host and port of an answer's address.
fn origin(answer: &str) -> String {
    url::Url::parse(answer).unwrap().origin().ascii_serialization()
}

async fn is_closed(answer: &str) -> bool {
    TcpStream::connect(origin(answer).trim_start_matches("http://")).await.is_err()
}

#[tokio::test]
async fn a_sign_in_by_the_browser_ends_on_a_page_that_says_so_and_closes_the_listener() {
    let place = Place::new();
    let (sign_in, answer, browser) = begun(&place).await;
    assert!(answer.starts_with("http://127.0.0.1:"), "{answer}");
    let page = get(&browser, &answer).await;
    assert!(page.text().contains("You can close this window"), "{}", page.text());
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let user = sign_in.await.unwrap().unwrap();
    assert_eq!((user.subject(), user.name()), ("ada", Some("Ada Lovelace")));
    assert!(is_closed(&answer).await);
}

#[tokio::test]
async fn the_redirect_uri_is_the_same_literal_in_both_requests() {
    let place = Place::new();
    let (sign_in, answer, browser) = begun(&place).await;
    get(&browser, &answer).await;
    sign_in.await.unwrap().unwrap();
    let said: Vec<_> =
        place.provider.requests().iter().filter_map(|seen| seen.parameter("redirect_uri")).collect();
    assert_eq!(said, [format!("{}/callback", origin(&answer)), format!("{}/callback", origin(&answer))]);
}

#[tokio::test]
async fn a_second_process_that_knocks_changes_nothing() {
    let place = Place::new();
    let (sign_in, answer, browser) = begun(&place).await;
    let origin = origin(&answer);
    for (path, status) in [
        ("/favicon.ico", 404),
        ("/", 404),
        ("/callback", 400),
        ("/callback?code=stolen&state=lf1.guess", 400),
        ("/callback?error=access_denied", 400),
        ("/callback?code=a&code=b", 400),
    ] {
        assert_eq!(get(&browser, &format!("{origin}{path}")).await.status, status, "{path}");
    }
    // One that says nothing, and one that says nonsense.
    let address = origin.trim_start_matches("http://").to_owned();
    let _silent = TcpStream::connect(&address).await.unwrap();
    let mut loud = TcpStream::connect(&address).await.unwrap();
    loud.write_all(b"\x16\x03\x01 nonsense\r\n\r\n").await.unwrap();
    let mut said = String::new();
    loud.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    // A post of the genuine answer is none either.
    let posted = browser.post_form(&answer, &[], &origin).await.unwrap();
    assert_eq!(posted.status, 405);
    assert!(get(&browser, &answer).await.text().contains("You can close this window"));
    assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
}

#[tokio::test]
async fn dns_rebinding_to_the_listener_gets_nowhere() {
    let place = Place::new();
    let (sign_in, answer, browser) = begun(&place).await;
    let rest = answer.strip_prefix(&origin(&answer)).unwrap();
    let mut stream = TcpStream::connect(origin(&answer).trim_start_matches("http://")).await.unwrap();
    stream.write_all(format!("GET {rest} HTTP/1.1\r\nHost: evil.example\r\n\r\n").as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
    assert_eq!(place.provider.calls("/oauth2/token"), 0);
    get(&browser, &answer).await;
    assert!(sign_in.await.unwrap().is_ok());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_listener_is_there_at_its_own_address_alone() {
    let place = Place::new();
    let (sign_in, answer, _) = begun(&place).await;
    let port = url::Url::parse(&answer).unwrap().port().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    // Every address of this machine would be listened on with this one, which is loopback, too.
    assert!(TcpStream::connect(("127.0.0.2", port)).await.is_err());
    sign_in.abort();
}

#[tokio::test]
async fn silent_connections_do_not_keep_the_answer_out() {
    let place = Place::new();
    let (sign_in, answer, browser) = begun(&place).await;
    let address = origin(&answer).trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(&address).await.unwrap());
    }
    assert!(get(&browser, &answer).await.text().contains("You can close this window"));
    assert!(sign_in.await.unwrap().is_ok());
}

#[tokio::test]
async fn of_many_silent_connections_the_oldest_is_closed() {
    let place = Place::new();
    let (sign_in, answer, browser) = begun(&place).await;
    let address = origin(&answer).trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..17 {
        silent.push(TcpStream::connect(&address).await.unwrap());
    }
    // Long before it has had its time.
    let mut oldest = silent.remove(0);
    let closed = tokio::time::timeout(Duration::from_secs(4), oldest.read_to_end(&mut Vec::new())).await;
    assert!(closed.is_ok(), "it is still open");
    get(&browser, &answer).await;
    assert!(sign_in.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_mix_up_of_issuers_is_refused_and_the_page_says_that_nobody_is_signed_in() {
    let place = Place::new();
    // Another issuer, and none where the provider promises to name itself.
    for issuer in [Some("https://evil.example"), None] {
        let (sign_in, answer, browser) = begun(&place).await;
        let mut forged = url::Url::parse(&answer).unwrap();
        let pairs: Vec<(String, String)> = forged.query_pairs().into_owned().collect();
        let others = pairs.iter().filter(|(name, _)| name != "iss").map(|(name, value)| (&**name, &**value));
        forged.query_pairs_mut().clear().extend_pairs(others.chain(issuer.map(|issuer| ("iss", issuer))));
        let page = get(&browser, forged.as_str()).await;
        assert_eq!(page.status, 400);
        assert!(!page.text().contains("evil.example"), "{}", page.text());
        assert!(
            page.text().contains("You are not signed in") && page.text().contains("Reference"),
            "{}",
            page.text()
        );
        let error = sign_in.await.unwrap().unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::IssuerMismatch), "{issuer:?}");
        assert_eq!(place.provider.calls("/oauth2/token"), 0);
        assert!(is_closed(&answer).await);
    }
}

#[tokio::test]
async fn a_sign_in_that_cannot_be_kept_is_not_said_to_be_one() {
    let place = Place::new();
    let opened = Opened::default();
    let storage = Failing::default();
    storage.fail(true);
    let client = place.builder().browser(opened.clone()).storage(storage).build().unwrap();
    let same = client.clone();
    let sign_in = tokio::spawn(async move { same.sign_in().await });
    let browser = place.browser();
    let answer = answer(&browser, &opened.url().await).await;
    let page = get(&browser, &answer).await;
    assert_eq!(page.status, 500);
    assert!(page.text().contains("could not keep the sign-in"), "{}", page.text());
    assert!(matches!(sign_in.await.unwrap(), Err(NativeError::Storage(_))));
    assert!(client.signed_in().await.unwrap().is_none());
}

#[tokio::test]
async fn a_person_who_declines_is_told_so_on_both_sides() {
    let place = Place::new();
    place.provider.inject(landfall_testkit::Fault::authorize_error("access_denied"));
    let (sign_in, answer, browser) = begun(&place).await;
    assert!(get(&browser, &answer).await.text().contains("cancelled"));
    assert_eq!(sign_in.await.unwrap().unwrap_err().code(), Some(ErrorCode::SignInDeclined));
}

#[tokio::test]
async fn a_browser_that_was_closed_ends_in_a_time_out_and_a_closed_listener() {
    let place = Place::new();
    let opened = Opened::default();
    let (wait, over) = tokio::sync::watch::channel(false);
    let client = place
        .builder()
        .browser(opened.clone())
        .pause(move |_| {
            let mut over = over.clone();
            Box::pin(async move { drop(over.wait_for(|over| *over).await) })
        })
        .build()
        .unwrap();
    let sign_in = tokio::spawn(async move { client.sign_in().await });
    let answer = crate::support::answer(&place.browser(), &opened.url().await).await;
    assert!(!is_closed(&answer).await);
    wait.send(true).unwrap();
    assert!(matches!(sign_in.await.unwrap(), Err(NativeError::TimedOut)));
    assert!(is_closed(&answer).await);
}

#[tokio::test]
async fn a_sign_in_that_is_dropped_closes_its_listener() {
    let place = Place::new();
    let (sign_in, answer, _) = begun(&place).await;
    sign_in.abort();
    assert!(sign_in.await.unwrap_err().is_cancelled());
    let closed = async {
        let mut beats = tokio::time::interval(Duration::from_millis(5));
        while !is_closed(&answer).await {
            beats.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.expect("a closed listener");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let client = place.builder().port(port).build().unwrap();
    let error = client.sign_in().await.unwrap_err();
    assert!(matches!(error, NativeError::PortTaken(taken) if taken == port), "{error}");
    assert!(error.to_string().contains(&port.to_string()) && !error.remedy().is_empty());
}

#[tokio::test]
async fn a_browser_that_cannot_be_started_ends_the_sign_in_at_once() {
    #[derive(Debug)]
    struct None;
    impl landfall_native::OpenBrowser for None {
        fn open(&self, _: &str) -> std::io::Result<()> {
            Err(std::io::ErrorKind::NotFound.into())
        }
    }
    let place = Place::new();
    let error = place.builder().browser(None).build().unwrap().sign_in().await.unwrap_err();
    assert!(matches!(error, NativeError::Browser(_)), "{error}");
    assert!(!error.remedy().is_empty());
}

#[tokio::test]
async fn a_browser_that_runs_in_the_terminal_is_answered_while_it_is_open() {
    /// Comes back when its window is closed.
    #[derive(Clone, Debug)]
    struct InTerminal(Opened, Arc<Mutex<Receiver<()>>>);
    impl landfall_native::OpenBrowser for InTerminal {
        fn open(&self, url: &str) -> std::io::Result<()> {
            self.0.open(url)?;
            self.1.lock().unwrap().recv().map_err(|_| std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let place = Place::new();
    let (close, window) = std::sync::mpsc::channel();
    let opened = Opened::default();
    let in_terminal = InTerminal(opened.clone(), Arc::new(Mutex::new(window)));
    let client = place.builder().browser(in_terminal).build().unwrap();
    let sign_in = tokio::spawn(async move { client.sign_in().await });
    let browser = place.browser();
    let answer = answer(&browser, &opened.url().await).await;
    assert!(get(&browser, &answer).await.text().contains("You can close this window"));
    assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
    close.send(()).unwrap();
}
