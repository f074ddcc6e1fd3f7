//! The browser against a site that answers by path.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use landfall::{HttpClient, HttpError};

use super::*;

/// Answers by path, and remembers what it saw.
#[derive(Debug, Default)]
struct Site {
    seen: Mutex<Vec<http::request::Parts>>,
}

#[async_trait]
impl HttpClient for Site {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        self.seen.lock().unwrap().push(parts);
        let answer = Response::builder().header("content-type", "text/html");
        let answer = match path.as_str() {
            "/set" => answer
                .header("set-cookie", "lax=1; Path=/; Secure; SameSite=Lax")
                .header("set-cookie", "strict=1; Path=/; Secure; SameSite=Strict")
                .header("set-cookie", "none=1; Path=/; Secure; SameSite=None"),
            "/away" => answer.status(303).header("location", "https://other.test/back"),
            "/back" => answer.status(302).header("location", "https://app.test/end"),
            "/no-referrer" => answer.header("referrer-policy", "no-referrer"),
            "/same-origin" => answer.header("referrer-policy", "unknown, same-origin"),
            "/keep" => answer.status(307).header("location", "/end"),
            "/loop" => answer.status(302).header("location", "/loop"),
            _ => answer,
        };
        let auto =
            "<form method=post action=https://app.test/end data-auto-submit><input name=a value=b></form>";
        let is_auto = ["/auto", "/no-referrer", "/same-origin"].contains(&path.as_str());
        let body = if is_auto { Bytes::from_static(auto.as_bytes()) } else { body };
        Ok(answer.body(body).unwrap())
    }
}

fn browser() -> (Browser, Arc<Site>) {
    let site = Arc::new(Site::default());
    let browser = Browser::new();
    for origin in ["https://app.test", "https://other.test"] {
        browser.route(origin, Target::InProcess(site.clone())).unwrap();
    }
    (browser, site)
}

fn last(site: &Site) -> (String, String, String) {
    let seen = site.seen.lock().unwrap();
    let headers = &seen.last().unwrap().headers;
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    (text("cookie"), text("sec-fetch-site"), text("origin"))
}

#[tokio::test]
async fn who_asks_decides_which_cookies_go() {
    let (browser, site) = browser();
    browser.open("https://app.test/set").await.unwrap();
    browser.open("https://app.test/end").await.unwrap();
    assert_eq!(last(&site), ("lax=1; strict=1; none=1".into(), "none".into(), String::new()));
    browser.follow_link("https://app.test/end", "https://other.test/").await.unwrap();
    assert_eq!(last(&site), ("lax=1; none=1".into(), "cross-site".into(), String::new()));
    browser.post_form("https://app.test/end", &[("a", "b")], "https://other.test/").await.unwrap();
    assert_eq!(last(&site), ("none=1".into(), "cross-site".into(), "https://other.test".into()));
    browser.post_form("https://app.test/end", &[("a", "b")], "https://app.test/").await.unwrap();
    assert_eq!(
        last(&site),
        ("lax=1; strict=1; none=1".into(), "same-origin".into(), "https://app.test".into())
    );
    browser.fetch(Method::GET, "https://app.test/end", &[], "", "https://other.test/").await.unwrap();
    assert_eq!(last(&site), ("none=1".into(), "cross-site".into(), "https://other.test".into()));
    browser.fetch(Method::GET, "https://app.test/end", &[], "", "https://app.test/").await.unwrap();
    assert_eq!(last(&site), ("lax=1; strict=1; none=1".into(), "same-origin".into(), String::new()));
}

#[tokio::test]
async fn where_there_is_no_tls_nothing_is_said_of_whence_a_request_comes_but_its_origin() {
    let (browser, site) = browser();
    for origin in ["http://app.lan:3000", "http://app.localhost:3000"] {
        browser.route(origin, Target::InProcess(site.clone())).unwrap();
    }
    let post = async |to: &str, from: &str| {
        browser.post_form(to, &[("a", "b")], from).await.unwrap();
        let (_, site, origin) = last(&site);
        (site, origin)
    };
    let plain = "http://app.lan:3000/end";
    assert_eq!(post(plain, "http://app.lan:3000/").await, (String::new(), "http://app.lan:3000".into()));
    assert_eq!(post(plain, "http://app.lan:8080/").await, (String::new(), "http://app.lan:8080".into()));
    assert_eq!(post(plain, "https://app.test/").await, (String::new(), "null".into()), "no downgrade");
    let local = "http://app.localhost:3000/end";
    assert_eq!(post(local, local).await, ("same-origin".into(), "http://app.localhost:3000".into()));
}

#[tokio::test]
async fn a_form_of_a_page_without_a_referrer_comes_from_nowhere() {
    let (browser, site) = browser();
    for (path, origin) in
        [("/no-referrer", "null"), ("/same-origin", "null"), ("/auto", "https://other.test")]
    {
        browser.open(&format!("https://other.test{path}")).await.unwrap();
        assert_eq!(last(&site).2, origin, "{path}");
    }
}

#[tokio::test]
async fn a_detour_over_another_site_costs_the_strict_cookies() {
    let (browser, site) = browser();
    browser.open("https://app.test/set").await.unwrap();
    let page = browser.open("https://app.test/away").await.unwrap();
    assert_eq!((page.url.as_str(), page.hops.len()), ("https://app.test/end", 3));
    assert_eq!(last(&site).0, "lax=1; none=1");
}

#[tokio::test]
async fn a_form_that_sends_itself_is_a_cross_site_post() {
    let (browser, site) = browser();
    browser.open("https://app.test/set").await.unwrap();
    let page = browser.open("https://other.test/auto").await.unwrap();
    assert_eq!((page.text().as_str(), page.hops.len()), ("a=b", 2));
    assert_eq!(last(&site), ("none=1".into(), "cross-site".into(), "https://other.test".into()));
}

#[tokio::test]
async fn only_307_and_308_repeat_a_post() {
    let (browser, _) = browser();
    let kept = browser.post_form("https://app.test/keep", &[("a", "b")], "https://app.test/").await.unwrap();
    assert_eq!((kept.text().as_str(), &kept.hops[1].method), ("a=b", &Method::POST));
    let turned =
        browser.post_form("https://app.test/back", &[("a", "b")], "https://app.test/").await.unwrap();
    assert_eq!((turned.text().as_str(), &turned.hops[1].method), ("", &Method::GET));
}

#[tokio::test]
async fn redirects_are_bounded_and_unknown_origins_are_not_dialled() {
    let (browser, _) = browser();
    let error = browser.open("https://app.test/loop").await.unwrap_err();
    assert!(matches!(error, BrowserError::TooManyRedirects(_)));
    assert!(matches!(browser.open("https://nowhere.test/").await, Err(BrowserError::NotRouted(_))));
}

#[tokio::test]
async fn tabs_share_cookies_and_not_their_history() {
    let (browser, site) = browser();
    browser.open("https://app.test/set").await.unwrap();
    let tab = browser.new_tab();
    assert!(tab.current().is_none());
    tab.open("https://app.test/end").await.unwrap();
    assert_eq!(last(&site).0, "lax=1; strict=1; none=1");
    browser.open("https://app.test/end").await.unwrap();
    assert_eq!(browser.back().unwrap().url.path(), "/set");
    browser.forget_cookies();
    assert!(tab.cookies_for("https://app.test/").unwrap().is_empty());
}
