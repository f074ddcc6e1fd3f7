//! What an operator is told of a mistake, and how often: at the start where it can be seen there, and in the log.

use std::path::Path;
use std::sync::Arc;

use http::Request;
use landfall::{Clock, CookieKey, MemoryStore, RelyingPartyBuilder};
use landfall_sqlx::SqliteStore;
use landfall_testkit::{Endpoint, Fault, TestBed};
use landfall_tests::{BASE_URL, FlakyStore, Framework, SessionKind, World, everywhere, on_both_frameworks};

use crate::support::{error_log, listen_to_errors};

/// A world on loopback, whose cookies have names of their own. The log is everybody's: each test has a port.
async fn local(
    framework: Framework,
    port: u16,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> (World, String) {
    listen_to_errors();
    let base = format!("http://localhost:{}", port + u16::from(framework == Framework::Actix));
    let world = World::around(TestBed::new(&base).unwrap(), framework, SessionKind::Cookie, change).await;
    (world, base)
}

/// How many lines hold all of these.
fn logged(marks: &[&str]) -> usize {
    error_log().lines().filter(|line| marks.iter().all(|mark| line.contains(mark))).count()
}

async fn greeting(world: &World, base: &str) -> String {
    world.browser.open(base).await.unwrap().text()
}

/// An empty store that goes by this clock.
fn memory(clock: Arc<dyn Clock>) -> MemoryStore {
    MemoryStore::new().with_clock(clock)
}

const UNOPENED: &str = "a session cookie does not open";

on_both_frameworks! {
    async fn session_cookies_that_no_longer_open_are_told_once(framework) {
        let (mut world, base) = local(framework, 3300, |builder| builder).await;
        world.browser.open(&format!("{base}/dashboard")).await.unwrap();
        let cookies = world.browser.cookies_for(&base).unwrap();
        let session = cookies.iter().find(|cookie| cookie.name.contains("session")).unwrap();
        // What is no session of ours by its looks is nobody's affair.
        let garbage = Request::get(&base).header("cookie", format!("{}=garbage", session.name));
        world.browser.send(garbage.body(bytes::Bytes::new()).unwrap()).await.unwrap();
        let new = CookieKey::generate().unwrap();
        let both = [new.clone(), world.keys[0].clone()];
        world.switch_to(world.builder().cookie_keys(both)).await;
        let with_both = Request::get(&base).header("cookie", format!("{}={}", session.name, session.value));
        world.browser.send(with_both.body(bytes::Bytes::new()).unwrap()).await.unwrap();
        assert_eq!(logged(&[UNOPENED, base.as_str()]), 0, "the old key is there");
        world.switch_to(world.builder().cookie_keys([new])).await;
        for _ in 0..3 {
            let old = Request::get(&base).header("cookie", format!("{}={}", session.name, session.value));
            let answer = world.browser.send(old.body(bytes::Bytes::new()).unwrap()).await.unwrap();
            assert_eq!(answer.into_body(), "hello nobody");
        }
        assert_eq!(logged(&[UNOPENED, base.as_str()]), 1);
        assert_eq!(logged(&[UNOPENED, base.as_str(), "the old one behind the new one in `cookie_keys`"]), 1);
        assert!(!error_log().contains(&session.value), "the cookie itself is not shown");
    }

    async fn a_session_of_a_store_that_is_not_there_any_more_is_told_once(framework) {
        let (mut world, base) = local(framework, 3310, |builder| builder).await;
        world.switch_to(world.builder().store(memory(Arc::new(world.clock.clone())))).await;
        world.browser.open(&format!("{base}/dashboard")).await.unwrap();
        world.switch_to(world.builder()).await;
        for _ in 0..2 {
            assert_eq!(greeting(&world, &base).await, "hello nobody");
        }
        assert_eq!(logged(&[UNOPENED, base.as_str(), "name it again as `store`"]), 1);
    }

    async fn a_store_that_cannot_be_opened_is_told_at_the_first_sign_in_with_path_and_reason(framework) {
        listen_to_errors();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gone/sessions.db");
        let given = file.clone();
        let world = World::with(framework, SessionKind::Cookie, |builder| {
            builder.store(SqliteStore::open(given).migrating())
        })
        .await;
        let page = world.open("/dashboard").await;
        assert_eq!(page.status, 503, "{}", page.text());
        assert!(!page.text().contains("gone"), "a visitor learns nothing of it");
        assert!(logged(&["store_unavailable", &file.display().to_string(), "its folder"]) > 0, "{}", error_log());
    }
}

everywhere! {
    async fn a_claim_that_is_missing_is_named_with_the_way_to_have_it(world) {
        listen_to_errors();
        world.provider.inject(Fault::id_token_claim("planted", "PLANTED-IN-A-CLAIM"));
        let page = world.open("/department").await;
        assert_eq!(page.status, 500);
        assert!(!page.text().contains("department"), "{}", page.text());
        let way = if world.kind.has_store() { "the provider did not send it" } else { "`keep_claims` names: add" };
        assert!(logged(&["misconfigured", "Employee", "department", "is missing", way]) > 0, "{}", error_log());
        assert!(!error_log().contains("PLANTED-IN-A-CLAIM"));
    }
}

/// What `connect` says where it fails.
async fn refused(builder: RelyingPartyBuilder) -> String {
    builder.connect().await.expect_err("it does not start").to_string()
}

fn sqlite(file: &Path) -> SqliteStore {
    SqliteStore::open(file).migrating()
}

#[tokio::test]
async fn connect_tries_the_store_and_leaves_nothing_behind() {
    let bed = TestBed::new(BASE_URL).unwrap();
    let memory = memory(bed.clock());
    bed.relying_party().store(memory.clone()).connect().await.unwrap();
    assert!(memory.is_empty());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.db");
    let store = sqlite(&file).with_clock(bed.clock());
    bed.relying_party().store(store).connect().await.unwrap();
    bed.relying_party().connect().await.unwrap();
}

#[tokio::test]
async fn connect_names_what_a_store_lacks_and_what_to_do() {
    let bed = TestBed::new(BASE_URL).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone/sessions.db");
    let said = refused(bed.relying_party().store(sqlite(&gone))).await;
    assert!(said.contains(&gone.display().to_string()) && said.contains("is not there; make it"), "{said}");
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "no database, but long enough to be taken for one, if nobody looked").unwrap();
    let said = refused(bed.relying_party().store(sqlite(&text))).await;
    assert!(said.contains(&text.display().to_string()) && said.contains("is no SQLite database"), "{said}");
    let unmigrated = SqliteStore::open(folder.path().join("sessions.db"));
    let said = refused(bed.relying_party().store(unmigrated)).await;
    assert!(said.contains("call `migrate` on the store once"), "{said}");
    let flaky = FlakyStore::new(memory(bed.clock()));
    flaky.set_down(true);
    let said = refused(bed.relying_party().store(flaky)).await;
    assert!(said.contains("store_unavailable") && said.contains("`store` has to be there"), "{said}");
}

#[tokio::test]
async fn connect_names_what_is_wrong_with_the_issuer_and_what_to_write() {
    let bed = TestBed::new(BASE_URL).unwrap();
    for (issuer, hint) in [
        ("https://op.example/", "they differ in the slash at the end: write `issuer` as the provider does"),
        ("http://op.example", "set its public URL"),
    ] {
        bed.provider.inject(Fault::json(Endpoint::Discovery, move |document| {
            document.insert("issuer".to_owned(), issuer.into());
        }));
        let said = refused(bed.relying_party()).await;
        assert!(said.contains(issuer) && said.contains(hint), "{said}");
    }
}
