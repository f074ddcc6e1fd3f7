//! The single-page example, behind Vite at its own port and as a production build.

use fantoccini::Locator;
use landfall_testkit::Fault;
use landfall_tests::real::{Chromium, Shown, SinglePage, Viewport, npm_test, until};
use landfall_tests::run;
use serde_json::{Value, json};

use crate::ADA;

const REPORT: &str = "/reports/2026?sort=amount&q=a%26b#total";

/// A page and somebody who looks at it.
struct Visit {
    page: SinglePage,
    browser: Chromium,
}

impl Visit {
    async fn new(shown: Shown, viewport: Viewport) -> Self {
        let page = SinglePage::start(shown).await;
        let browser = Chromium::start(viewport).await;
        Self { page, browser }
    }

    async fn open(&self, path: &str) {
        self.browser.open(&self.page.at(path)).await;
    }

    async fn lands_on(&self, path: &str) {
        self.browser.lands_on(&self.page.at(path)).await;
    }

    /// Asks for a page that needs a sign-in, and signs Ada in.
    async fn sign_in(&self, path: &str) {
        self.open(path).await;
        self.browser.press(ADA).await;
        self.lands_on(path).await;
    }

    async fn press(&self, text: &str) {
        let button = format!("//button[normalize-space()='{text}']");
        until(&format!("{text} can be pressed"), async || {
            self.browser.client.find(Locator::XPath(&button)).await.ok()?.click().await.ok()
        })
        .await;
    }

    async fn script(&self, script: &str) -> Value {
        self.browser.client.execute(script, vec![]).await.unwrap()
    }

    /// As when the session's time is over: the browser has its cookie no more.
    async fn session_ends(&self) {
        for cookie in self.browser.client.get_all_cookies().await.unwrap() {
            if cookie.name().starts_with("landfall-session") {
                self.browser.client.delete_cookie(cookie.name()).await.unwrap();
            }
        }
    }

    async fn comes_back_to_the_tab(&self) {
        self.script("document.dispatchEvent(new Event('visibilitychange'))").await;
    }

    /// In both kinds of light.
    async fn pictures(&self, name: &str) {
        for light in ["light", "dark"] {
            let features = json!([{ "name": "prefers-color-scheme", "value": light }]);
            self.browser.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
            self.browser.picture(&format!("spa-{name}-{light}")).await;
        }
    }
}

async fn from_the_deep_link_to_the_sign_out(shown: Shown, viewport: Viewport) {
    let visit = Visit::new(shown, viewport).await;
    let browser = &visit.browser;
    visit.open("/").await;
    browser.says("Nobody is signed in.").await;
    visit.pictures("1-home").await;

    visit.open(REPORT).await;
    browser.says("Who would you like to be?").await;
    browser.press(ADA).await;
    visit.lands_on(REPORT).await;
    browser.says("The largest amounts first.").await;
    browser.says("Ada Lovelace").await;
    let is_seen = "const { top, bottom } = document.getElementById('total').getBoundingClientRect();\
        return scrollY > 0 && top >= 0 && bottom <= innerHeight && document.activeElement.id === 'total'";
    until("the fragment's place is seen", async || {
        (browser.client.execute(is_seen, vec![]).await.ok()? == true).then_some(())
    })
    .await;
    visit.pictures("2-report").await;

    browser.press("a[href='/about']").await;
    browser.says("ada@example.test").await;
    visit.pictures("3-about").await;

    browser.press("a[href='/notes']").await;
    visit
        .browser
        .client
        .find(Locator::Css("textarea"))
        .await
        .unwrap()
        .send_keys("a first note")
        .await
        .unwrap();
    visit.press("Save").await;
    browser.says("Saved: a first note").await;
    visit.pictures("4-notes").await;

    visit.press("Sign out").await;
    browser.says("Nobody is signed in.").await;
    visit.lands_on("/").await;
    assert_eq!(visit.script("return sessionStorage.length + localStorage.length").await, 0);
    // The provider has signed her out as well: it asks.
    visit.open(REPORT).await;
    browser.says("Who would you like to be?").await;
}

async fn two_tabs(shown: Shown) {
    let visit = Visit::new(shown, Viewport::Desktop).await;
    let client = &visit.browser.client;
    let first = client.window().await.unwrap();
    visit.open("/notes?tab=1").await;
    visit.browser.says("Who would you like to be?").await;
    let second = client.new_window(true).await.unwrap().handle;
    client.switch_to_window(second.clone()).await.unwrap();
    visit.open("/reports/2025?tab=2#total").await;
    visit.browser.says("Who would you like to be?").await;

    client.switch_to_window(first).await.unwrap();
    visit.browser.press(ADA).await;
    visit.lands_on("/notes?tab=1").await;
    visit.browser.says("What is on your mind?").await;

    client.switch_to_window(second).await.unwrap();
    visit.browser.press(ADA).await;
    visit.lands_on("/reports/2025?tab=2#total").await;
    visit.browser.says("Report of 2025").await;
}

async fn back(shown: Shown) {
    let visit = Visit::new(shown, Viewport::Phone).await;
    visit.open("/").await;
    visit.sign_in("/notes?back=1").await;
    visit.browser.says("What is on your mind?").await;
    // The provider knows her now and answers the attempt that is over with a new code.
    visit.browser.client.back().await.unwrap();
    visit.browser.says("This sign-in link was already used.").await;
    visit.pictures("6-back").await;
    visit.press("Sign in again").await;
    visit.lands_on("/notes?back=1").await;
    visit.browser.says("What is on your mind?").await;
    visit.browser.says("Ada Lovelace").await;
}

async fn reload(shown: Shown) {
    let visit = Visit::new(shown, Viewport::Desktop).await;
    visit.sign_in("/notes").await;
    visit.open("/callback").await;
    visit.lands_on("/").await;
    visit.browser.says("You are signed in as Ada Lovelace.").await;

    // What was answered long ago, in an address that somebody kept.
    visit.session_ends().await;
    visit.open("/callback").await;
    visit.browser.says("There is no sign-in to complete").await;
    visit.press("Sign in again").await;
    visit.lands_on("/").await;
    visit.browser.says("You are signed in as Ada Lovelace.").await;
}

async fn expiry(shown: Shown, viewport: Viewport) {
    let visit = Visit::new(shown, viewport).await;
    let (browser, client) = (&visit.browser, &visit.browser.client);
    visit.sign_in("/notes?for=later#note").await;
    let text = "a thought that took an hour";
    until("there is a place to write", async || client.find(Locator::Css("textarea")).await.ok())
        .await
        .send_keys(text)
        .await
        .unwrap();
    visit.session_ends().await;
    visit.press("Save").await;
    browser.says("Your session has ended").await;
    browser.says("Not saved yet.").await;
    let written = "return document.querySelector('textarea').value";
    assert_eq!(visit.script(written).await, text);
    visit.pictures("5-ended").await;

    visit.press("Sign in again").await;
    visit.lands_on("/notes?for=later#note").await;
    until("the text is there again", async || {
        (client.execute(written, vec![]).await.ok()? == text).then_some(())
    })
    .await;
    visit.press("Save").await;
    browser.says(&format!("Saved: {text}")).await;
}

async fn nobody_asks(shown: Shown) {
    let visit = Visit::new(shown, Viewport::Desktop).await;
    // On the way back to the tab.
    visit.sign_in("/reports/2026").await;
    visit.browser.says("Report of 2026").await;
    visit.session_ends().await;
    visit.comes_back_to_the_tab().await;
    let page = visit.browser.says("Your session has ended").await;
    assert!(page.contains("Report of 2026"), "{page}");
    visit.press("Sign in again").await;
    until("somebody is signed in", async || {
        let person = visit.browser.client.find(Locator::Css(".person")).await.ok()?;
        (person.text().await.ok()? == "Ada Lovelace").then_some(())
    })
    .await;

    // When its time is over: the next answer says that this is now.
    visit
        .script(
            "const real = fetch;\
             window.fetch = async (...all) => {\
                 window.fetch = real;\
                 const session = await (await real(...all)).json();\
                 return Response.json({ ...session, idle_expires_at: Date.now() / 1000 });\
             };",
        )
        .await;
    visit.comes_back_to_the_tab().await;
    visit.session_ends().await;
    visit.browser.says("Your session has ended").await;
}

async fn refused(shown: Shown, viewport: Viewport) {
    let visit = Visit::new(shown, viewport).await;
    visit.page.provider.inject(Fault::authorize_error("access_denied"));
    visit.open(REPORT).await;
    let page = visit.browser.says("Reference:").await;
    assert!(page.contains("Sign-in was cancelled"), "{page}");
    visit.lands_on("/callback").await;
    visit.pictures("7-refused").await;
    visit.press("Sign in again").await;
    visit.browser.press(ADA).await;
    visit.lands_on(REPORT).await;
}

async fn code_is_gone(shown: Shown) {
    let visit = Visit::new(shown, Viewport::Desktop).await;
    visit.open("/").await;
    visit.sign_in(REPORT).await;
    visit.browser.says("Ada Lovelace").await;
    let after = visit.browser.history().await;
    assert!(after.iter().any(|url| *url == visit.page.at(REPORT)), "{after:?}");
    assert!(!after.iter().any(|url| url.contains("code=") || url.contains("/callback")), "{after:?}");

    // Nor after an exchange that failed, where the route stays.
    visit.session_ends().await;
    visit.open("/callback?code=planted-code&state=planted-state").await;
    visit.browser.says("Sign in again").await;
    let after = visit.browser.history().await;
    assert!(!after.iter().any(|url| url.contains("planted")), "{after:?}");
    assert_eq!(
        visit
            .script("return JSON.stringify([history.state, location.href])")
            .await
            .to_string()
            .find("planted"),
        None
    );
}

async fn no_token(shown: Shown) {
    let visit = Visit::new(shown, Viewport::Desktop).await;
    visit.sign_in("/about").await;
    visit.browser.says("ada@example.test").await;
    let seen = "return [document.documentElement.outerHTML, JSON.stringify(localStorage), \
        JSON.stringify(sessionStorage), document.cookie, JSON.stringify(history.state), location.href].join()";
    let seen = visit.script(seen).await.as_str().unwrap().to_owned();
    let answers = visit.page.network.answers();
    assert!(answers.contains("\"signed_in\":true") && answers.contains("ada@example.test"), "{answers}");
    let tokens = visit.page.tokens();
    assert!(tokens.len() >= 2, "{tokens:?}");
    for token in tokens {
        assert!(!seen.contains(&token) && !answers.contains(&token), "a token reached the browser");
    }
    assert_eq!(visit.script("return document.cookie").await, "");
}

/// Runs each test behind Vite and with the build.
macro_rules! however_shown {
    ($($name:ident: $play:expr;)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn by_vite() {
                run(Box::pin(($play)(Shown::ByVite)));
            }

            #[test]
            fn by_the_backend() {
                run(Box::pin(($play)(Shown::ByBackend)));
            }
        }
    )+};
}

however_shown! {
    a_visit_on_a_phone_from_the_deep_link_to_the_sign_out:
        async |shown| from_the_deep_link_to_the_sign_out(shown, Viewport::Phone).await;
    a_visit_on_a_desk_from_the_deep_link_to_the_sign_out:
        async |shown| from_the_deep_link_to_the_sign_out(shown, Viewport::Desktop).await;
    two_tabs_that_sign_in_at_once_land_where_each_was_going: two_tabs;
    going_back_to_the_sign_in_page_harms_nothing_and_leads_on: back;
    the_callback_route_opened_again_leads_on: reload;
    a_session_that_ends_while_somebody_writes_loses_nothing_on_a_phone:
        async |shown| expiry(shown, Viewport::Phone).await;
    a_session_that_ends_while_somebody_writes_loses_nothing_on_a_desk:
        async |shown| expiry(shown, Viewport::Desktop).await;
    a_session_that_ends_while_nothing_is_asked_is_noticed: nobody_asks;
    a_refused_sign_in_says_why_and_leads_on_on_a_phone: async |shown| refused(shown, Viewport::Phone).await;
    a_refused_sign_in_says_why_and_leads_on_on_a_desk: async |shown| refused(shown, Viewport::Desktop).await;
    the_code_is_left_neither_in_the_address_nor_in_the_history: code_is_gone;
    no_token_is_in_anything_that_the_browser_sees: no_token;
}

#[test]
fn the_browser_module_is_typed_and_small_and_keeps_its_promises() {
    run(Box::pin(npm_test("browser")));
}
