//! What pages of other sites, and of a sibling host, can do with the session of somebody who visits them.

use landfall::{RelyingPartyBuilder, danger};
use landfall_tests::on_both_frameworks;
use landfall_tests::real::{Chromium, Viewport::Desktop};

use crate::neighbourhood::{Neighbourhood, SIBLING, STRANGER};

const FETCH: &str = "fetch(app + '/deed', { method: 'POST', credentials: 'include' })
    .then(answer => done(answer.status), () => done('unreadable'));";
const BLIND_FETCH: &str = "fetch(app + '/deed', { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({ amount: 1000 }) })
    .then(answer => done(answer.type), () => done('unreadable'));";
const SOCKET: &str = "const socket = new WebSocket(app.replace('https:', 'wss:') + '/socket');
    socket.onopen = () => done('open'); socket.onerror = () => done('refused');";

on_both_frameworks! {
    async fn pages_of_the_application_itself_may_post_and_open_sockets(framework) {
        let place = Neighbourhood::new(framework, Chromium::start(Desktop).await, |builder| builder).await;
        assert_eq!(place.script(FETCH).await, 200);
        assert_eq!(place.deeds.count(), 1);
        assert_eq!(place.script(SOCKET).await, "open");
        assert_eq!(place.deeds.count(), 2);
        place.submit().await;
        place.browser.says("the deed is done").await;
        assert_eq!(place.deeds.count(), 3);
    }

    async fn a_sibling_hosts_page_brings_the_cookie_along_and_is_refused(framework) {
        let place = Neighbourhood::new(framework, Chromium::start(Desktop).await, |builder| builder).await;
        place.at(SIBLING).await;
        assert_eq!(place.script(FETCH).await, "unreadable");
        assert_eq!(place.script(BLIND_FETCH).await, "opaque");
        assert_eq!(place.script(SOCKET).await, "refused");
        place.submit().await;
        // Not the page for somebody without a session: the cookie was there.
        place.browser.says("This request came from another site and was refused.").await;
        assert_eq!(place.deeds.count(), 0);
        place.open("/private").await;
        place.browser.says("private to ada").await;
    }

    async fn where_the_session_is_strict_a_link_of_a_strangers_lands_signed_in_and_its_scripts_have_no_session(framework) {
        let strict = |builder: RelyingPartyBuilder| builder.same_site_strict();
        // It has signed in, so the way back from the provider is there.
        let place = Neighbourhood::new(framework, Chromium::start(Desktop).await, strict).await;
        let cookies = place.browser.cookies().await;
        let session = cookies.iter().find(|cookie| cookie.name.contains("landfall-session")).unwrap();
        assert_eq!(session.same_site.as_deref(), Some("Strict"));
        place.at(STRANGER).await;
        assert_eq!(place.script(FETCH).await, "unreadable");
        assert_eq!(place.script(SOCKET).await, "refused");
        let link = "location.href = arguments[0] + '/private?by=link#part';";
        place.browser.run(link, &[serde_json::json!(place.app)]).await;
        place.browser.says("private to ada").await;
        assert!(place.browser.url().await.as_str().starts_with(&format!("{}/private?by=link", place.app)));
        assert_eq!(place.deeds.count(), 0);
    }

    async fn a_strangers_page_has_no_session_to_act_on(framework) {
        let place = Neighbourhood::new(framework, Chromium::start(Desktop).await, |builder| builder).await;
        place.at(STRANGER).await;
        assert_eq!(place.script(FETCH).await, "unreadable");
        assert_eq!(place.script(BLIND_FETCH).await, "opaque");
        assert_eq!(place.script(SOCKET).await, "refused");
        place.submit().await;
        place.browser.says("ign in").await;
        assert_eq!(place.deeds.count(), 0);
        place.open("/private").await;
        place.browser.says("private to ada").await;
    }

    async fn what_danger_lifts_a_sibling_hosts_page_can_do(framework) {
        // That the others fail is the check's doing, and nobody else's.
        let lift = |builder| danger::allow_cross_site(danger::allow_cross_site(builder, "/deed"), "/socket");
        let place = Neighbourhood::new(framework, Chromium::start(Desktop).await, lift).await;
        place.at(SIBLING).await;
        assert_eq!(place.script(BLIND_FETCH).await, "opaque");
        assert_eq!(place.script(SOCKET).await, "open");
        place.submit().await;
        place.browser.says("the deed is done").await;
        assert_eq!(place.deeds.count(), 3);
    }
}
