//! Frames on the sign-out page.

use super::*;

const FRONT: &str = "https://app.example/auth/frontchannel-logout?tenant=a";

async fn signed_out(world: &World) -> (String, crate::Page) {
    let (_, tokens) = world.redeem(&world.code().await).await;
    let sid = world.provider.sessions()[0].sid.clone();
    let hint = tokens["id_token"].as_str().unwrap();
    let back = "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=x%22%3E";
    let out = format!("https://op.example/oauth2/logout?id_token_hint={hint}&{back}");
    (sid, world.browser.open_without_following(&out).await.unwrap())
}

#[tokio::test]
async fn the_page_frames_every_client_with_iss_and_sid_and_goes_on_without_a_script() {
    let world = world();
    world.provider.change_client("rp", |client| client.frontchannel_logout_uri(FRONT));
    let (sid, page) = signed_out(&world).await;
    assert_eq!(page.status, 200);
    let frames = page.frames();
    assert_eq!(frames.len(), 1, "{}", page.text());
    let iss = "https%3A%2F%2Fop.example";
    assert_eq!(frames[0].as_str(), format!("{FRONT}&iss={iss}&sid={sid}"));
    assert_eq!(page.refresh().unwrap().as_str(), "https://app.example/bye?state=x%22%3E");
    assert!(page.text().contains("Continue</a>"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-src https://app.example") && !policy.contains("script-src"), "{policy}");

    let app = App::answering(&[]);
    world.browser.route("https://app.example", app.target()).unwrap();
    world.browser.set_cookie("https://app.example/", "lax=1; Secure; SameSite=Lax").unwrap();
    world.browser.set_cookie("https://app.example/", "none=1; Secure; SameSite=None").unwrap();
    assert_eq!(world.browser.open_frames(&page).await.unwrap()[0].status, 200);
    let seen = app.seen();
    let text = |name: &str| seen[0].headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(text("sec-fetch-dest").as_deref(), Some("iframe"));
    assert_eq!(text("sec-fetch-site").as_deref(), Some("cross-site"));
    assert_eq!(text("cookie").as_deref(), Some("none=1"));
    assert_eq!(text("origin"), None);
}

#[tokio::test]
async fn without_a_client_to_frame_the_browser_is_redirected() {
    let world = world();
    let (_, page) = signed_out(&world).await;
    assert_eq!(page.location().unwrap().as_str(), "https://app.example/bye?state=x%22%3E");
    assert!(page.frames().is_empty() && page.refresh().is_none());
}
