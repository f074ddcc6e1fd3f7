//! HTTP/2, where cookies come in several headers (RFC 9113 §8.2.3).

use bytes::Bytes;
use http::Request;
use landfall_testkit::Target;
use landfall_tests::{BASE_URL, everywhere};

use crate::support::{at, session_header};

everywhere! {
    async fn a_sign_in_over_http2_with_a_cookie_a_header_lands(world) {
        world.browser.route(BASE_URL, Target::Http2(world.address)).unwrap();
        for n in 0..3 {
            world.browser.set_cookie(BASE_URL, &format!("app-{n}=x; Path=/")).unwrap();
        }
        // Two pending logins, so that the callback has to find the right one among many headers.
        world.open_once("/dashboard/other").await;
        let callback = world.callback_for("/dashboard/x?y=1").await;
        let page = world.browser.open(&callback).await.unwrap();
        assert!(page.hops[0].request_headers.get_all("cookie").iter().count() >= 5);
        assert_eq!(page.text(), "dashboard of ada at /dashboard/x with y=1");
    }

    async fn the_session_is_found_in_whichever_cookie_header_it_stands(world) {
        world.open("/dashboard").await;
        let session = session_header(&world);
        let targets = [Target::Http1(world.address), Target::Http2(world.address)];
        for target in targets {
            world.browser.route(BASE_URL, target).unwrap();
            for cookies in [
                vec![session.as_str()],
                vec!["a=1", &session, "b=2"],
                vec!["a=1; b=2", "c=3", &session],
                vec!["", ";;;", "=", "noequals", &session],
            ] {
                let mut request = Request::get(at("/"));
                for cookie in &cookies {
                    request = request.header("cookie", *cookie);
                }
                let response = world.browser.send(request.body(Bytes::new()).unwrap()).await.unwrap();
                assert_eq!(response.body(), "hello ada", "{cookies:?}");
            }
        }
    }
}
