//! Credentials beside sessions: API tokens, DAV and git clients, a name that a proxy writes.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use landfall::{SubjectId, TokenProxy};
use landfall_tests::credentials::{Asked, CHALLENGE};
use landfall_tests::wire::Wire;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks, wherever_stored, within};

use crate::support::{fetch, raw, session_header, set_cookies};

/// A world whose application takes every scheme.
pub(crate) async fn taking(framework: Framework, kind: SessionKind, asked: &Asked) -> World {
    World::with(framework, kind, |builder| asked.all(builder)).await
}

/// What a program is answered that sends this token, and these headers.
pub(crate) async fn by_token(
    world: &World,
    path: &str,
    token: &str,
    more: &[(&str, &str)],
) -> Response<Bytes> {
    let token = format!("Bearer {token}");
    raw(world, Method::GET, path, &[&[("authorization", token.as_str())], more].concat()).await
}

pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8_lossy(response.body()).into_owned()
}

/// The code of a problem document.
pub(crate) fn code(response: &Response<Bytes>) -> String {
    let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap_or_default();
    body["code"].as_str().unwrap_or_default().to_owned()
}

fn challenge(headers: &HeaderMap) -> &str {
    headers.get("www-authenticate").map_or("", |value| value.to_str().unwrap())
}

fn basic(name: &str, password: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    format!("Basic {text}")
}

on_both_frameworks! {
    async fn guards_extractors_and_roles_count_credentials_as_a_session(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        assert_eq!(text(&by_token(&world, "/", "robot", &[]).await), "hello robot");
        let page = text(&by_token(&world, "/dashboard/x?y=1", "robot", &[]).await);
        assert_eq!(page, "dashboard of robot at /dashboard/x with y=1");
        assert_eq!(text(&by_token(&world, "/reports/7", "robot", &[]).await), "report of robot");
        assert_eq!(by_token(&world, "/more/admin", "admin", &[]).await.status(), 200);
        let refused = by_token(&world, "/more/admin", "robot", &[]).await;
        assert_eq!((refused.status().as_u16(), code(&refused).as_str()), (403, "forbidden"));
        assert_eq!(text(&by_token(&world, "/", "provider", &[]).await), "hello ada");
    }

    async fn the_way_is_told_and_one_that_takes_a_session_can_be_demanded(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        let way = text(&by_token(&world, "/way", "kept", &[]).await);
        assert_eq!(way, "kept of local by bearer at no level since 0 as api with kept");
        for (name, value, by) in [("authorization", basic("dav", "secret").as_str(), "basic"), ("x-api-key", "key", "x-api-key")] {
            let response = raw(&world, Method::GET, "/way", &[(name, value)]).await;
            assert!(text(&response).contains(&format!(" by {by} ")), "{}", text(&response));
        }
        let refused = by_token(&world, "/more/session", "robot", &[]).await;
        assert_eq!((refused.status().as_u16(), code(&refused).as_str()), (403, "session_required"));
        assert_eq!(world.open("/more/session").await.status, 200, "a session is one");
    }

    async fn whom_the_hook_names_is_there_and_the_cookie_is_neither_read_nor_renewed(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        world.open("/dashboard").await;
        // Past half of its idle life: a request by the cookie alone would renew it.
        world.wait(Duration::from_secs(90 * 60));
        let cookie = session_header(&world);
        let response = by_token(&world, "/", "robot", &[("cookie", &cookie)]).await;
        assert_eq!(text(&response), "hello robot");
        assert!(set_cookies(response.headers()).is_empty(), "{:?}", response.headers());
        let response = raw(&world, Method::GET, "/", &[("cookie", &cookie)]).await;
        assert_eq!((text(&response).as_str(), set_cookies(response.headers()).len()), ("hello ada", 1));
    }

    async fn where_the_hook_says_nothing_the_header_is_not_there(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        assert_eq!(text(&by_token(&world, "/", "none", &[("cookie", &cookie)]).await), "hello ada");
        assert_eq!(text(&by_token(&world, "/", "none", &[]).await), "hello nobody");
        // A browser's page goes on its trip, and a cookie is checked as ever.
        let html = [("accept", "text/html")];
        assert_eq!(by_token(&world, "/dashboard", "none", &html).await.status(), 303);
        let cross = [("authorization", "Bearer none"), ("cookie", cookie.as_str()), ("origin", "https://evil.example")];
        assert_eq!(raw(&world, Method::POST, "/reports/7", &cross).await.status(), 403);
        assert_eq!(raw(&world, Method::POST, "/open-echo", &[cross[0], cross[2]]).await.status(), 200);
        // Of another scheme nobody is asked.
        let before = asked.count();
        assert_eq!(text(&raw(&world, Method::GET, "/", &[("authorization", "Digest x")]).await), "hello nobody");
        assert_eq!(asked.count(), before);
    }

    async fn the_challenge_is_for_programs_that_brought_nothing_and_no_browser_sees_it(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        for method in [Method::GET, Method::from_bytes(b"PROPFIND").unwrap(), Method::HEAD] {
            let response = raw(&world, method, "/reports/7", &[("user-agent", "git/2.47")]).await;
            assert_eq!((response.status().as_u16(), challenge(response.headers())), (401, CHALLENGE));
        }
        let bad = by_token(&world, "/reports/7", "bad", &[]).await;
        assert_eq!((bad.status().as_u16(), challenge(bad.headers())), (401, CHALLENGE), "asked once more");
        let browser = [
            ("user-agent", "Mozilla/5.0 (X11; Linux) Firefox/140.0"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-site", "same-origin"),
            ("origin", BASE_URL),
            ("hx-request", "false"),
        ];
        for sign in browser {
            for more in [vec![sign], vec![sign, ("authorization", "Bearer bad")]] {
                let response = raw(&world, Method::GET, "/reports/7", &more).await;
                assert_eq!(response.status(), 401, "{more:?}");
                assert_eq!(challenge(response.headers()), "Cookie realm=\"sign-in\"", "{more:?}");
            }
        }
        assert_eq!(fetch(&world, "/reports/7").await.header("www-authenticate"), Some("Cookie realm=\"sign-in\""));
        // Without the setting everything is as it was.
        let without = World::new(framework, SessionKind::Cookie).await;
        let response = raw(&without, Method::GET, "/reports/7", &[]).await;
        assert_eq!(challenge(response.headers()), "Cookie realm=\"sign-in\"");
        assert_eq!(text(&by_token(&without, "/", "robot", &[]).await), "hello nobody");
    }

    async fn nothing_of_the_providers_comes_of_credentials_and_no_trip_is_made_for_it(framework) {
        let asked = Asked::default();
        let mut world =
            World::with(framework, SessionKind::Memory, |builder| asked.all(builder).keep_posted_forms("/kept")).await;
        let upstream = landfall_tests::Upstream::start().await;
        world.forward(TokenProxy::new("/api", &upstream.url("")).unwrap());
        let html = [("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        // What the hook's identity says of scopes and levels is not believed.
        for path in ["/more/level", "/more/recent", "/more/class", "/more/files", "/more/all", "/token", "/api/orders", "/switch", "/silent", "/half-way", "/auth/resume?form=x"] {
            for more in [&[][..], &html] {
                let response = by_token(&world, path, "mighty", more).await;
                assert_eq!(response.status(), 403, "{path} {more:?} {}", text(&response));
                assert!(response.headers().get("location").is_none(), "{path}");
            }
        }
        assert_eq!(world.provider.requests().len(), 0, "the provider is asked nothing");
    }

    async fn credentials_begin_and_end_no_session(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Memory, &asked).await;
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        let by = [("authorization", "Bearer robot"), ("cookie", cookie.as_str()), ("origin", BASE_URL)];
        for path in ["/local?user-17", "/leave", "/leave?local"] {
            let response = raw(&world, Method::POST, path, &by).await;
            assert_eq!((response.status().as_u16(), code(&response).as_str()), (403, "session_required"), "{path}");
            assert!(set_cookies(response.headers()).is_empty());
        }
        assert_eq!(text(&by_token(&world, "/sign-out-link", "robot", &[]).await), "");
        assert_eq!(text(&by_token(&world, "/browsers", "robot", &[]).await), "", "none is listed");
        assert_eq!(text(&raw(&world, Method::GET, "/", &[by[1]]).await), "hello ada", "hers stands");
    }

    async fn answers_by_credentials_are_private_whatever_they_say(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        for path in ["/cached", "/brief", "/form"] {
            let response = raw(&world, Method::GET, path, &[("x-api-key", "key")]).await;
            let control = response.headers()["cache-control"].to_str().unwrap();
            assert!(control.contains("private") && !control.contains("public"), "{path}: {control}");
        }
    }

    async fn an_answer_is_remembered_for_its_time_and_until_it_is_forgotten(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        let ask = async |count: usize, what: &str| {
            assert_eq!(text(&by_token(&world, "/", "kept", &[]).await), "hello kept");
            assert_eq!(asked.count(), count, "{what}");
        };
        ask(1, "first").await;
        ask(1, "remembered").await;
        world.wait(Duration::from_secs(61));
        ask(2, "its time is over").await;
        world.auth.credentials().forget(&SubjectId::local("somebody else"));
        ask(2, "another's").await;
        world.auth.credentials().forget(&SubjectId::local("kept"));
        ask(3, "forgotten").await;
        // A part of the header is not the header, and a refusal is never remembered.
        assert_eq!(by_token(&world, "/", "kept2", &[]).await.status(), 401);
        assert_eq!(by_token(&world, "/", "kept2", &[]).await.status(), 401);
        assert_eq!(asked.count(), 5);
        assert_eq!(text(&by_token(&world, "/", "robot", &[]).await), "hello robot");
        assert_eq!(text(&by_token(&world, "/", "robot", &[]).await), "hello robot");
        assert_eq!(asked.count(), 7, "nobody said that this one may be");
    }

    async fn an_answer_is_remembered_for_the_base_url_that_it_was_given_under(framework) {
        const SECOND: &str = "https://app.example.org";
        let asked = Asked::default();
        let world = World::with(framework, SessionKind::Cookie, |builder| asked.all(builder.base_url(SECOND))).await;
        world.browser.route(SECOND, world.address).unwrap();
        for (base, count) in [(BASE_URL, 1), (SECOND, 2), (BASE_URL, 2), (SECOND, 2)] {
            let request = Request::get(format!("{base}/")).header("authorization", "Bearer kept");
            let answer = world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
            assert_eq!((answer.body().as_ref(), asked.count()), (&b"hello kept"[..], count), "{base}");
        }
    }

    async fn whoever_ends_all_that_is_somebodys_ends_what_is_remembered_of_their_credentials(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Memory, &asked).await;
        by_token(&world, "/", "kept", &[]).await;
        let sessions = world.auth.sessions();
        sessions.end_all_of(&SubjectId::local("somebody else")).await.unwrap();
        by_token(&world, "/", "kept", &[]).await;
        assert_eq!(asked.count(), 1);
        assert_eq!(sessions.end_all_of(&SubjectId::local("kept")).await.unwrap(), 0, "there is no session");
        by_token(&world, "/", "kept", &[]).await;
        assert_eq!(asked.count(), 2);
    }

    async fn the_session_endpoint_says_whose_credentials_these_are(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Memory, &asked).await;
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        let info = async |token: &str| -> serde_json::Value {
            let response = by_token(&world, "/auth/session", token, &[("cookie", &cookie)]).await;
            serde_json::from_slice(response.body()).unwrap()
        };
        let robot = info("robot").await;
        assert_eq!((&robot["subject"], &robot["method"]), (&"robot".into(), &"bearer".into()));
        assert!(robot.get("expires_at").is_none() && robot.get("logout_url").is_none(), "{robot}");
        assert_eq!(info("none").await["subject"], "ada");
        assert_eq!(by_token(&world, "/auth/session", "bad", &[("cookie", &cookie)]).await.status(), 401);
    }

    async fn what_waits_for_the_end_hears_that_credentials_are_forgotten(framework) {
        let asked = Asked::default();
        let world = taking(framework, SessionKind::Cookie, &asked).await;
        let mut wire = Wire::open(world.address).await;
        let request = "GET /live HTTP/1.1\r\nhost: app.example.com\r\nauthorization: Bearer robot\r\n\r\n";
        wire.send(request.to_owned()).await.unwrap();
        assert!(wire.head().await.unwrap().starts_with("HTTP/1.1 200"));
        assert_eq!(wire.piece().await.unwrap().as_deref(), Some(&b"waiting"[..]));
        world.auth.credentials().forget(&SubjectId::new("https://op.example", "robot"));
        world.auth.credentials().forget(&SubjectId::local("somebody else"));
        world.auth.credentials().forget(&SubjectId::local("robot"));
        assert_eq!(wire.piece().await.unwrap().as_deref(), Some(&b"Application"[..]));
    }
}

wherever_stored! {
    async fn a_session_of_the_same_person_is_left_alone_by_credentials(framework, kind) {
        let asked = Asked::default();
        let world = taking(framework, kind, &asked).await;
        world.open("/dashboard").await;
        let cookie = session_header(&world);
        // Past half of its idle life, and asked by credentials alone: the record is not renewed.
        world.wait(Duration::from_secs(7 * 3600));
        assert_eq!(text(&by_token(&world, "/", "provider", &[("cookie", &cookie)]).await), "hello ada");
        assert_eq!(text(&by_token(&world, "/browsers", "provider", &[]).await).lines().count(), 1);
        assert!(!text(&by_token(&world, "/browsers", "provider", &[("cookie", &cookie)]).await).contains("here"));
        world.wait(Duration::from_secs(3601));
        assert_eq!(text(&raw(&world, Method::GET, "/", &[("cookie", &cookie)]).await), "hello nobody");
        assert_eq!(text(&by_token(&world, "/", "provider", &[]).await), "hello ada");
        within(Duration::from_secs(5), "no session began", async || {
            text(&by_token(&world, "/browsers", "provider", &[]).await).is_empty().then_some(())
        })
        .await;
    }
}
