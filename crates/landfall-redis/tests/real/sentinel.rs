//! Whom Sentinels may name: over TLS a primary that TLS can be spoken with, without it one on this machine.

use std::sync::Arc;

use landfall::store::{Change, SessionStore, StoreOpener as _};
use landfall::{CookieKey, RelyingParty, danger};
use landfall_redis::opener;
use landfall_redis::redis::cmd;
use landfall_testkit::VirtualClock;

use crate::kit::{Told, key, record};
use crate::server::Server;
use crate::tls::{Authority, refusal};

fn open(address: &str, clock: &VirtualClock) -> Arc<dyn SessionStore> {
    opener().open(address, Arc::new(clock.clone())).unwrap()
}

/// The address of a Sentinel over TLS, and an authority to believe.
fn secure(port: u16, authority: &Authority) -> String {
    format!("rediss+sentinel://:secret@localhost:{port}/main?ca_file={}", authority.file().display())
}

#[tokio::test]
async fn sentinels_over_tls_and_the_primary_that_they_name_are_believed_by_their_authority_and_no_other() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (primary, port) = ours.server("127.0.0.1", |_| {}).await;
    primary.ask::<()>(cmd("CONFIG").arg("SET").arg("requirepass").arg("secret").clone()).await;
    let (_sentinel, sentinel) = ours.sentinel(port, Some(&ours)).await;
    let clock = VirtualClock::default();
    let store = open(&secure(sentinel, &ours), &clock);
    let told = Told::watch(&*store);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    assert!(store.load(key(1)).await.unwrap().is_some());
    assert!(store.remove(key(1)).await.unwrap());
    told.hears(Change::Record(key(1))).await;

    for address in [secure(sentinel, &other), format!("rediss+sentinel://:secret@localhost:{sentinel}/main")]
    {
        let error = refusal(&address).await;
        assert!(error.contains("UnknownIssuer") && error.contains("ca_file"), "{error}");
    }
    // A Sentinel to believe names one that is not.
    let (_theirs, port) = other.server("127.0.0.1", |_| {}).await;
    let (_sentinel, sentinel) = ours.sentinel(port, Some(&other)).await;
    let error = refusal(&secure(sentinel, &ours)).await;
    assert!(error.contains("UnknownIssuer") && error.contains("ca_file"), "{error}");
}

#[tokio::test]
async fn a_primary_without_tls_that_sentinels_over_tls_name_is_told_nothing() {
    let ours = Authority::new();
    let primary = Server::start(&[]).await;
    let (_sentinel, sentinel) = ours.sentinel(primary.port(), None).await;
    let error = refusal(&secure(sentinel, &ours)).await;
    // It waits for the end of a line, in what is none.
    assert!(error.contains("the Redis behind Sentinel"), "{error}");
    let asked: String = primary.ask(cmd("INFO").arg("commandstats").clone()).await;
    assert!(asked.contains("cmdstat_info") && !asked.contains("cmdstat_role"), "{asked}");
    assert!(!asked.contains("cmdstat_auth") && !asked.contains("cmdstat_hello"), "{asked}");
}

#[tokio::test]
async fn sentinels_on_this_machine_without_tls_may_name_none_beyond_it_unless_danger_allows_it() {
    // Nobody has this address (RFC 5737), and the Sentinel notices.
    let settings = "sentinel monitor main 192.0.2.1 6379 1\nsentinel down-after-milliseconds main 1\n";
    let sentinel = Server::start_sentinel(settings).await;
    let store =
        open(&format!("redis+sentinel://127.0.0.1:{}/main", sentinel.port()), &VirtualClock::default());
    let error = store.load(key(1)).await.unwrap_err().to_string();
    assert!(error.contains("192.0.2.1:6379") && error.contains("danger::allow_plain_store"), "{error}");

    let builder = RelyingParty::builder("https://op.example").client("app", "secret");
    let builder = builder.cookie_keys([CookieKey::generate().unwrap()]).base_url("https://app.example.com");
    let _auth = danger::allow_plain_store(builder.store(Arc::clone(&store))).build().unwrap();
    let error = store.load(key(1)).await.unwrap_err().to_string();
    assert!(!error.contains("192.0.2.1") && !error.contains("danger"), "{error}");
}
