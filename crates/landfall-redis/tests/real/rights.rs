//! Users of Redis who may not do all that the store asks.

use std::sync::Arc;

use landfall::store::{Change, Selection, SessionStore as _, Updated};
use landfall_redis::RedisStore;
use landfall_redis::redis::Client;
use landfall_testkit::VirtualClock;

use crate::kit::{Log, Told, cluster_client, key, prefix, record, rules, rules_of_clusters, user, version};
use crate::server::{Server, shared, shared_cluster, until};

/// A store of a user with the README's rules, changed like this.
async fn store_with(change: &[&str], clock: &VirtualClock) -> RedisStore {
    let (server, prefix) = (shared().await, prefix());
    let changed: Vec<_> =
        rules(&prefix).into_iter().chain(change.iter().map(|rule| (*rule).to_owned())).collect();
    let name = user(server, &prefix, &changed).await;
    let client = Client::open(server.address().replace("127", &format!("{name}127"))).unwrap();
    RedisStore::new(client).with_clock(Arc::new(clock.clone())).key_prefix(&prefix).unwrap()
}

/// Every kind of change, each of which must succeed and be there.
async fn changes_sessions(store: &RedisStore, clock: &VirtualClock) {
    let first = record(clock, 1);
    for name in 1..=4 {
        store.create(key(name), first.clone()).await.unwrap();
    }
    assert_eq!(store.update(key(1), 1, version(first.clone(), 2)).await.unwrap(), Updated::Done);
    assert!(store.remove(key(1)).await.unwrap());
    assert_eq!(store.load(key(1)).await.unwrap(), None);
    let removed = store.remove_by_subject(first.subject, Selection::all().except(key(4))).await.unwrap();
    assert_eq!(removed.len(), 2);
    assert_eq!(store.remove_by_sid(first.sid.unwrap(), Selection::all()).await.unwrap(), [key(4)]);
    assert_eq!(store.load(key(4)).await.unwrap(), None);
}

#[tokio::test]
async fn a_user_without_a_right_to_the_channel_changes_sessions_all_the_same_and_that_is_told_once() {
    let clock = VirtualClock::default();
    for (change, told) in [
        (&["resetchannels"][..], "&{"),
        (&["resetchannels", "&other*"], "&{"),
        (&["-publish"], "+publish"),
        (&["-subscribe"], "+subscribe"),
        (&["-publish", "-subscribe"], "+publish +subscribe"),
    ] {
        let log = Log::keep();
        let store = store_with(change, &clock).await;
        let watcher = Told::watch(&store);
        // Also with the channel's rights found missing, before and after.
        changes_sessions(&store, &clock).await;
        let warned =
            until("it is told", async || Some(log.at("WARN")).filter(|lines| !lines.is_empty())).await;
        changes_sessions(&store, &clock).await;
        store.check().await.expect("no reason not to start");
        if change != ["-publish"] && change != ["-subscribe"] {
            assert_eq!(watcher.take(), [], "{change:?}: nobody tells it anything");
        }
        let [line] = &warned[..] else { panic!("{change:?}: {warned:?}") };
        assert!(line.contains(&format!("lacks {told}")), "{change:?}: {line}");
        assert!(line.contains(&rules_line(&store)) && line.contains("near cache"), "{line}");
        assert_eq!(log.at("WARN"), warned);
        assert_eq!(log.at("ERROR"), [""; 0]);
    }
}

/// The whole line, as it is told.
fn rules_line(store: &RedisStore) -> String {
    rules(crate::kit::tag(store).trim_matches(['{', '}'])).join(" ")
}

#[tokio::test]
async fn each_right_of_the_readmes_line_is_needed_and_told_at_the_start_where_it_is_missing() {
    let clock = VirtualClock::default();
    let all = rules("any");
    assert!(all.starts_with(&["resetkeys".to_owned()]) && all.contains(&"-@all".to_owned()), "{all:?}");
    let commands: Vec<_> = all.iter().filter_map(|rule| rule.strip_prefix('+')).collect();
    assert!(commands.len() > 10, "{all:?}");
    for command in commands {
        let log = Log::keep();
        let store = store_with(&[&format!("-{command}")], &clock).await;
        let _watcher = Told::watch(&store);
        let is_telling = ["publish", "subscribe"].contains(&command);
        let level = if is_telling { "WARN" } else { "ERROR" };
        let lines = until(command, async || Some(log.at(level)).filter(|lines| !lines.is_empty())).await;
        let [line] = &lines[..] else { panic!("{command}: {lines:?}") };
        let lacks = format!("lacks +{command};");
        assert!(line.contains(&lacks) && line.contains(&rules_line(&store)), "{command}: {line}");
        match store.check().await {
            Ok(()) => assert!(is_telling, "{command}"),
            Err(error) => assert!(!is_telling && error.to_string().contains(&lacks), "{command}: {error}"),
        }
    }
    let store = store_with(&["resetkeys"], &clock).await;
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains(&format!("lacks ~{}*;", crate::kit::tag(&store))), "{error}");
    store_with(&[], &clock).await.check().await.unwrap();
}

#[tokio::test]
async fn a_user_of_a_cluster_who_could_not_follow_its_slot_is_told_so_at_the_start() {
    let (server, prefix) = (shared_cluster().await, prefix());
    let all = rules_of_clusters(&prefix);
    let changed: Vec<_> = all.iter().cloned().chain(["-asking".to_owned()]).collect();
    let name = user(server, &prefix, &changed).await;
    let client = cluster_client(&server.address().replace("127", &format!("{name}127")));
    let store = RedisStore::cluster(client).key_prefix(&prefix).unwrap();
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains("lacks +asking;") && error.ends_with(&all.join(" ")), "{error}");
    user(server, &prefix, &all).await;
    store.check().await.unwrap();
}

#[tokio::test]
async fn without_scripting_a_check_names_both_commands_and_the_line_and_so_does_the_first_request() {
    let clock = VirtualClock::default();
    let store = store_with(&["-eval", "-evalsha", "-script"], &clock).await;
    let error = store.check().await.unwrap_err().to_string();
    assert!(error.contains("lacks +evalsha +eval;") && error.contains(&rules_line(&store)), "{error}");
    let error = store.create(key(1), record(&clock, 1)).await.unwrap_err().to_string();
    assert!(error.contains("lacks +evalsha; all it needs: resetkeys"), "{error}");
}

#[tokio::test]
async fn commands_that_were_renamed_are_named_in_one_line() {
    let clock = VirtualClock::default();
    let renamed = ["--rename-command", "EVALSHA", "", "--rename-command", "ZADD", "hidden"];
    let server = Server::start(&renamed).await;
    let store = RedisStore::new(server.client()).with_clock(Arc::new(clock.clone()));
    let log = Log::keep();
    let told = Told::watch(&store);
    told.hears(Change::Everything).await;
    let [line] = &log.at("ERROR")[..] else { panic!("{:?}", log.at("ERROR")) };
    assert!(line.contains("does not know commands") && line.contains("evalsha, zadd"), "{line}");
    let error = store.create(key(1), record(&clock, 1)).await.unwrap_err().to_string();
    assert!(error.to_lowercase().contains("does not know evalsha"), "{error}");
}
