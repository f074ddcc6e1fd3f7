//! Signing out by a handler, and by a link.

use http::Method;
use landfall_testkit::Page;
use landfall_tests::{BASE_URL, World, everywhere};

use crate::local_sign_in::post;
use crate::support::{at, attempt_cookies, greeting, greeting_for, raw, session_header, session_value};

/// What a browser sends when its person follows a link.
const BY_A_PERSON: [(&str, &str); 4] = [
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
    ("sec-fetch-user", "?1"),
];

/// Follows the link with these headers, and the session's cookie.
async fn follow(
    world: &World,
    link: &str,
    cookie: &str,
    headers: &[(&str, &str)],
) -> http::Response<bytes::Bytes> {
    let headers: Vec<_> = headers.iter().copied().chain([("cookie", cookie)]).collect();
    raw(world, Method::GET, link, &headers).await
}

everywhere! {
    async fn a_handler_signs_out_here_and_leads_to_the_provider(world) {
        world.open("/dashboard").await;
        let before = session_value(&world.browser).unwrap();
        let page: Page = post(&world, "/leave?provider").await;
        assert!(page.text().starts_with("https://op.example/oauth2/logout?"), "{}", page.text());
        assert!(session_value(&world.browser).is_none() && attempt_cookies(&world.browser, "spent").is_empty());
        assert_eq!(greeting(&world).await, "hello nobody");
        if world.kind.has_store() {
            assert_eq!(greeting_for(&world, &before).await, "hello nobody");
        }
        let home = world.browser.open(&page.text()).await.unwrap();
        let home = if world.kind.has_store() { home } else { world.browser.submit(&home, "Sign out", &[]).await.unwrap() };
        assert_eq!(home.url.as_str(), at("/"));
    }

    async fn a_handler_signs_out_here_alone(world) {
        world.open("/dashboard").await;
        assert_eq!(post(&world, "/leave?local").await.text(), "/");
        assert_eq!(greeting(&world).await, "hello nobody");
        assert_eq!(world.open("/dashboard").await.text(), "dashboard of ada at /dashboard with no query", "and back again without a question");
    }

    async fn the_sign_out_of_a_local_session_does_not_go_to_a_provider(world) {
        post(&world, "/local?user-17").await;
        assert_eq!(post(&world, "/leave?provider").await.text(), "/");
        assert_eq!(greeting(&world).await, "hello nobody");
        post(&world, "/local?user-17").await;
        let page = post(&world, "/auth/logout").await;
        assert_eq!(page.url.as_str(), at("/"));
        assert_eq!(world.provider.requests().len(), 0);
    }

    async fn a_person_signs_out_by_a_link_of_this_origin(world) {
        post(&world, "/local?user-17").await;
        let link = world.open("/sign-out-link").await.text();
        let answer = follow(&world, &link, &session_header(&world), &BY_A_PERSON).await;
        assert_eq!((answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()), (303, "/"));
        let cleared = answer.headers().get_all("set-cookie").iter().any(|line| line.to_str().unwrap().contains("session=;"));
        assert!(cleared);
    }

    async fn a_sign_out_link_that_no_person_opened_here_asks(world) {
        post(&world, "/local?user-17").await;
        let link = world.open("/sign-out-link").await.text();
        let cookie = session_header(&world);
        let but = |name: &str, value: &'static str| {
            let name = name.to_owned();
            BY_A_PERSON.map(move |(own, said)| if own == name { (own, value) } else { (own, said) })
        };
        let mut prefetched = BY_A_PERSON.to_vec();
        prefetched.push(("sec-purpose", "prefetch"));
        for headers in [
            but("sec-fetch-site", "cross-site").to_vec(),
            but("sec-fetch-site", "same-site").to_vec(),
            but("sec-fetch-site", "none").to_vec(),
            but("sec-fetch-dest", "iframe").to_vec(),
            but("sec-fetch-mode", "no-cors").to_vec(),
            but("sec-fetch-user", "?0").to_vec(),
            BY_A_PERSON[..3].to_vec(),
            prefetched,
            Vec::new(),
        ] {
            let answer = follow(&world, &link, &cookie, &headers).await;
            assert_eq!(answer.status(), 200, "{headers:?}");
        }
        assert_eq!(greeting(&world).await, "hello user-17");
    }

    async fn a_sign_out_link_of_another_session_asks(world) {
        post(&world, "/local?user-17").await;
        let old = world.open("/sign-out-link").await.text();
        post(&world, "/local?user-17").await;
        let answer = follow(&world, &old, &session_header(&world), &BY_A_PERSON).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(greeting(&world).await, "hello user-17");
        let other = world.other_browser();
        other.post_form(&at("/local?user-17"), &[], BASE_URL).await.unwrap();
        let link = other.open(&at("/sign-out-link")).await.unwrap().text();
        assert_eq!(follow(&world, &link, &session_header(&world), &BY_A_PERSON).await.status(), 200);
        assert_eq!(greeting(&world).await, "hello user-17");
    }
}
