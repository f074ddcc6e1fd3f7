//! What is kept of a destination across a sign-in beyond path and query: what stands behind `#`, and a posted form.

use landfall::RelyingPartyBuilder;
use landfall_tests::real::Chromium;
use landfall_tests::real::Viewport::{Desktop, Phone};
use landfall_tests::{Framework, on_both_frameworks, subject};

use crate::ADA;
use crate::neighbourhood::{Neighbourhood, SIBLING, STRANGER};
use crate::place::Place;

const PAGE: &str = "/dashboard/x?y=1&z=%25";

async fn keeps_fragments(framework: Framework) -> Place {
    Place::new(framework, Phone, RelyingPartyBuilder::keep_fragments).await
}

async fn keeps_forms(framework: Framework, browser: Chromium) -> Neighbourhood {
    Neighbourhood::new(framework, browser, |builder| builder.keep_posted_forms("/deed")).await
}

impl Neighbourhood {
    /// Fills in the form of the application's own page and sends it; `meanwhile` is what happens before it is sent.
    async fn fills_in_and_sends(&self, meanwhile: impl AsyncFnOnce()) {
        self.open("/deed").await;
        self.browser.write("input[name=title]", "Ärger & <b>\"Lust\"</b> 'und' Zoë 💌").await;
        self.browser.write("textarea", "one\n\n  two; a=1&b=2\n").await;
        meanwhile().await;
        self.browser.press("button").await;
    }

    /// As when its time is over: the browser has its cookie no more.
    async fn forgets_the_session(&self) {
        let cookies = self.browser.cookies().await;
        for cookie in cookies.iter().filter(|cookie| cookie.name.starts_with("__Host-landfall-session")) {
            self.browser.delete_cookie(&cookie.name).await;
        }
    }

    /// With nobody signed in any more, the form is sent; once Ada is back it waits on a page, whose button sends it.
    async fn is_kept_and_sent_once(&self, meanwhile: impl AsyncFnOnce()) {
        self.fills_in_and_sends(async || {}).await;
        self.browser.says("the deed is done").await;
        self.fills_in_and_sends(meanwhile).await;
        self.browser.says("You are signed in as Ada").await;
        assert_eq!(self.deeds.count(), 1);
        self.browser.picture("kept-form").await;
        self.browser.press("button.go").await;
        self.browser.says("the deed is done").await;
        let bodies = self.deeds.bodies();
        assert_eq!(bodies.len(), 2);
        // As the browser itself had sent it.
        assert_eq!(bodies[0], bodies[1]);
        assert!(bodies[0].ends_with("&tag=a&tag=b&do=publish+%26+tell"), "{bodies:?}");

        self.browser.reload().await;
        self.browser.says("the deed is done").await;
        self.browser.back().await;
        self.browser.says("There is nothing left to send").await;
        self.browser.picture("kept-form-sent").await;
        self.browser.reload().await;
        self.browser.says("There is nothing left to send").await;
        self.browser.forward().await;
        self.browser.says("the deed is done").await;
        assert_eq!(self.deeds.count(), 2);
    }
}

on_both_frameworks! {
    async fn what_stands_behind_the_hash_survives_the_sign_in(framework) {
        let place = keeps_fragments(framework).await;
        let deep_link = format!("{PAGE}#top&x=1?/%C3%A4");
        place.open(&deep_link).await;
        place.browser.press(ADA).await;
        place.lands_on(&deep_link).await;
        place.browser.says("dashboard of ada at /dashboard/x with y=1&z=%25").await;
        assert_eq!(place.browser.policy_violations().await, Vec::<String>::new());
        // Nothing in the history sends anybody forth again who goes back.
        let history = place.browser.history().await;
        assert_eq!(history.iter().filter(|address| address.contains("/dashboard")).count(), 1, "{history:?}");
    }

    async fn without_scripts_the_sign_in_lands_on_the_page_itself(framework) {
        let browser = Chromium::without_scripts(Desktop).await;
        let place = Place::seen_with(browser, framework, RelyingPartyBuilder::keep_fragments).await;
        place.open(&format!("{PAGE}#top")).await;
        place.browser.press(ADA).await;
        place.lands_on(PAGE).await;
        place.browser.says("dashboard of ada at /dashboard/x with y=1&z=%25").await;
        assert_eq!(place.browser.policy_violations().await, Vec::<String>::new());
    }

    async fn two_tabs_land_each_at_its_own_place_of_one_page(framework) {
        let mut place = keeps_fragments(framework).await;
        let mut tabs = vec![(place.browser.tab(), format!("{PAGE}#first"))];
        tabs.push((place.browser.new_tab().await, format!("{PAGE}#second")));
        for (tab, deep_link) in &tabs {
            place.browser.switch_to(tab);
            place.open(deep_link).await;
            place.browser.says("Who would you like to be?").await;
        }
        for (tab, deep_link) in tabs {
            place.browser.switch_to(&tab);
            place.browser.press(ADA).await;
            place.lands_on(&deep_link).await;
        }
    }

    async fn a_form_that_was_sent_too_late_is_kept_and_sent_once_by_its_button(framework) {
        for viewport in [Phone, Desktop] {
            let place = keeps_forms(framework, Chromium::start(viewport).await).await;
            place.is_kept_and_sent_once(async || place.forgets_the_session().await).await;
        }
    }

    async fn without_scripts_a_form_of_a_session_that_was_ended_is_kept_and_sent_once_too(framework) {
        let place = keeps_forms(framework, Chromium::without_scripts(Desktop).await).await;
        place.open("/deed").await;
        place.browser.says("Scripts are off.").await;
        let ends = async || assert_eq!(place.auth.sessions().end_all_of(&subject(&place.auth, "ada")).await.unwrap(), 1);
        place.is_kept_and_sent_once(ends).await;
    }

    async fn csrf_by_a_kept_form_of_another_sites_page_is_offered_to_nobody(framework) {
        let place = keeps_forms(framework, Chromium::start(Desktop).await).await;
        for host in [SIBLING, STRANGER] {
            place.open("/private").await;
            place.forgets_the_session().await;
            place.at(host).await;
            place.submit().await;
            place.browser.press("a.go").await;
            // To the page with the form, as it is for everybody.
            let text = place.browser.says("Publish").await;
            assert!(!text.contains("kept"), "{host}: {text}");
            let cookies = place.browser.cookies().await;
            assert!(!cookies.iter().any(|cookie| cookie.name.contains("-form.")), "{host}: {cookies:?}");
            assert_eq!(place.deeds.count(), 0);
        }
    }
}
