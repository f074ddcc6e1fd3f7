//! What every store does, on one server and on a cluster.

use landfall::{Selection, SessionStore as _, Updated};
use landfall_testkit::VirtualClock;

use crate::kit::{HOUR, cluster_store, key, record, store, version};
use crate::server::{shared, shared_cluster};

#[tokio::test]
async fn a_session_is_kept_changed_found_and_removed() {
    let clock = VirtualClock::default();
    for store in [store(shared().await, &clock), cluster_store(shared_cluster().await, &clock)] {
        let first = record(&clock, 1);
        store.create(key(1), first.clone()).await.unwrap();
        assert!(store.create(key(1), first.clone()).await.is_err());
        assert_eq!(store.load(key(1)).await.unwrap(), Some(first.clone()));
        let second = version(first.clone(), 2);
        assert_eq!(store.update(key(1), 1, second.clone()).await.unwrap(), Updated::Done);
        assert_eq!(store.update(key(1), 1, second.clone()).await.unwrap(), Updated::Conflict);
        let third = version(first.clone(), 3);
        assert_eq!(store.rotate(key(1), key(2), 2, third.clone()).await.unwrap(), Updated::Done);
        assert_eq!(store.rotate(key(1), key(2), 2, third.clone()).await.unwrap(), Updated::Gone);
        assert_eq!(store.load(key(1)).await.unwrap(), None);
        assert_eq!(store.list_by_subject(first.subject, 9).await.unwrap(), [(key(2), third)]);
        clock.advance(HOUR / 2);
        store.create(key(3), record(&clock, 1)).await.unwrap();
        let found = store.list_by_subject(first.subject, 1).await.unwrap();
        assert_eq!(found[0].0, key(3), "the newest first");
        let earlier = Selection::all().created_before(record(&clock, 1).created_at);
        assert_eq!(store.remove_by_sid(first.sid.unwrap(), earlier).await.unwrap(), [key(2)]);
        let others = Selection::all().except(key(3));
        assert_eq!(store.remove_by_subject(first.subject, others).await.unwrap(), []);
        assert!(store.remove(key(3)).await.unwrap());
        assert!(!store.remove(key(3)).await.unwrap());
        assert!(store.lease([1; 32], 7, HOUR).await.unwrap());
        assert!(!store.lease([1; 32], 8, HOUR).await.unwrap());
        store.release([1; 32], 8).await.unwrap();
        assert!(!store.lease([1; 32], 8, HOUR).await.unwrap());
        store.release([1; 32], 7).await.unwrap();
        assert!(store.lease([1; 32], 8, HOUR).await.unwrap());
        assert!(store.remember_once([1; 32], HOUR).await.unwrap());
        assert!(!store.remember_once([1; 32], HOUR).await.unwrap());
        clock.advance(HOUR);
        assert!(store.remember_once([1; 32], HOUR).await.unwrap());
    }
}
