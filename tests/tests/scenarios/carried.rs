//! What a sign-in carries for the application, and what the hook is told of the trip.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use landfall::{NewSignIn, RelyingPartyBuilder};
use landfall_testkit::{Browser, Page, TestBed};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, on_both_frameworks};

use crate::support::{at, attempt_cookies, client, error_log, fetch, greeting, listen_to_errors, raw};

const KINDS: [SessionKind; 3] = [SessionKind::Cookie, SessionKind::Memory, SessionKind::Sqlite];
const SECOND: &str = "https://app.example.org";

/// What the hook saw of one sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    state: Option<String>,
    invitation: Option<String>,
    destination: Option<String>,
    previous: Option<String>,
    is_step_up: bool,
    address: Option<String>,
    language: Option<String>,
}

impl Seen {
    fn of(sign_in: &NewSignIn) -> Self {
        Self {
            state: sign_in.app_state(),
            invitation: sign_in.parameter("invitation").map(str::to_owned),
            destination: sign_in.destination().map(|destination| destination.as_str().to_owned()),
            previous: sign_in.previous().map(|identity| identity.subject().to_owned()),
            is_step_up: sign_in.is_step_up(),
            address: sign_in.request().address().map(|address| address.to_string()),
            language: sign_in.request().accept_language().map(str::to_owned),
        }
    }
}

/// What it saw of all of them.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<Seen>>>);

impl Log {
    fn last(&self) -> Seen {
        self.0.lock().unwrap().last().cloned().expect("a sign-in")
    }

    fn states(&self) -> Vec<Option<String>> {
        self.0.lock().unwrap().iter().map(|seen| seen.state.clone()).collect()
    }
}

async fn world_with(
    framework: Framework,
    kind: SessionKind,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> (World, Log) {
    let log = Log::default();
    let heard = log.clone();
    let world = World::with(framework, kind, |builder| {
        change(builder).login_parameters(["invitation", "plan"]).on_sign_in(move |sign_in| {
            heard.0.lock().unwrap().push(Seen::of(&sign_in));
            async move { Ok(sign_in) }
        })
    })
    .await;
    (world, log)
}

async fn world(framework: Framework, kind: SessionKind) -> (World, Log) {
    world_with(framework, kind, |builder| builder).await
}

/// A link to a sign-in that carries this, as a page of the application writes it for this browser.
async fn link(browser: &Browser, base: &str, state: &str) -> String {
    format!("{base}{}", browser.open(&format!("{base}/carry-link?{state}")).await.unwrap().text())
}

async fn follow(browser: &Browser, link: &str) -> Page {
    browser.open(link).await.unwrap()
}

#[allow(clippy::unnecessary_wraps, reason = "compared with what the hook saw, which may be nothing")]
fn state(text: &str) -> Option<String> {
    Some(text.to_owned())
}

on_both_frameworks! {
    async fn app_state_comes_back_to_whoever_asked_by_every_way_that_leads_to_the_provider(framework) {
        for kind in KINDS {
            let (world, log) = world(framework, kind).await;
            // At once: nobody is here, and then somebody.
            assert_eq!(world.open("/carry?at%20once").await.url.path(), "/dashboard/carried");
            assert_eq!((log.last().state, log.last().previous), (state("at%20once"), None));
            world.open("/carry?again").await;
            assert_eq!((log.last().state, log.last().previous), (state("again"), state("ada")));
            // By a link of a page, for whoever is signed in.
            let for_ada = link(&world.browser, BASE_URL, "by-link").await;
            follow(&world.browser, &for_ada).await;
            assert_eq!(log.last().state, state("by-link"));
            // By a link, where nobody is.
            world.browser.forget_cookies();
            let two = [link(&world.browser, BASE_URL, "one").await, link(&world.browser, BASE_URL, "two").await];
            assert_eq!(follow(&world.browser, &two[0]).await.status, 200);
            assert_eq!(log.last().state, state("one"), "the second link took nothing from the first");
            follow(&world.browser, &two[1]).await;
            assert_eq!(log.last().state, state("two"));
            // By the answer to a script.
            world.browser.forget_cookies();
            let problem: serde_json::Value = serde_json::from_str(&fetch(&world, "/carry?script").await.text()).unwrap();
            follow(&world.browser, &at(problem["login_url"].as_str().unwrap())).await;
            assert_eq!(log.last().state, state("script"));
            // What carries nothing has nothing.
            world.open("/auth/login").await;
            assert_eq!(log.last().state, None);
        }
    }

    async fn app_state_goes_by_the_applications_own_sign_in_page(framework) {
        for kind in KINDS {
            let (world, log) = world_with(framework, kind, |builder| builder.sign_in_page("/login")).await;
            let page = world.open("/carry?through-the-page").await;
            let page: serde_json::Value = serde_json::from_str(&page.text()).unwrap();
            follow(&world.browser, &at(page["providers"][0]["login_url"].as_str().unwrap())).await;
            assert_eq!((log.last().state, log.last().destination), (state("through-the-page"), state("/dashboard/carried")));
        }
    }

    async fn app_state_of_another_attempt_is_not_there(framework) {
        for kind in KINDS {
            let (world, log) = world(framework, kind).await;
            let (one, two) = (world.callback_for("/carry?one").await, world.callback_for("/carry?two").await);
            let plain = world.callback_for("/dashboard/x").await;
            for callback in [&two, &plain, &one] {
                assert_eq!(world.browser.open(callback).await.unwrap().status, 200);
            }
            assert_eq!(log.states(), [state("two"), None, state("one")]);
        }
    }

    async fn app_state_in_a_link_opens_in_no_other_browser_and_the_sign_in_goes_on(framework) {
        for kind in KINDS {
            let (world, log) = world(framework, kind).await;
            let of_nobody = link(&world.browser, BASE_URL, "nobodys").await;
            world.open("/dashboard").await;
            let of_ada = link(&world.browser, BASE_URL, "adas").await;
            for (link, signed_in) in [(&of_nobody, false), (&of_ada, false), (&of_nobody, true), (&of_ada, true)] {
                let other = world.other_browser();
                // It has a value of its own, and perhaps somebody is there.
                self::link(&other, BASE_URL, "own").await;
                if signed_in {
                    other.open(&at("/dashboard")).await.unwrap();
                }
                let page = follow(&other, link).await;
                assert_eq!((page.status.as_u16(), page.url.path()), (200, "/dashboard/carried"));
                assert_eq!(log.last().state, None, "{signed_in}");
            }
        }
    }

    async fn app_state_of_a_session_is_not_there_for_whoever_comes_after(framework) {
        for kind in KINDS {
            let (world, log) = world(framework, kind).await;
            world.open("/dashboard").await;
            let of_ada = link(&world.browser, BASE_URL, "adas").await;
            let under_way = world.callback_for("/carry?adas").await;
            world.provider.sign_in_as("grace");
            assert_eq!(world.open("/auth/login?return_to=%2F").await.text(), "hello grace");
            follow(&world.browser, &of_ada).await;
            assert_eq!((log.last().state, log.last().previous), (None, state("grace")));
            world.browser.open(&under_way).await.unwrap();
            assert_eq!((log.last().state, log.last().previous), (None, state("grace")));
            assert_eq!(greeting(&world).await, "hello ada", "and the sign-in went on");
        }
    }

    async fn app_state_of_another_base_url_is_not_there(framework) {
        for kind in KINDS {
            let (world, log) = world_with(framework, kind, |builder| builder.base_url(SECOND)).await;
            world.provider.register(client(&["https://app.example.org/auth/callback"]));
            world.browser.route(SECOND, world.address).unwrap();
            let here = link(&world.browser, BASE_URL, "here").await;
            link(&world.browser, SECOND, "there").await;
            let page = follow(&world.browser, &here.replace(BASE_URL, SECOND)).await;
            assert_eq!((page.status.as_u16(), log.last().state), (200, None));
            follow(&world.browser, &here).await;
            assert_eq!(log.last().state, state("here"));
        }
    }

    async fn app_state_is_there_for_an_hour(framework) {
        for kind in KINDS {
            for signed_in in [false, true] {
                let (world, log) = world(framework, kind).await;
                if signed_in {
                    world.open("/dashboard").await;
                }
                let link = link(&world.browser, BASE_URL, "for-an-hour").await;
                world.wait(Duration::from_secs(3590));
                follow(&world.browser, &link).await;
                assert_eq!(log.last().state, state("for-an-hour"));
                world.browser.forget_cookies();
                if signed_in {
                    world.open("/dashboard").await;
                }
                let link = self::link(&world.browser, BASE_URL, "too-late").await;
                world.wait(Duration::from_secs(3590));
                let callback = world.callback_for(link.strip_prefix(BASE_URL).unwrap()).await;
                world.wait(Duration::from_secs(20));
                assert_eq!(world.browser.open(&callback).await.unwrap().status, 200);
                assert_eq!(log.last().state, None, "it was over on the way");
            }
        }
    }

    async fn app_state_survives_a_trip_that_is_made_again(framework) {
        let (world, log) = world(framework, SessionKind::Memory).await;
        world.provider.ask_who_signs_in();
        world.open("/carry-silently?again").await;
        assert_eq!(world.browser.sign_in("ada").await.unwrap().url.path(), "/dashboard/carried");
        assert_eq!(log.last().state, state("again"));
    }

    async fn app_state_that_is_too_long_is_an_error_that_says_how_long_it_is(framework) {
        listen_to_errors();
        let (world, _) = world(framework, SessionKind::Memory).await;
        assert_eq!(world.open(&format!("/carry?{}", "x".repeat(510))).await.status, 200);
        world.browser.forget_cookies();
        let page = world.open(&format!("/carry?{}", "x".repeat(511))).await;
        assert_eq!(page.status, 500);
        assert!(error_log().contains("513 bytes long as JSON, and 512 fit"), "{}", error_log());
        assert_eq!(world.token_calls(), 1);
    }

    async fn twelve_sign_ins_with_app_state_still_fit_a_header(framework) {
        let (world, log) = world(framework, SessionKind::Cookie).await;
        let mut last = String::new();
        for number in 10..22 {
            last = world.callback_for(&format!("/carry?{number}{}", "x".repeat(400))).await;
        }
        assert!(crate::support::cookie_header_length(&world.browser) < 6 * 1024);
        assert!(attempt_cookies(&world.browser, "login").len() >= 4);
        assert_eq!(world.browser.open(&last).await.unwrap().status, 200);
        assert!(log.last().state.unwrap().starts_with("21x"));
    }

    async fn a_parameter_reaches_the_hook_as_it_was_worded_and_only_what_is_named(framework) {
        for kind in KINDS {
            let (world, log) = world(framework, kind).await;
            world.open("/auth/login?invitation=a%2Bb%20c&other=1&return_to=%2Fdashboard").await;
            let seen = log.last();
            assert_eq!((seen.invitation, seen.state, seen.destination), (state("a+b c"), None, state("/dashboard")));
            for (query, what) in [
                ("invitation=one&invitation=two", "twice"),
                (&format!("invitation={}", "x".repeat(257)), "too long"),
                ("invitation=", "empty"),
                ("invitation=%ff", "no text"),
                ("Invitation=x", "another name"),
            ] {
                assert_eq!(world.open(&format!("/auth/login?{query}")).await.status, 200, "{what}");
                assert_eq!(log.last().invitation, None, "{what}");
            }
            world.open(&format!("/auth/login?invitation={}", "x".repeat(256))).await;
            assert_eq!(log.last().invitation.map(|text| text.len()), Some(256));
        }
    }

    async fn a_parameter_goes_by_the_sign_in_page_and_by_a_form(framework) {
        let (world, log) = world_with(framework, SessionKind::Memory, |builder| builder.sign_in_page("/login")).await;
        let page: serde_json::Value = serde_json::from_str(&world.open("/login?invitation=i%261").await.text()).unwrap();
        follow(&world.browser, &at(page["providers"][0]["login_url"].as_str().unwrap())).await;
        assert_eq!(log.last().invitation, state("i&1"));
        world.browser.post_form(&at("/auth/login"), &[("invitation", "by form")], BASE_URL).await.unwrap();
        assert_eq!(log.last().invitation, state("by form"));
    }

    async fn the_hook_is_told_where_the_request_came_from_as_the_trusted_proxies_say(framework) {
        let came = [("accept-language", "de, en;q=0.5"), ("x-forwarded-for", "6.6.6.6, 203.0.113.9"), ("x-forwarded-host", "app.example.com")];
        for (trusted, address) in [(false, "127.0.0.1"), (true, "203.0.113.9")] {
            let (world, log) = world_with(framework, SessionKind::Cookie, |builder| {
                if trusted { builder.trusted_proxies(["127.0.0.1"]) } else { builder }
            }).await;
            let callback = world.callback_for("/dashboard").await;
            let cookies: Vec<_> = world.browser.cookies_for(BASE_URL).unwrap().into_iter().map(|c| format!("{}={}", c.name, c.value)).collect();
            let cookies = cookies.join("; ");
            let headers = [&came[..], &[("cookie", cookies.as_str())]].concat();
            let answer = raw(&world, Method::GET, callback.strip_prefix(BASE_URL).unwrap(), &headers).await;
            assert_eq!(answer.status(), 303);
            assert_eq!((log.last().address.as_deref(), log.last().language.as_deref()), (Some(address), Some("de, en;q=0.5")));
        }
    }

    async fn the_hook_is_told_of_a_step_up_and_of_who_was_here(framework) {
        for kind in KINDS {
            let (world, log) = world(framework, kind).await;
            world.open("/dashboard").await;
            assert_eq!((log.last().previous, log.last().is_step_up), (None, false));
            world.open("/more/level").await;
            assert_eq!((log.last().previous, log.last().is_step_up), (state("ada"), true));
            world.open("/auth/login").await;
            assert_eq!((log.last().previous, log.last().is_step_up), (state("ada"), false));
            world.provider.sign_in_as("grace");
            world.open("/more/recent").await;
            world.wait(Duration::from_secs(600));
            world.open("/more/recent").await;
            assert_eq!((log.last().previous, log.last().is_step_up), (state("ada"), false), "somebody else came");
        }
    }

    async fn a_hook_sends_people_elsewhere_and_a_reload_lands_there_too(framework) {
        for kind in KINDS {
            let world = World::with(framework, kind, |builder| {
                builder.on_sign_in(|mut sign_in| async move {
                    sign_in.set_destination("/dashboard/welcome?first=1");
                    Ok(sign_in)
                })
            }).await;
            let callback = world.callback_for("/dashboard/x").await;
            for _ in 0..3 {
                let page = world.browser.open(&callback).await.unwrap();
                assert_eq!((page.status.as_u16(), page.url.as_str()), (200, at("/dashboard/welcome?first=1").as_str()));
                world.wait(Duration::from_secs(40));
            }
            assert_eq!(world.token_calls(), 1);
        }
    }

    async fn a_hook_adds_a_cookie_of_the_applications_to_the_landing(framework) {
        for kind in KINDS {
            let world = World::with(framework, kind, |builder| {
                builder.on_sign_in(|mut sign_in| async move {
                    assert!(sign_in.add_header("location", "https://evil.example/").is_err());
                    assert!(sign_in.add_header("set-cookie", "__Host-landfall-session=x").is_err());
                    sign_in.add_header("set-cookie", "theme=dark; Path=/; Secure")?;
                    sign_in.add_header("x-landed", "1")?;
                    Ok(sign_in)
                })
            }).await;
            let callback = world.callback_for("/dashboard").await;
            let page = world.browser.open_without_following(&callback).await.unwrap();
            assert_eq!((page.header("location"), page.header("x-landed")), (Some("/dashboard"), Some("1")));
            assert_eq!(greeting(&world).await, "hello ada");
            assert!(world.browser.cookies_for(BASE_URL).unwrap().iter().any(|cookie| cookie.name == "theme"));
        }
    }

    async fn a_session_cookie_of_the_hooks_fails_the_sign_in(framework) {
        let world = World::with(framework, SessionKind::Memory, |builder| {
            builder.session_cookie_name("sid").on_sign_in(|mut sign_in| async move {
                sign_in.add_header("set-cookie", "__HOST-sid=made-up; Path=/; Secure")?;
                Ok(sign_in)
            })
        }).await;
        let page = world.open("/dashboard").await;
        assert_eq!(page.status, 500);
        assert!(!world.browser.cookies_for(BASE_URL).unwrap().iter().any(|cookie| cookie.name.ends_with("sid")));
    }

    async fn parameters_that_cannot_be_are_refused_at_the_start(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        let _ = framework;
        for names in [&["return_to"][..], &["wish"], &["iss"], &["failure"], &["Big"], &[""], &["a b"], &["a", "b", "c", "d", "e"]] {
            let error = bed.relying_party().login_parameters(names.iter().copied()).build().unwrap_err();
            assert_eq!(error.setting, "login_parameters", "{names:?}");
        }
    }
}
