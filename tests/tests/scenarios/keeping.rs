//! What is kept of a destination beyond path and query: a posted form, and a fragment.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, Request, Response};
use landfall::Clock as _;
use landfall_testkit::Page;
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::support::{SESSION, at, attempt_cookies, greeting, link, raw, session_header, set_cookies};

const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];
const FORM: [(&str, &str); 5] = [
    ("title", "Ärger & <b>\"Lust\"</b>"),
    ("text", "one\r\ntwo\r\n"),
    ("tag", "a"),
    ("tag", "b"),
    ("\"><b>'", "named by somebody who means no good"),
];
const BODY: &str = "title=%C3%84rger+%26+%3Cb%3E%22Lust%22%3C%2Fb%3E&text=one%0D%0Atwo%0D%0A&tag=a&tag=b&\
    %22%3E%3Cb%3E%27=named+by+somebody+who+means+no+good";

async fn world(framework: Framework, kind: SessionKind) -> World {
    World::with(framework, kind, |builder| builder.keep_posted_forms("/echo")).await
}

async fn post(world: &World, path: &str, fields: &[(&str, &str)]) -> Page {
    world.browser.post_form(&at(path), fields, BASE_URL).await.unwrap()
}

/// A form of the application's own page, from a browser that holds nothing.
async fn posted(world: &World, body: String) -> Response<Bytes> {
    posted_as(world, "application/x-www-form-urlencoded", body).await
}

async fn posted_as(world: &World, content_type: &str, body: String) -> Response<Bytes> {
    let request = Request::post(at("/echo"))
        .header("content-type", content_type)
        .header("accept", "text/html")
        .header("origin", BASE_URL);
    world.browser.send(request.body(Bytes::from(body)).unwrap()).await.unwrap()
}

/// A form that was kept: the cookie it is kept by, as it is sent back, and the address of its page.
pub(crate) async fn kept(world: &World, text: &str) -> (String, String) {
    let answer = posted(world, format!("text={text}")).await;
    assert_eq!(answer.status(), 303);
    let line = set_cookies(answer.headers()).into_iter().find(|line| line.contains("-form.")).unwrap();
    let cookie = line.split(';').next().unwrap().to_owned();
    let id = cookie.split_once('=').unwrap().0.rsplit('.').next().unwrap();
    let page = format!("/auth/resume?form={id}");
    (cookie, page)
}

/// Forms to be kept: one in its cookie, and one in the store if there is one.
fn texts(kind: SessionKind) -> Vec<String> {
    let both = ["short".to_owned(), "long".repeat(1000)];
    both.into_iter().take(if kind == SessionKind::Cookie { 1 } else { 2 }).collect()
}

fn form_cookies(world: &World) -> usize {
    let cookies = world.browser.cookies_for(BASE_URL).unwrap();
    cookies.iter().filter(|cookie| cookie.name.starts_with("__Host-landfall-form.")).count()
}

on_both_frameworks! {
    async fn a_sign_out_takes_sign_ins_that_are_under_way_and_kept_forms_along(framework) {
        for (kind, by_page) in KINDS.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
            let world = world(framework, kind).await;
            world.open("/dashboard").await;
            let texts = texts(kind);
            for text in &texts {
                for line in set_cookies(posted(&world, format!("text={text}")).await.headers()) {
                    world.browser.set_cookie(BASE_URL, line).unwrap();
                }
            }
            let callback = world.callback_for("/auth/login?return_to=%2Fdashboard").await;
            assert_eq!((form_cookies(&world), attempt_cookies(&world.browser, "login").len()), (texts.len(), texts.len() + 1));
            let stored = world.engine.stored().await.len();
            assert_eq!(stored, if kind == SessionKind::Cookie { 0 } else { 2 }, "a session and the larger form");
            let page = if by_page {
                let asks = world.open("/auth/logout").await;
                world.browser.submit(&asks, "Sign out", &[]).await.unwrap()
            } else {
                post(&world, "/auth/logout", &[]).await
            };
            assert_eq!(page.hops[0].status, 303);
            for name in ["form", "login", "spent", "post"] {
                assert_eq!(attempt_cookies(&world.browser, name).len(), 0, "{name}");
            }
            assert!(world.engine.stored().await.is_empty(), "what was kept is gone");
            let before = world.token_calls();
            world.browser.open_without_following(&callback).await.unwrap();
            assert_eq!(world.token_calls(), before, "who was signing in elsewhere is not brought back");
        }
    }

    async fn a_form_posted_when_the_session_is_over_is_sent_once_somebody_is_back(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            world.open("/dashboard").await;
            world.browser.forget_cookie(SESSION);
            let page = post(&world, "/echo?draft=7", &FORM).await;
            assert!(page.text().contains("You are signed in as Ada"), "{}", page.text());
            assert!(!page.text().contains("<b>") && !page.text().contains("<script"));
            assert_eq!(form_cookies(&world), 0);
            let sent = world.browser.submit(&page, "Send it now", &[]).await.unwrap();
            assert_eq!((sent.status.as_u16(), sent.url.as_str(), sent.text().as_str()), (200, at("/echo?draft=7").as_str(), BODY));
        }
    }

    async fn a_session_that_ran_out_at_the_store_keeps_its_form_too(framework) {
        for kind in [SessionKind::Memory, SessionKind::Sqlite] {
            let world = world(framework, kind).await;
            world.open("/dashboard").await;
            world.wait(Duration::from_secs(9 * 3600));
            let page = post(&world, "/echo", &FORM).await;
            let sent = world.browser.submit(&page, "Send it now", &[]).await.unwrap();
            assert_eq!(sent.text(), BODY);
        }
    }

    async fn whoever_is_signed_in_posts_as_ever(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            world.open("/dashboard").await;
            assert_eq!(post(&world, "/echo", &FORM).await.text(), BODY);
        }
    }

    async fn a_large_form_needs_a_store_and_a_larger_one_is_given_back_to_its_page(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let large = "x".repeat(20_000);
            let page = post(&world, "/echo", &[("text", &large)]).await;
            if kind == SessionKind::Cookie {
                assert_eq!((page.status.as_u16(), form_cookies(&world)), (401, 0));
            } else {
                let sent = world.browser.submit(&page, "Send it now", &[]).await.unwrap();
                assert_eq!(sent.text(), format!("text={large}"));
            }
            world.browser.forget_cookies();
            let larger = "x".repeat(65_537);
            let page = post(&world, "/echo", &[("text", &larger)]).await;
            assert_eq!((page.status.as_u16(), form_cookies(&world)), (401, 0));
            assert!(page.text().contains("Sign in"));
        }
    }

    async fn a_form_posted_to_a_long_address_is_kept_where_there_is_a_store(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let (path, text) = (format!("/echo?filter={}", "f".repeat(1500)), "x".repeat(2000));
            let page = post(&world, &path, &[("text", &text)]).await;
            if kind == SessionKind::Cookie {
                assert_eq!((page.status.as_u16(), form_cookies(&world)), (401, 0));
            } else {
                let sent = world.browser.submit(&page, "Send it now", &[]).await.unwrap();
                assert_eq!((sent.url.as_str(), sent.text()), (at(&path).as_str(), format!("text={text}")));
            }
        }
    }

    async fn a_page_that_posts_lets_the_browser_say_where_it_comes_from(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let kept = post(&world, "/echo", &FORM).await;
        let leaving = world.open("/auth/logout").await;
        for page in [kept, leaving] {
            assert_eq!(page.header("referrer-policy"), Some("same-origin"), "{}", page.url);
        }
        assert_eq!(world.open_once("/auth/callback").await.header("referrer-policy"), Some("no-referrer"));
    }

    async fn whoever_signs_out_leaves_no_form_behind(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        world.open("/dashboard").await;
        let session = world.browser.cookies_for(BASE_URL).unwrap();
        let session = session.iter().find(|cookie| cookie.name == SESSION).unwrap().clone();
        world.browser.forget_cookie(SESSION);
        world.provider.forget_sessions();
        world.provider.ask_who_signs_in();
        post(&world, "/echo", &FORM).await;
        assert_eq!(form_cookies(&world), 1);
        let line = format!("{SESSION}={}; Path=/; Secure; HttpOnly", session.value);
        assert!(world.browser.set_cookie(BASE_URL, &line).unwrap());
        post(&world, "/auth/logout", &[]).await;
        assert_eq!(form_cookies(&world), 0);
    }

    async fn a_kept_form_is_shown_once(framework) {
        for kind in KINDS {
            for text in texts(kind) {
                let world = world(framework, kind).await;
                let page = post(&world, "/echo", &[("text", &text)]).await;
                assert!(page.text().contains("Send it now"));
                // Nor by a page that was held alive: browsers do that with 200 alone.
                assert_eq!(page.status, 202);
                let again = world.browser.open(page.url.as_str()).await.unwrap();
                assert_eq!(again.status, 410, "{}", again.text());
                assert!(!again.text().contains(&text));
            }
        }
    }

    async fn a_copied_cookie_shows_a_form_from_the_store_no_second_time(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let (form, page) = kept(&world, &"y".repeat(4000)).await;
        world.open("/dashboard").await;
        let cookie = format!("{}; {form}", session_header(&world));
        let headers = [("cookie", cookie.as_str()), ("accept", "text/html")];
        for status in [202, 410] {
            assert_eq!(raw(&world, Method::GET, &page, &headers).await.status(), status);
        }
    }

    async fn a_copied_cookie_shows_no_form_once_its_time_is_over(framework) {
        for kind in KINDS {
            for text in texts(kind) {
                let world = world(framework, kind).await;
                let (form, page) = kept(&world, &text).await;
                world.open("/dashboard").await;
                world.wait(Duration::from_secs(16 * 60));
                let cookie = format!("{}; {form}", session_header(&world));
                let answer = raw(&world, Method::GET, &page, &[("cookie", &cookie), ("accept", "text/html")]).await;
                assert_eq!(answer.status(), 410);
                assert!(!String::from_utf8_lossy(answer.body()).contains(&text));
            }
        }
    }

    async fn a_kept_form_is_shown_to_nobody_before_they_are_signed_in(framework) {
        for kind in KINDS {
            for text in texts(kind) {
                let world = world(framework, kind).await;
                let (form, page) = kept(&world, &text).await;
                let answer = raw(&world, Method::GET, &page, &[("cookie", &form), ("accept", "text/html")]).await;
                assert_eq!(answer.status(), 303);
                assert!(answer.headers()["location"].to_str().unwrap().starts_with("https://op.example/"));
                assert!(!String::from_utf8_lossy(answer.body()).contains(&text));
                assert!(!set_cookies(answer.headers()).iter().any(|line| line.contains("-form.")));
            }
        }
    }

    async fn a_page_of_a_kept_form_that_no_person_opens_leaves_it_for_them(framework) {
        for kind in KINDS {
            for text in texts(kind) {
                let world = world(framework, kind).await;
                let (form, page) = kept(&world, &text).await;
                world.open("/dashboard").await;
                let cookie = format!("{}; {form}", session_header(&world));
                let person = [("cookie", cookie.as_str()), ("accept", "text/html")];
                for other in [
                    [("sec-purpose", "prefetch"), ("sec-fetch-mode", "navigate")],
                    [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
                    [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
                ] {
                    let answer = raw(&world, Method::GET, &page, &[&person[..], &other[..]].concat()).await;
                    assert_eq!((answer.status().as_u16(), set_cookies(answer.headers()).len()), (400, 0), "{other:?}");
                    assert!(!String::from_utf8_lossy(answer.body()).contains(&text));
                }
                assert_eq!(raw(&world, Method::GET, &page, &person).await.status(), 202);
            }
        }
    }

    async fn csrf_by_a_kept_form_from_another_site_is_not_offered_to_anybody(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            for from in ["https://evil.example", "https://sibling.example.com", "http://app.example.com"] {
                let page = world.browser.post_form(&at("/echo"), &FORM, from).await.unwrap();
                assert_eq!((page.status.as_u16(), form_cookies(&world)), (401, 0), "{from}");
            }
            // No word of where it comes from is not enough either, and that nobody sent it says nothing of whose it is.
            let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
            for site in [None, Some("none"), Some("same-site"), Some("cross-site"), Some("nonsense")] {
                let told = site.map(|site| vec![("sec-fetch-site", site), ("sec-fetch-mode", "navigate"), ("origin", BASE_URL)]);
                let headers = [&headers[..], &told.unwrap_or_default()].concat();
                let answer = raw(&world, Method::POST, "/echo", &headers).await;
                assert_eq!((answer.status().as_u16(), set_cookies(answer.headers()).len()), (401, 0), "{site:?}");
            }
        }
    }

    async fn another_browsers_form_is_out_of_reach(framework) {
        for kind in KINDS {
            let world = world(framework, kind).await;
            let page = world.browser.post_form(&at("/echo"), &[("text", "secret")], BASE_URL).await.unwrap();
            let other = world.other_browser();
            other.open(&at("/dashboard")).await.unwrap();
            let seen = other.open(page.url.as_str()).await.unwrap();
            assert_eq!(seen.status, 410);
            assert!(!seen.text().contains("secret"));
        }
    }

    async fn a_kept_form_opens_under_its_own_name_alone(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let ((form, page), (other, other_page)) = (kept(&world, "one").await, kept(&world, "two").await);
        world.open("/dashboard").await;
        let (name, value) = form.split_once('=').unwrap();
        let (other, _) = other.split_once('=').unwrap();
        for (page, form, status) in [
            (&other_page, format!("{name}={value}"), 410),
            (&other_page, format!("{other}={value}"), 410),
            (&page, format!("{name}={}", value.to_ascii_lowercase()), 410),
            (&"/auth/resume?form=".to_owned(), format!("{name}={value}"), 410),
            (&page, format!("{name}={value}"), 202),
        ] {
            let cookie = format!("{}; {form}", session_header(&world));
            let answer = raw(&world, Method::GET, page, &[("cookie", &cookie), ("accept", "text/html")]).await;
            assert_eq!(answer.status(), status, "{page} {form}");
        }
    }

    async fn two_tabs_at_once_are_not_both_shown_a_kept_form_and_no_other_method_takes_it(framework) {
        for kind in [SessionKind::Memory, SessionKind::Sqlite] {
            let world = world(framework, kind).await;
            let (form, page) = kept(&world, &"y".repeat(4000)).await;
            world.open("/dashboard").await;
            let cookie = format!("{}; {form}", session_header(&world));
            let headers = [("cookie", cookie.as_str()), ("accept", "text/html"), ("origin", BASE_URL)];
            for method in [Method::HEAD, Method::POST] {
                let answer = raw(&world, method, &page, &headers).await;
                assert_eq!((answer.status().as_u16(), set_cookies(answer.headers()).len()), (405, 0));
            }
            let asking = || raw(&world, Method::GET, &page, &headers);
            let (one, two, three, four) = tokio::join!(asking(), asking(), asking(), asking());
            assert_eq!([one, two, three, four].iter().filter(|page| page.status() == 202).count(), 1, "{kind:?}");
        }
    }

    async fn no_kept_form_is_sent_to_an_address_of_the_sign_in_itself(framework) {
        let everywhere = |builder: landfall::RelyingPartyBuilder| builder.keep_posted_forms("/");
        let world = World::with(framework, SessionKind::Memory, everywhere).await;
        for path in ["/auth/./logout", "/auth/%2e/logout", "/x/../auth/login"] {
            let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html"), ("origin", BASE_URL)];
            let answer = raw(&world, Method::POST, path, &headers).await;
            assert_eq!(set_cookies(answer.headers()).len(), 0, "{path}");
        }
    }

    async fn of_many_kept_forms_the_oldest_go(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        world.provider.ask_who_signs_in();
        let (mut before, mut came) = (Vec::new(), Vec::new());
        for _ in 0..6 {
            world.wait(Duration::from_secs(1));
            post(&world, "/echo", &[("text", "short")]).await;
            let now = attempt_cookies(&world.browser, "form");
            came.extend(now.iter().find(|name| !before.contains(*name)).cloned());
            before = now;
        }
        before.sort();
        let mut newest = came.split_off(2);
        newest.sort();
        assert_eq!(before, newest);
    }

    async fn the_store_may_forget_a_kept_form_when_its_time_is_over(framework) {
        let world = world(framework, SessionKind::Memory).await;
        kept(&world, &"y".repeat(4000)).await;
        let ends: Vec<_> = world.engine.stored().await.into_iter().map(|(_, record)| record.ends_at()).collect();
        assert_eq!(ends, [world.clock.now().plus(Duration::from_secs(15 * 60))]);
    }

    async fn where_no_form_is_kept_its_page_is_the_applications(framework) {
        let world = World::new(framework, SessionKind::Memory).await;
        assert_eq!(world.open_once("/auth/resume").await.status, 404);
        world.open("/dashboard").await;
        assert_eq!(world.open_once("/auth/resume?form=AAAAAAAAAAAAAAAAAAAAAA").await.status, 404);
    }

    async fn nothing_is_kept_of_what_is_no_form_of_a_page(framework) {
        let world = world(framework, SessionKind::Memory).await;
        let form = ("content-type", "application/x-www-form-urlencoded");
        for headers in [
            vec![form, ("accept", "application/json")],
            vec![("content-type", "application/json"), ("accept", "text/html")],
            vec![form, ("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")],
            vec![form, ("accept", "text/html"), ("hx-request", "true")],
        ] {
            let page = world.browser.fetch(Method::POST, &at("/echo"), &headers, "a=1", BASE_URL).await.unwrap();
            assert_eq!((page.status.as_u16(), form_cookies(&world)), (401, 0), "{headers:?}");
        }
        // Nor of what a page can send in another way, and not in this one.
        for content_type in ["multipart/form-data; boundary=x", "text/plain", "application/json", ""] {
            let answer = posted_as(&world, content_type, "a=1".to_owned()).await;
            assert_eq!((answer.status().as_u16(), set_cookies(answer.headers()).len()), (401, 0), "{content_type}");
        }
        // Nor of a PUT, nor of a script where the browser says nothing of how it came.
        for (method, more) in [
            (Method::PUT, ("accept", "text/html")),
            (Method::POST, ("accept", "application/json")),
            (Method::POST, ("x-requested-with", "XMLHttpRequest")),
            (Method::POST, ("hx-request", "true")),
        ] {
            let mut headers = vec![form, ("origin", BASE_URL), more];
            headers.extend((more.0 != "accept").then_some(("accept", "text/html")));
            let answer = raw(&world, method, "/echo", &headers).await;
            assert_eq!(set_cookies(answer.headers()).len(), 0, "{more:?}");
        }
        // What cannot be written down again exactly is not kept half.
        for body in ["a=%ff", "a=%zz", "a=%00"] {
            let answer = posted(&world, body.to_owned()).await;
            assert_eq!((answer.status().as_u16(), set_cookies(answer.headers()).len()), (401, 0), "{body}");
        }
        // Nor what is posted to any other address.
        let page = world.browser.post_form(&at("/echo-not"), &FORM, BASE_URL).await.unwrap();
        assert_eq!((page.status.as_u16(), form_cookies(&world)), (404, 0));
    }

    async fn a_form_waits_while_the_provider_is_away_and_no_longer_than_a_sign_in(framework) {
        let world = world(framework, SessionKind::Memory).await;
        world.provider.set_down(true);
        let page = post(&world, "/echo", &FORM).await;
        assert_eq!(page.status, 503, "{}", page.text());
        world.provider.set_down(false);
        world.wait(Duration::from_secs(60));
        let page = world.browser.open(&link(&page)).await.unwrap();
        assert!(page.text().contains("Send it now"), "{}", page.text());
    }

    async fn the_page_of_a_kept_form_is_no_loop_where_sessions_never_stay(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        let path = "/auth/resume?form=AAAAAAAAAAAAAAAAAAAAAA";
        let mut rounds = 0;
        let page = loop {
            let page = world.open_once(path).await;
            if page.location().is_none() {
                break page;
            }
            rounds += 1;
            assert!(rounds < 10, "a loop");
            let callback = world.callback_for(path).await;
            world.browser.open_without_following(&callback).await.unwrap();
            world.browser.forget_cookie(SESSION);
            world.wait(Duration::from_secs(1));
        };
        assert!(page.text().contains("after several tries"), "{}", page.text());
    }

    async fn a_flood_of_large_forms_fills_no_store(framework) {
        let world = world(framework, SessionKind::Memory).await;
        greeting(&world).await;
        let body = format!("text={}", "z".repeat(3000));
        let mut kept = 0;
        for _ in 0..1010 {
            let answer = posted(&world, body.clone()).await;
            kept += usize::from(answer.status() == 303);
        }
        assert_eq!((kept, world.engine.stored().await.len()), (1000, 1000));
        world.wait(Duration::from_secs(16 * 60));
        assert!(post(&world, "/echo", &[("text", &"z".repeat(3000))]).await.text().contains("Send it now"));
    }

    async fn a_browser_holds_few_kept_forms_and_the_newest_stays(framework) {
        let world = world(framework, SessionKind::Cookie).await;
        world.provider.ask_who_signs_in();
        for number in 0..6 {
            world.wait(Duration::from_secs(1));
            // Four short ones, or one of the longest.
            let text = "w".repeat(if number < 3 { 1900 } else { 700 });
            post(&world, "/echo", &[("text", &text), ("number", &number.to_string())]).await;
            assert!(form_cookies(&world) <= if number < 3 { 1 } else { 4 });
            let cookies = world.browser.cookies_for(BASE_URL).unwrap();
            assert!(cookies.iter().map(|cookie| cookie.name.len() + cookie.value.len()).sum::<usize>() < 9_500);
        }
        let page = world.browser.sign_in("ada").await.unwrap();
        let sent = world.browser.submit(&page, "Send it now", &[]).await.unwrap();
        assert!(sent.text().ends_with("number=5"));
    }

    async fn settings_that_cannot_work_are_refused_when_it_is_built(framework) {
        let world = world(framework, SessionKind::Memory).await;
        for path in ["", "echo", "/echo?x", "//echo", "/a/../b"] {
            assert_eq!(world.builder().keep_posted_forms(path).build().unwrap_err().setting, "keep_posted_forms");
        }
        let error = world.builder().keep_posted_forms("/echo").required_header("x-csrf").build().unwrap_err();
        assert_eq!(error.setting, "keep_posted_forms");
        assert_eq!(world.builder().kept_form_limit(2 << 20).build().unwrap_err().setting, "kept_form_limit");
    }

    async fn a_page_that_needs_a_sign_in_reads_the_fragment_first_where_that_is_wanted(framework) {
        let world = World::with(framework, SessionKind::Memory, landfall::RelyingPartyBuilder::keep_fragments).await;
        let page = world.open_once("/dashboard?tab=2").await;
        assert_eq!((page.status.as_u16(), set_cookies(&page.headers).len()), (401, 0));
        let policy = page.header("content-security-policy").unwrap().to_owned();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
        // Nothing runs but what stands there.
        let text = page.text();
        let script = text.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
        assert!(policy.ends_with(&format!("script-src 'sha256-{}'", STANDARD.encode(digest.as_ref()))), "{policy}");
        // What the script does.
        let mut login = url::Url::parse(&link(&page)).unwrap();
        let return_to = login.query_pairs().find(|(name, _)| name == "return_to").unwrap().1.into_owned();
        login.query_pairs_mut().clear().append_pair("return_to", &format!("{return_to}#top&x=1"));
        let landed = world.browser.open(login.as_str()).await.unwrap();
        assert_eq!(landed.url.as_str(), at("/dashboard?tab=2#top&x=1"));
        // Without scripts the page goes on by itself, and the fragment is lost.
        world.browser.forget_cookies();
        let page = world.open_once("/dashboard?tab=2").await;
        let landed = world.browser.open(page.refresh().expect("a refresh").as_str()).await.unwrap();
        assert_eq!(landed.url.as_str(), at("/dashboard?tab=2"));
    }

    async fn a_fragment_that_is_no_part_of_a_destination_costs_only_itself(framework) {
        let world = World::with(framework, SessionKind::Memory, landfall::RelyingPartyBuilder::keep_fragments).await;
        for fragment in ["#a\\b".to_owned(), format!("#{}", "s".repeat(4000)), "#\u{1}".to_owned()] {
            world.browser.forget_cookies();
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("return_to", &format!("/dashboard?tab=2{fragment}"))
                .finish();
            let landed = world.open(&format!("/auth/login?{query}")).await;
            assert_eq!(landed.url.as_str(), at("/dashboard?tab=2"));
        }
        for hostile in ["//evil.example#x", "https://evil.example#x", "/\\evil.example#\\"] {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", hostile).finish();
            assert_eq!(world.open(&format!("/auth/login?{query}")).await.url.as_str(), at("/"));
        }
    }

    async fn a_script_and_htmx_are_answered_in_their_own_way_where_fragments_are_kept(framework) {
        let world = World::with(framework, SessionKind::Memory, landfall::RelyingPartyBuilder::keep_fragments).await;
        let json = raw(&world, Method::GET, "/dashboard", &[("accept", "application/json")]).await;
        assert_eq!(json.headers()["content-type"], "application/problem+json");
        let htmx = raw(&world, Method::GET, "/dashboard", &[("hx-request", "true")]).await;
        assert!(htmx.headers().contains_key("hx-redirect"));
    }
}
