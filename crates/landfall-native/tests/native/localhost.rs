//! Host and path of the redirect URI, as the provider knows it.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use landfall_native::{Identity, NativeError};
use landfall_testkit::{Browser, Client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{CLIENT, Opened, Place, answer, get};

type SignIn = tokio::task::JoinHandle<Result<Identity, NativeError>>;

/// A sign-in under way with this redirect URI, whose port the provider leaves open for it, and where its answer would go.
async fn begun(place: &Place, redirect: &str) -> (SignIn, String, Browser) {
    let opened = Opened::default();
    let client = place.builder().browser(opened.clone()).loopback_redirect(redirect).build().unwrap();
    let sign_in = tokio::spawn(async move { client.sign_in().await });
    let url = opened.url().await;
    let asked_for = url::Url::parse(&url).unwrap();
    let asked_for = asked_for.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1.into_owned();
    // As it is registered, and in no other way.
    let without_port = asked_for.rsplit_once(':').unwrap();
    let path = without_port.1.trim_start_matches(|digit: char| digit.is_ascii_digit());
    assert_eq!(format!("{}{path}", without_port.0), redirect);
    place.provider.change_client(CLIENT, |client: Client| client.redirect_uri(asked_for.clone()));
    let browser = place.browser();
    let answer = answer(&browser, &url).await;
    assert!(answer.starts_with(&asked_for), "{answer}");
    (sign_in, answer, browser)
}

/// What a listener says to this request, at its own word for where it came to.
async fn said(stream: &mut TcpStream, target: &str, host: &str) -> String {
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).await.unwrap();
    said
}

/// Port and target of an answer.
fn parts(answer: &str) -> (u16, String) {
    let url = url::Url::parse(answer).unwrap();
    (url.port().unwrap(), format!("{}?{}", url.path(), url.query().unwrap()))
}

#[tokio::test]
async fn localhost_is_listened_on_at_both_addresses_and_answered_at_whichever_the_browser_takes() {
    for redirect in ["http://localhost", "http://localhost/", "http://localhost/signed/in"] {
        let place = Place::new();
        let (sign_in, answer, browser) = begun(&place, redirect).await;
        assert!(get(&browser, &answer).await.text().contains("You can close this window"), "{redirect}");
        assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");

        let (sign_in, answer, _) = begun(&place, redirect).await;
        let (port, target) = parts(&answer);
        let mut six = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.unwrap();
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok());
        let page = said(&mut six, &target, &format!("localhost:{port}")).await;
        assert!(page.contains("You can close this window"), "{page}");
        assert_eq!(sign_in.await.unwrap().unwrap().subject(), "ada");
        assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.is_err());
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err());
    }
}

#[tokio::test]
async fn an_address_of_loopback_is_listened_on_alone() {
    let place = Place::new();
    let (sign_in, answer, browser) = begun(&place, "http://[::1]/callback").await;
    let (port, target) = parts(&answer);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err());
    let mut six = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.unwrap();
    assert!(said(&mut six, &target, &format!("localhost:{port}")).await.starts_with("HTTP/1.1 400"));
    get(&browser, &answer).await;
    sign_in.await.unwrap().unwrap();

    let (sign_in, answer, _) = begun(&place, "http://127.0.0.1/callback").await;
    let (port, _) = parts(&answer);
    assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.is_err());
    sign_in.abort();
}

#[tokio::test]
async fn another_program_on_the_other_address_of_localhost_ends_the_attempt_before_a_browser_is_opened() {
    let place = Place::new();
    let theirs = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
    let port = theirs.local_addr().unwrap().port();
    let opened = Opened::default();
    let redirect = format!("http://localhost:{port}/callback");
    let client = place.builder().browser(opened.clone()).loopback_redirect(redirect).build().unwrap();
    // Else somebody would be waited for.
    let ended = tokio::time::timeout(Duration::from_secs(30), client.sign_in()).await.expect("an end");
    let error = ended.unwrap_err();
    assert!(matches!(&error, NativeError::Localhost { address, .. } if address.port() == port), "{error}");
    assert!(error.to_string().contains(&format!("[::1]:{port} cannot be had")), "{error}");
    assert!(error.remedy().contains("127.0.0.1"));
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err());
    assert_eq!(place.provider.requests().len(), 0);

    // The other way round.
    drop(theirs);
    let theirs = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = theirs.local_addr().unwrap().port();
    let builder = place.builder().browser(opened).loopback_redirect("http://localhost").port(port);
    let error = builder.build().unwrap().sign_in().await.unwrap_err();
    assert!(matches!(error, NativeError::PortTaken(taken) if taken == port), "{error}");
    assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.is_err());
}

#[tokio::test]
async fn dns_rebinding_is_refused_under_every_name_but_the_redirect_uris_own() {
    for (redirect, names) in [
        (
            "http://localhost/cb",
            ["evil.example:PORT", "127.0.0.1:PORT", "[::1]:PORT", "localhost", "localhost:1"],
        ),
        ("http://127.0.0.1/cb", ["evil.example:PORT", "localhost:PORT", "127.0.0.1", "127.0.0.2:PORT", ""]),
    ] {
        let place = Place::new();
        let (sign_in, answer, browser) = begun(&place, redirect).await;
        let (port, target) = parts(&answer);
        for name in names {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            let said = said(&mut stream, &target, &name.replace("PORT", &port.to_string())).await;
            assert!(said.starts_with("HTTP/1.1 400"), "{redirect} as {name}: {said}");
        }
        assert_eq!(place.provider.calls("/oauth2/token"), 0);
        get(&browser, &answer).await;
        assert!(sign_in.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn only_the_path_of_the_redirect_uri_is_answered() {
    for (redirect, others) in [
        ("http://localhost", ["/callback", "//", "/index.html"]),
        ("http://127.0.0.1/signed/in", ["/callback", "/signed/in/", "/"]),
    ] {
        let place = Place::new();
        let (sign_in, answer, browser) = begun(&place, redirect).await;
        let (port, target) = parts(&answer);
        let host = url::Url::parse(&answer).unwrap().host_str().unwrap().to_owned();
        let (_, query) = target.split_once('?').unwrap();
        for other in others {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            let said = said(&mut stream, &format!("{other}?{query}"), &format!("{host}:{port}")).await;
            assert!(said.starts_with("HTTP/1.1 404"), "{redirect} at {other}: {said}");
        }
        get(&browser, &answer).await;
        assert!(sign_in.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn a_redirect_uri_beyond_loopback_and_a_port_that_is_not_its_own_are_refused() {
    let place = Place::new();
    for builder in [
        place.builder().loopback_redirect("http://app.example.com/cb"),
        place.builder().loopback_redirect("https://localhost/cb"),
        place.builder().loopback_redirect("http://localhost:8400/cb").port(8401),
    ] {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, NativeError::Config(_)) && !error.remedy().is_empty(), "{error}");
    }
    assert!(place.builder().loopback_redirect("http://localhost:8400/cb").port(8400).build().is_ok());
}
