//! Signing in again for more, and the pages that say that it was not enough.

use landfall::Declined;
use landfall_testkit::AuthLevel;
use landfall_tests::on_both_frameworks;
use landfall_tests::real::Viewport;

use crate::ADA;
use crate::place::Place;

const VIEWPORTS: [Viewport; 2] = [Viewport::Phone, Viewport::Desktop];
const FORM: &str = "/form?draft=7&x=%25&town=Z%C3%BCrich";

on_both_frameworks! {
    async fn a_second_factor_keeps_the_page_of_a_half_filled_form_as_destination(framework) {
        for viewport in VIEWPORTS {
            let place = Place::new(framework, viewport, |builder| builder).await;
            place.sign_in().await;
            place.open(FORM).await;
            place.browser.write("input", "half a sentence").await;
            place.browser.press("button").await;
            place.browser.says("A stronger or more recent sign-in is required").await;
            place.browser.picture("step-up-form").await;
            place.browser.press("a.go").await;
            place.browser.says("Second factor").await;
            place.browser.picture("provider-3-second-factor").await;
            place.browser.press("button[value=aal2]").await;
            place.lands_on(FORM).await;
            // And what it posts to is open now.
            place.browser.press("button").await;
            place.browser.says("more for ada with aal2").await;
        }
    }

    async fn a_second_factor_lands_on_the_page_that_asked_for_it(framework) {
        let place = Place::new(framework, Viewport::Phone, |builder| builder).await;
        place.sign_in().await;
        place.open("/more/level?draft=7&x=%25").await;
        place.browser.press("button[value=aal2]").await;
        place.lands_on("/more/level?draft=7&x=%25").await;
        place.browser.says("more for ada with aal2").await;
    }

    async fn a_second_factor_that_was_not_given_ends_on_a_page_that_offers_another_try(framework) {
        for viewport in VIEWPORTS {
            let place = Place::new(framework, viewport, |builder| builder).await;
            place.sign_in().await;
            place.open("/more/level?draft=7").await;
            place.browser.press("button[value=none]").await;
            place.browser.says("not recent or strong enough").await;
            place.browser.picture("step-up-not-delivered").await;
            place.browser.press("a.go").await;
            place.browser.press("button[value=aal2]").await;
            place.lands_on("/more/level?draft=7").await;
            place.browser.says("more for ada with aal2").await;
        }
    }

    async fn a_level_that_the_provider_does_not_have_ends_on_a_page_and_in_no_loop(framework) {
        let place = Place::new(framework, Viewport::Desktop, |builder| builder).await;
        place.provider.set_highest_level(AuthLevel::Aal1);
        place.sign_in().await;
        place.open("/more/level").await;
        place.browser.says("not recent or strong enough").await;
        place.open("/").await;
        place.browser.says("hello ada").await;
    }

    async fn a_role_that_is_missing_ends_on_a_page_that_lets_somebody_else_sign_in(framework) {
        for viewport in VIEWPORTS {
            let place = Place::new(framework, viewport, |builder| builder).await;
            place.sign_in().await;
            place.open("/more/admin").await;
            place.browser.says("not open to you").await;
            place.browser.picture("role-missing").await;
            place.browser.press("a.go").await;
            place.browser.says("Who would you like to be?").await;
        }
    }

    async fn a_scope_that_is_missing_is_asked_for_where_a_form_needs_it(framework) {
        for viewport in VIEWPORTS {
            let place = Place::new(framework, viewport, |builder| builder).await;
            place.sign_in().await;
            place.open(FORM).await;
            let post = "const form = document.forms[0]; form.action = '/more/files'; form.submit()";
            place.browser.run(post, &[]).await;
            place.browser.says("A further permission is required").await;
            place.browser.picture("scope-form").await;
        }
    }

    async fn somebody_the_application_turns_away_reads_why(framework) {
        for viewport in VIEWPORTS {
            let place = Place::new(framework, viewport, |builder| {
                builder.on_sign_in(|_| async { Err(Declined::because("Your account is closed. Call 555 0100 to have it opened again.")) })
            })
            .await;
            place.open("/dashboard?x=1").await;
            place.browser.press(ADA).await;
            place.browser.says("Your account is closed.").await;
            place.browser.picture("turned-away").await;
            place.browser.press("a.go").await;
            place.browser.says("Who would you like to be?").await;
        }
    }
}
