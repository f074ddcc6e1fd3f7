//! The page where sessions and accounts are ended by hand.

use super::*;

const DESK: &str = "https://op.example/";

#[tokio::test]
async fn the_desk_does_by_hand_what_an_administrator_does() {
    let world = world_with(|builder| builder.auto_sign_in("ada").webhook("https://app.example/hook", "shh"));
    let app = App::answering(&[]);
    world.provider.route("https://app.example", app.target()).unwrap();
    let empty = world.browser.open(DESK).await.unwrap();
    assert!(empty.text().contains("Nobody is signed in.") && empty.text().contains("Nothing has been sent."));
    world.code().await;
    let sid = world.provider.sessions()[0].sid.clone();
    let desk = world.browser.open(DESK).await.unwrap();
    assert!(desk.text().contains(&sid) && desk.text().contains("at rp"));
    let desk = world.browser.submit(&desk, "End this session", &[]).await.unwrap();
    assert!(desk.text().contains("Nobody is signed in."), "{}", desk.text());
    assert!(desk.text().contains("user.signed_out") && desk.text().contains("answered 200"));
    let desk = world.browser.submit(&desk, "Disable", &[]).await.unwrap();
    assert_eq!(get(&world.authorize(&[]).await, "error").as_deref(), Some("access_denied"));
    let desk = world.browser.submit(&desk, "Enable", &[]).await.unwrap();
    world.code().await;
    let desk = world.browser.submit(&desk, "Sign out everywhere", &[]).await.unwrap();
    assert!(world.provider.sessions().is_empty());
    let desk = world.browser.submit(&desk, "Delete", &[]).await.unwrap();
    assert!(!desk.text().contains("Ada Lovelace"));
    assert_eq!(app.seen().len(), 4);
}

#[tokio::test]
async fn another_sites_form_decides_nothing_at_the_desk() {
    let world = world();
    world.code().await;
    for desk in ["", "guessed"] {
        let fields = [("desk", desk), ("action", "delete"), ("of", "ada")];
        let page = world.browser.post_form(DESK, &fields, "https://evil.example").await.unwrap();
        assert_eq!(page.status, 400);
    }
    assert_eq!(world.provider.sessions().len(), 1);
}
