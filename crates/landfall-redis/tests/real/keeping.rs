//! What lies in Redis, for how long, and how much of it.

use std::time::Duration;

use landfall::Clock as _;
use landfall::store::{SessionStore as _, Updated};
use landfall_redis::redis::cmd;
use landfall_testkit::VirtualClock;

use crate::kit::{HOUR, key, record, store, version};
use crate::server::{Server, shared};

#[tokio::test]
async fn everything_in_redis_bears_a_digest_for_a_name_and_disappears_by_itself() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let store = store(&server, &clock);
    store.create(key(2), record(&clock, 1)).await.unwrap();
    store.update(key(2), 1, version(record(&clock, 1), 2)).await.unwrap();
    store.lease([3; 32], 7, HOUR).await.unwrap();
    store.remember_once([4; 32], HOUR).await.unwrap();
    let mut names: Vec<Vec<u8>> = server.ask(cmd("KEYS").arg("*").clone()).await;
    names.sort();
    let tag = crate::kit::tag(&store);
    let expected = [(b'i', 0xfe), (b'l', 3), (b'r', 4), (b's', 2), (b'u', 1)];
    assert_eq!(names, expected.map(|(kind, digest)| [tag.as_bytes(), &[kind], &[digest; 32]].concat()));
    for name in names {
        let left: u64 = server.ask(cmd("PTTL").arg(&name).clone()).await;
        let left = Duration::from_millis(left);
        assert!(left > HOUR && left < HOUR * 2, "{left:?}");
    }
}

#[tokio::test]
async fn an_index_lives_as_long_as_its_longest_member() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let store = store(&server, &clock);
    let mut long = record(&clock, 1);
    long.expires_at = clock.now().plus(HOUR * 10);
    long.idle_expires_at = long.expires_at;
    store.create(key(1), long).await.unwrap();
    store.create(key(2), record(&clock, 1)).await.unwrap();
    let index = [crate::kit::tag(&store).as_bytes(), b"u", &[1; 32]].concat();
    let left = async || Duration::from_millis(server.ask(cmd("PTTL").arg(&index).clone()).await);
    assert!(left().await > HOUR * 9);
    let mut longer = version(record(&clock, 1), 2);
    longer.expires_at = clock.now().plus(HOUR * 20);
    longer.idle_expires_at = longer.expires_at;
    assert_eq!(store.update(key(2), 1, longer).await.unwrap(), Updated::Done);
    assert!(left().await > HOUR * 19, "a session that is prolonged prolongs its index");
}

#[tokio::test]
async fn the_index_of_who_signs_in_daily_and_never_out_stays_small() {
    let clock = VirtualClock::default();
    let server = shared().await;
    let store = store(server, &clock);
    let index = [crate::kit::tag(&store).as_bytes(), b"u", &[1; 32]].concat();
    for day in 0..200 {
        store.create(key(day), record(&clock, 1)).await.unwrap();
        let size: u32 = server.ask(cmd("ZCARD").arg(&index).clone()).await;
        assert!(size <= 8, "day {day}: {size}");
        clock.advance(HOUR * 24);
    }
}

#[tokio::test]
async fn members_whose_records_redis_has_forgotten_are_forgotten_when_somebody_looks() {
    let clock = VirtualClock::default();
    let server = shared().await;
    let store = store(server, &clock);
    let tag = crate::kit::tag(&store);
    for name in 1..=3 {
        store.create(key(name), record(&clock, 1)).await.unwrap();
    }
    server.ask::<()>(cmd("DEL").arg([tag.as_bytes(), b"s", &[2; 32]].concat()).clone()).await;
    assert_eq!(store.list_by_subject(record(&clock, 1).subject, 9).await.unwrap().len(), 2);
    let size: u32 = server.ask(cmd("ZCARD").arg([tag.as_bytes(), b"u", &[1; 32]].concat()).clone()).await;
    assert_eq!(size, 2);
}

#[tokio::test]
async fn a_session_takes_little_memory_and_one_round_trip_to_load() {
    let clock = VirtualClock::default();
    let server = Server::start(&[]).await;
    let store = store(&server, &clock);
    let used = async || {
        let info: String = server.ask(cmd("INFO").arg("memory").clone()).await;
        let line = info.lines().find_map(|line| line.strip_prefix("used_memory_dataset:")).unwrap();
        line.parse::<u64>().unwrap()
    };
    let before = used().await;
    let mut digest = [0; 32];
    for number in 0..2_000_u32 {
        digest[..4].copy_from_slice(&number.to_be_bytes());
        let mut record = record(&clock, 1);
        record.subject.0 = digest;
        record.sid = None;
        record.sealed = vec![1; 300].into();
        record.admin = vec![2; 60].into();
        store.create(landfall::store::RecordKey(digest), record).await.unwrap();
    }
    let each = (used().await - before) / 2_000;
    println!("{each} bytes a session, 360 of them its own");
    assert!(each < 1_000, "{each}");
    let calls = async || {
        let info: String = server.ask(cmd("INFO").arg("commandstats").clone()).await;
        let calls = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
            line.map_or(0, |line| line.split(',').next().unwrap().parse::<u32>().unwrap())
        };
        (calls("get"), calls("eval") + calls("evalsha"))
    };
    let (gets, scripts) = calls().await;
    store.load(landfall::store::RecordKey(digest)).await.unwrap().unwrap();
    assert_eq!(calls().await, (gets + 1, scripts));
}
