//! Session ids that nobody was given: a stranger who makes them up must not make the store work.

use std::time::Duration;

use http::Method;
use landfall::{CookieKey, Identity, RelyingParty};
use landfall_tests::{BASE_URL, Framework, SessionKind, World, wherever_stored};

use crate::support::{Answer, Ask, SESSION, ask, cookie_value, sign_in};

/// An application in which Ada is signed in, and her session's id.
async fn with_ada(framework: Framework, kind: SessionKind) -> (World, String) {
    let world = World::new(framework, kind).await;
    sign_in(&world.browser).await;
    let id = cookie_value(&world.browser, SESSION).unwrap();
    (world, id)
}

/// Asks for this page with these session cookies and no other.
async fn with_ids(world: &World, path: &str, ids: &[&str]) -> Answer {
    let cookies: Vec<_> = ids.iter().map(|id| format!("{SESSION}={id}")).collect();
    ask(&world.other_browser(), Ask::get(path).cookie(cookies.join("; "))).await
}

/// The id of a session that this application begins for Ada.
async fn id_of(auth: &RelyingParty) -> String {
    let line = auth.sessions().create(Identity::new(auth.issuer(), "ada")).await.unwrap();
    line.split_once('=').unwrap().1.split(';').next().unwrap().to_owned()
}

/// With another letter of the alphabet in this place.
fn changed(id: &str, at: usize) -> String {
    let mut bytes = id.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

wherever_stored! {
    async fn a_made_up_session_id_costs_no_call_of_the_store(framework, kind) {
        let (world, genuine) = with_ada(framework, kind).await;
        let swapped = format!("{}{}", &genuine[32..], &genuine[..32]);
        let old_form = &genuine[..43];
        let made_up = ["A".repeat(64), "z_-9".repeat(16), changed(&genuine, 0), changed(&genuine, 63), swapped];
        let made_up: Vec<&str> = made_up.iter().map(String::as_str).chain([old_form]).collect();
        let calls = world.engine.calls();
        for path in ["/", "/dashboard/x", "/auth/session", "/auth/callback?code=c&state=s", "/nowhere"] {
            for id in &made_up {
                let answer = with_ids(&world, path, &[id]).await;
                // Not "ada" alone: a reference is of random letters.
                let says = ["hello ada", "of ada", "\"ada\""].into_iter().find(|ada| answer.body.contains(ada));
                assert_eq!(says, None, "{path} with {id}: {}", answer.body);
            }
            // As many as are looked at, and more.
            with_ids(&world, path, &made_up).await;
        }
        let post = Ask::new(Method::POST, "/auth/logout").cookie(format!("{SESSION}={}", made_up[0]));
        ask(&world.other_browser(), post.header("origin", BASE_URL)).await;
        assert_eq!(world.engine.calls(), calls);
        // What is genuine is asked for, once it is not near any more.
        world.wait(Duration::from_secs(60));
        assert_eq!(with_ids(&world, "/", &[made_up[0], &genuine]).await.body, "hello ada");
        assert_eq!(world.engine.calls(), calls + 1);
    }

    async fn a_session_id_with_any_letter_changed_is_nobodys_and_is_not_asked_for(framework, kind) {
        let (world, genuine) = with_ada(framework, kind).await;
        assert_eq!(genuine.len(), 64);
        let calls = world.engine.calls();
        for at in 0..genuine.len() {
            let answer = with_ids(&world, "/", &[&changed(&genuine, at)]).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "hello nobody"), "letter {at}");
        }
        assert_eq!(world.engine.calls(), calls);
        assert_eq!(with_ids(&world, "/", &[&genuine]).await.body, "hello ada");
    }

    async fn a_session_id_of_another_application_is_nobodys_and_is_not_asked_for(framework, kind) {
        let (world, _) = with_ada(framework, kind).await;
        let other_keys = world.builder().cookie_keys([CookieKey::generate().unwrap()]).build().unwrap();
        let other_name = world.builder().application_name("another").build().unwrap();
        let other_client = world.builder().client("another", "secret").build().unwrap();
        for other in [other_keys, other_name, other_client] {
            let theirs = id_of(&other).await;
            let calls = world.engine.calls();
            assert_eq!(with_ids(&world, "/", &[&theirs]).await.body, "hello nobody");
            assert_eq!(world.engine.calls(), calls);
        }
        let ours = id_of(&world.auth).await;
        assert_eq!(with_ids(&world, "/", &[&ours]).await.body, "hello ada");
    }

    async fn a_session_id_under_an_old_key_of_the_ring_is_somebodys(framework, kind) {
        let (mut world, genuine) = with_ada(framework, kind).await;
        let (new, newest) = (CookieKey::generate().unwrap(), CookieKey::generate().unwrap());
        world.switch_to(world.builder().cookie_keys([newest.clone(), new.clone(), world.keys[0].clone()])).await;
        assert_eq!(with_ids(&world, "/", &[&genuine]).await.body, "hello ada");
        world.switch_to(world.builder().cookie_keys([newest, new])).await;
        let calls = world.engine.calls();
        assert_eq!(with_ids(&world, "/", &[&genuine]).await.body, "hello nobody");
        assert_eq!(world.engine.calls(), calls);
    }
}
