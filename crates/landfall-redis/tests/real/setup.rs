//! Servers as they are run: behind TLS, with users, with another protocol.

use std::fs;
use std::sync::Arc;

use landfall::store::{Change, SessionStore as _, StoreOpener as _};
use landfall_redis::redis::{Client, TlsCertificates, cmd};
use landfall_redis::{RedisStore, opener};
use landfall_testkit::VirtualClock;
use tempfile::TempDir;

use crate::kit::{Told, key, record};
use crate::server::{Server, free_port, shared};

async fn works(store: RedisStore, clock: &VirtualClock) {
    let store = store.with_clock(Arc::new(clock.clone()));
    let told = Told::watch(&store);
    store.create(key(1), record(clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    assert!(store.load(key(1)).await.unwrap().is_some());
    assert_eq!(store.list_by_subject(record(clock, 1).subject, 9).await.unwrap().len(), 1);
    assert!(store.remove(key(1)).await.unwrap());
    told.hears(Change::Record(key(1))).await;
}

#[tokio::test]
async fn over_tls_and_never_with_a_certificate_of_an_unknown_issuer() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = TempDir::new().unwrap();
    let [certificate, key_file] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key_file, made.signing_key.serialize_pem()).unwrap();
    let port = free_port().to_string();
    let (cert, private) = (certificate.to_str().unwrap(), key_file.to_str().unwrap());
    let arguments = ["--tls-port", &port, "--tls-cert-file", cert, "--tls-key-file", private];
    let _server = Server::start(&[&arguments[..], &["--tls-auth-clients", "no"]].concat()).await;
    let address = format!("rediss://localhost:{port}/");
    let clock = VirtualClock::default();

    let by_address = opener().open(&address, Arc::new(clock.clone())).unwrap();
    let error = by_address.load(key(1)).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");

    let root_cert = Some(made.cert.pem().into_bytes());
    let client = Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert }).unwrap();
    works(RedisStore::new(client), &clock).await;
}

#[tokio::test]
async fn as_a_user_with_no_more_rights_than_the_readme_names() {
    let server = Server::start(&[]).await;
    let rights = "~{landfall}* &{landfall}c +@read +@write +@scripting +@pubsub +@connection";
    assert!(include_str!("../../README.md").contains(rights));
    let mut user = cmd("ACL");
    user.arg("SETUSER").arg("app").arg("on").arg(">secret").arg("resetchannels").arg("-@all");
    server.ask::<()>(user.arg(rights.split(' ').collect::<Vec<_>>()).clone()).await;
    let address = server.address().replace("127", "app:secret@127");
    works(RedisStore::new(Client::open(address).unwrap()), &VirtualClock::default()).await;
}

#[tokio::test]
async fn with_a_client_that_speaks_resp3() {
    let address = format!("{}?protocol=resp3", shared().await.address());
    let store = RedisStore::new(Client::open(address).unwrap()).key_prefix("resp3").unwrap();
    works(store, &VirtualClock::default()).await;
}

#[tokio::test]
async fn by_address() {
    let server = shared().await;
    let clock = VirtualClock::default();
    let store = opener().open(&format!("{}1", server.address()), Arc::new(clock.clone())).unwrap();
    store.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(store.load(key(1)).await.unwrap().is_some());
    store.remove(key(1)).await.unwrap();
}

#[tokio::test]
async fn without_a_clock_of_its_own_by_the_one_it_is_handed_and_its_clones_too() {
    let clock = VirtualClock::default();
    let store = RedisStore::new(shared().await.client()).key_prefix("handed-over").unwrap();
    let clone = store.clone();
    store.use_clock(Arc::new(clock.clone()));
    clone.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(clone.load(key(1)).await.unwrap().is_some());
    clock.advance(crate::kit::HOUR * 24 * 365);
    assert_eq!(clone.load(key(1)).await.unwrap(), None);
}
