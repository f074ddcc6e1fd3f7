//! Redis goes away, comes back, forgets, refuses and stalls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use landfall::store::{Change, Selection, SessionStore as _, Updated};
use landfall_redis::RedisStore;
use landfall_redis::redis::{Client, cmd};
use landfall_testkit::VirtualClock;
use tokio::time::timeout;

use crate::kit::{
    HOUR, Told, channel, cluster_client, cluster_store, key, prefix, record, rules_of_clusters, store, user,
    version,
};
use crate::proxy::Proxy;
use crate::server::{Server, until};

#[tokio::test]
async fn a_killed_server_is_an_error_at_once_and_works_again_with_the_first_request_after_it_is_back() {
    let clock = VirtualClock::default();
    let mut server = Server::start(&[]).await;
    let store = store(&server, &clock);
    let told = Told::watch(&store);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    told.take();
    server.kill();
    told.hears(Change::Everything).await;
    told.take();
    let began = Instant::now();
    for _ in 0..50 {
        assert!(store.load(key(1)).await.is_err(), "never: there is no such session");
        assert!(store.update(key(1), 1, version(record(&clock, 1), 2)).await.is_err());
        assert!(store.remove(key(1)).await.is_err());
    }
    assert!(began.elapsed() < Duration::from_secs(2), "nothing waits for a server that is not there");
    server.restart().await;
    assert_eq!(store.load(key(1)).await.unwrap(), None);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
}

#[tokio::test]
async fn a_restart_between_two_requests_costs_neither() {
    let clock = VirtualClock::default();
    let mut server = Server::start(&[]).await;
    let store = store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    server.restart().await;
    store.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(store.load(key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_cluster_that_was_away_works_again() {
    let clock = VirtualClock::default();
    let mut server = Server::start_cluster().await;
    let store = cluster_store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    server.kill();
    assert!(store.load(key(1)).await.is_err());
    let began = Instant::now();
    assert!(store.load(key(1)).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(6));
    server.restart_cluster().await;
    until("the store works", async || store.load(key(1)).await.ok()).await;
    store.create(key(1), record(&clock, 1)).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_down_is_an_error_and_not_a_missing_session() {
    let clock = VirtualClock::default();
    let server = Server::start_cluster().await;
    let store = cluster_store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    server.ask::<()>(cmd("CLUSTER").arg("DELSLOTSRANGE").arg(0).arg(16383).clone()).await;
    assert!(store.load(key(1)).await.is_err());
    server.ask::<()>(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16383).clone()).await;
    until("the store works", async || store.load(key(1)).await.ok().flatten()).await;
}

#[tokio::test]
async fn a_slot_that_moves_to_another_node_is_followed() {
    let clock = VirtualClock::default();
    let nodes = Server::start_pair().await;
    let store = cluster_store(&nodes[0], &clock);
    let told = Told::watch(&store);
    assert_eq!(store.load(key(1)).await.unwrap(), None);
    told.hears(Change::Everything).await;

    let slot: u16 = nodes[0].ask(cmd("CLUSTER").arg("KEYSLOT").arg(channel(&store)).clone()).await;
    let [old, new] = if slot < 8_192 { [&nodes[0], &nodes[1]] } else { [&nodes[1], &nodes[0]] };
    let name: String = new.ask(cmd("CLUSTER").arg("MYID").clone()).await;
    let moved = cmd("CLUSTER").arg("SETSLOT").arg(slot).arg("NODE").arg(name).clone();
    new.ask::<()>(moved.clone()).await;
    new.ask::<()>(cmd("CLUSTER").arg("BUMPEPOCH").clone()).await;
    old.ask::<()>(moved).await;

    store.create(key(1), record(&clock, 1)).await.unwrap();
    assert!(store.load(key(1)).await.unwrap().is_some());
    let keys: u32 = new.ask(cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(slot).clone()).await;
    assert_eq!(keys, 3, "the record and both indexes");
    until("a change is told", async || {
        store.create(key(2), record(&clock, 1)).await.unwrap();
        store.remove(key(2)).await.unwrap();
        told.has(Change::Record(key(2))).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_slot_of_which_half_is_on_its_way_is_waited_for_and_no_session_is_taken_for_gone() {
    let clock = VirtualClock::default();
    let nodes = Server::start_pair().await;
    // With the rights that the README names: a client follows a slot by commands of its own.
    let prefix = prefix();
    for node in &nodes {
        user(node, &prefix, &rules_of_clusters(&prefix)).await;
    }
    let client = cluster_client(&nodes[0].address().replace("127", &format!("{prefix}:secret@127")));
    let store = RedisStore::cluster(client).with_clock(Arc::new(clock.clone())).key_prefix(&prefix).unwrap();
    store.check().await.unwrap();
    store.create(key(1), record(&clock, 1)).await.unwrap();
    let slot: u16 = nodes[0].ask(cmd("CLUSTER").arg("KEYSLOT").arg(channel(&store)).clone()).await;
    let [old, new] = if slot < 8_192 { [&nodes[0], &nodes[1]] } else { [&nodes[1], &nodes[0]] };
    let [old_name, new_name]: [String; 2] = [
        old.ask(cmd("CLUSTER").arg("MYID").clone()).await,
        new.ask(cmd("CLUSTER").arg("MYID").clone()).await,
    ];
    let set = |how: &str, name: &str| cmd("CLUSTER").arg("SETSLOT").arg(slot).arg(how).arg(name).clone();
    new.ask::<()>(set("IMPORTING", &old_name)).await;
    old.ask::<()>(set("MIGRATING", &new_name)).await;
    let migrate = async |kind: &[u8], name: [u8; 32]| {
        let name = [crate::kit::tag(&store).as_bytes(), kind, &name].concat();
        let mut migrate = cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(new.port()).arg("").arg(0).arg(5_000).arg("KEYS").arg(name);
        old.ask::<()>(migrate).await;
    };

    // The index is there already, the record is not.
    let first = record(&clock, 1);
    migrate(b"u", first.subject.0).await;
    let ending = store.clone();
    let mut ending =
        tokio::spawn(async move { ending.remove_by_subject(first.subject, Selection::all()).await });
    // Longer than an answer of one server may take: this client, set up by nobody, asks again each 1.28 seconds.
    assert!(timeout(Duration::from_millis(2_200), &mut ending).await.is_err(), "it waits for the rest");
    assert!(store.load(key(1)).await.unwrap().is_some(), "and sessions are read as ever");
    migrate(b"s", [1; 32]).await;
    assert!(store.load(key(1)).await.unwrap().is_some(), "also where they have arrived");
    migrate(b"i", record(&clock, 1).sid.unwrap().0).await;
    new.ask::<()>(set("NODE", &new_name)).await;
    old.ask::<()>(set("NODE", &new_name)).await;
    assert_eq!(ending.await.unwrap().unwrap(), [key(1)]);
    assert_eq!(store.load(key(1)).await.unwrap(), None);
}

#[tokio::test]
async fn a_first_connection_that_failed_is_tried_again() {
    let clock = VirtualClock::default();
    let mut server = Server::start(&[]).await;
    server.kill();
    let store = store(&server, &clock);
    assert!(store.load(key(1)).await.is_err());
    server.restart().await;
    assert_eq!(store.load(key(1)).await.unwrap(), None);
}

#[tokio::test]
async fn scripts_that_redis_forgot_are_sent_again() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let store = store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    server.ask::<()>(cmd("SCRIPT").arg("FLUSH").clone()).await;
    assert_eq!(store.update(key(1), 1, version(record(&clock, 1), 2)).await.unwrap(), Updated::Done);
    server.ask::<()>(cmd("SCRIPT").arg("FLUSH").clone()).await;
    assert!(store.remove(key(1)).await.unwrap());
}

#[tokio::test]
async fn a_wrong_password_is_an_error_that_does_not_repeat_it() {
    let server = Server::start(&["--requirepass", "right-password"]).await;
    let right = server.address().replace("127", ":right-password@127");
    RedisStore::new(Client::open(right).unwrap()).load(key(1)).await.unwrap();
    let wrong = server.address().replace("127", ":wrong-password@127");
    let store = RedisStore::new(Client::open(wrong).unwrap());
    let error = store.load(key(1)).await.unwrap_err();
    let place = format!("Redis at 127.0.0.1:{}", server.port());
    assert_eq!(error.to_string(), format!("load: {place} refused the user name or the password"));
    assert!(!format!("{error:?} {store:?}").contains("wrong-password"));
    let none = RedisStore::new(server.client()).load(key(1)).await.unwrap_err();
    let wants =
        format!("load: {place} wants a password: put it into the address, redis://user:password@host");
    assert_eq!(none.to_string(), wants);
}

#[tokio::test]
async fn a_right_that_the_user_lacks_is_named_also_where_a_script_needs_it() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let address = server.address().replace("127", "app:secret@127");
    let rights =
        ["~{landfall}*", "&{landfall}c", "+@read", "+@write", "+@scripting", "+@pubsub", "+@connection"];
    for (name, without, told) in [
        (1, "-get", "its ACL lacks +get"),
        (2, "-evalsha", "its ACL lacks +evalsha"),
        // Redis 7.0 does not say which one.
        (3, "-zadd", "its ACL lacks +zadd|its ACL lacks a part of resetkeys"),
        (4, "resetkeys", "its ACL lacks those of the key prefix"),
    ] {
        let mut user = cmd("ACL");
        user.arg("SETUSER")
            .arg("app")
            .arg("reset")
            .arg("on")
            .arg(">secret")
            .arg("-@all")
            .arg(&rights)
            .arg(without);
        server.ask::<()>(user.clone()).await;
        let store =
            RedisStore::new(Client::open(address.as_str()).unwrap()).with_clock(Arc::new(clock.clone()));
        let create = store.create(key(name), record(&clock, 1)).await.err();
        let load = store.load(key(name)).await.err();
        let said: Vec<_> = [create, load].into_iter().flatten().map(|error| error.to_string()).collect();
        let is_told = |said: &String| told.split('|').any(|told| said.contains(told));
        assert!(said.iter().any(is_told), "{without}: {said:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_by_its_address() {
    let port = crate::server::free_port();
    let client = Client::open(format!("redis://:hunter2@127.0.0.1:{port}/")).unwrap();
    let error = RedisStore::new(client).load(key(1)).await.unwrap_err().to_string();
    assert_eq!(error, format!("load: Redis at 127.0.0.1:{port} cannot be reached: connection refused"));
}

#[tokio::test]
async fn a_server_that_is_read_only_is_an_error() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let store = store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    server.ask::<()>(cmd("REPLICAOF").arg("127.0.0.1").arg(1).clone()).await;
    assert!(store.create(key(2), record(&clock, 1)).await.is_err());
    server.ask::<()>(cmd("REPLICAOF").arg("NO").arg("ONE").clone()).await;
    store.create(key(2), record(&clock, 1)).await.unwrap();
}

#[tokio::test]
async fn memory_that_is_full_is_an_error_and_takes_no_session() {
    let clock = VirtualClock::default();
    let server = Server::start(&["--maxmemory-policy", "noeviction"]).await;
    let store = store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    server.ask::<()>(cmd("CONFIG").arg("SET").arg("maxmemory").arg(1).clone()).await;
    assert!(store.create(key(2), record(&clock, 1)).await.is_err());
    assert!(store.load(key(1)).await.unwrap().is_some());
    // A change that is refused leaves the record and its place in the list.
    assert!(store.update(key(1), 1, version(record(&clock, 1), 2)).await.is_err());
    let listed = store.list_by_subject(record(&clock, 1).subject, 10).await.unwrap();
    assert_eq!(listed.iter().map(|(_, record)| record.version).collect::<Vec<_>>(), [1]);
    assert!(store.remove(key(1)).await.unwrap(), "a session can be ended all the same");
}

#[tokio::test]
async fn a_connection_that_went_dead_in_silence_is_noticed_and_replaced() {
    let server = Server::start(&[]).await;
    let proxy = Proxy::before(server.port()).await;
    goes_dead(RedisStore::new(Client::open(proxy.address()).unwrap()), &proxy).await;
}

#[tokio::test]
async fn a_connection_to_a_cluster_that_went_dead_in_silence_is_noticed_and_replaced() {
    let server = Server::start_cluster().await;
    let proxy = Proxy::before(server.port()).await;
    let announce = cmd("CONFIG").arg("SET").arg("cluster-announce-port").arg(proxy.port()).clone();
    server.ask::<()>(announce).await;
    goes_dead(RedisStore::cluster(cluster_client(&proxy.address())), &proxy).await;
}

async fn goes_dead(store: RedisStore, proxy: &Proxy) {
    let clock = VirtualClock::default();
    let store = store.with_clock(Arc::new(clock.clone()));
    let told = Told::watch(&store);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    until("it has settled", async || told.take().is_empty().then_some(())).await;
    proxy.freeze();
    let began = Instant::now();
    told.hears(Change::Everything).await;
    assert!(began.elapsed() < Duration::from_millis(1_800), "{:?}", began.elapsed());
    let error = store.load(key(1)).await.unwrap_err();
    assert!(error.to_string().ends_with(" did not answer in time"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
    told.take();
    proxy.thaw();
    let found = until("a new connection works", async || store.load(key(1)).await.ok()).await;
    assert!(found.is_some());
    told.hears(Change::Everything).await;
    told.take();
    store.remove(key(1)).await.unwrap();
    told.hears(Change::Record(key(1))).await;
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_the_connection_whole() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let store = store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    for _ in 0..100 {
        let mut load = Box::pin(store.load(key(1)));
        // Sent, and not waited for.
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(load.as_mut().poll(cx))).await.is_pending());
        drop(load);
        assert!(store.lease([9; 32], 1, HOUR).await.is_ok(), "an answer to another question would not parse");
        assert_eq!(store.load(key(1)).await.unwrap(), Some(record(&clock, 1)));
    }
}

#[tokio::test]
async fn a_connection_that_went_dead_in_silence_is_replaced_though_nobody_waits_for_its_answers() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let proxy = Proxy::before(server.port()).await;
    let store = RedisStore::new(Client::open(proxy.address()).unwrap()).with_clock(Arc::new(clock.clone()));
    store.create(key(1), record(&clock, 1)).await.unwrap();
    // Browsers that hang up long before the store would give up.
    let impatient = async || timeout(Duration::from_millis(100), store.load(key(1))).await.ok();
    proxy.freeze();
    for _ in 0..3 {
        assert!(impatient().await.is_none());
    }
    proxy.thaw();
    let found = until("a new connection is there", impatient).await;
    assert_eq!(found.unwrap(), Some(record(&clock, 1)));
}

#[tokio::test]
async fn a_step_whose_answer_was_lost_is_done_once_and_said_to_be_done() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let proxy = Proxy::before(server.port()).await;
    let client = Client::open(proxy.address()).unwrap();
    let store = RedisStore::new(client).with_clock(Arc::new(clock.clone()));
    // So that Redis knows the scripts, and the first answer is the one that counts.
    store.create(key(9), record(&clock, 9)).await.unwrap();
    store.update(key(9), 1, version(record(&clock, 9), 2)).await.unwrap();
    store.lease([9; 32], 9, HOUR).await.unwrap();

    proxy.swallow();
    store.create(key(1), record(&clock, 1)).await.unwrap();
    proxy.swallow();
    assert_eq!(store.update(key(1), 1, version(record(&clock, 1), 2)).await.unwrap(), Updated::Done);
    proxy.swallow();
    let mut third = version(record(&clock, 1), 3);
    (third.subject, third.sid) = (record(&clock, 2).subject, None);
    assert_eq!(store.update(key(1), 2, third.clone()).await.unwrap(), Updated::Done);
    assert_eq!(store.list_by_subject(record(&clock, 1).subject, 9).await.unwrap(), []);
    assert_eq!(store.list_by_subject(third.subject, 9).await.unwrap(), [(key(1), third)]);
    proxy.swallow();
    assert!(store.lease([1; 32], 1, HOUR).await.unwrap());
    assert!(!store.lease([1; 32], 1, HOUR).await.unwrap(), "another wish by the same holder is another wish");
    proxy.swallow();
    assert!(store.remember_once([1; 32], HOUR).await.unwrap());
    assert!(!store.remember_once([1; 32], HOUR).await.unwrap());
}

#[tokio::test]
async fn a_server_that_stalls_is_an_error_in_time_for_everybody_who_waits() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let store = store(&server, &clock);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    server.ask::<()>(cmd("CLIENT").arg("PAUSE").arg(3_000).arg("ALL").clone()).await;
    let began = Instant::now();
    let waiting: Vec<_> = (0..500)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.load(key(1)).await })
        })
        .collect();
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_err());
    }
    assert!(began.elapsed() < Duration::from_millis(4_500), "{:?}", began.elapsed());
    until("the store works", async || store.load(key(1)).await.ok().flatten()).await;
}
