//! Rotation of our own cookie keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use landfall::store::{
    IndexKey, RecordKey, Selection, SessionStore, StoreError, StoredRecord, Updated, Watcher,
};
use landfall::{Clock, CookieKey, MemoryStore};
use landfall_testkit::{Fault, TestBed};
use landfall_tests::{
    BASE_URL, SessionKind, World, everywhere, on_both_frameworks, subject, wherever_stored,
};

use crate::support::{at, greeting, session_value, set_cookies};

everywhere! {
    async fn an_old_key_opens_sessions_until_they_are_renewed_with_the_new_one(world) {
        let mut world = world;
        world.open("/dashboard").await;
        let old_value = session_value(&world.browser).unwrap();
        let (old, new) = (world.keys[0].clone(), CookieKey::generate().unwrap());
        world.switch_to(world.builder().cookie_keys([new.clone(), old])).await;
        // Past half of its idle life, and so renewed whichever kind it is; the cookie goes to the new key, too.
        let hours = if world.kind.has_store() { 8 } else { 2 };
        world.wait(Duration::from_secs(hours * 3600 / 2 + 1));
        assert_eq!(greeting(&world).await, "hello ada");
        assert_ne!(session_value(&world.browser).unwrap(), old_value);
        world.switch_to(world.builder().cookie_keys([new])).await;
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_sessions_cookie_moves_to_the_new_key_at_its_next_request(world) {
        let mut world = world;
        world.open("/dashboard").await;
        let (old, new) = (world.keys[0].clone(), CookieKey::generate().unwrap());
        world.switch_to(world.builder().cookie_keys([new, old])).await;
        let page = world.open("/").await;
        assert_eq!(page.text(), "hello ada");
        assert_eq!(set_cookies(&page.headers).len(), 1);
        assert_eq!(set_cookies(&world.open("/").await.headers).len(), 0);
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn without_the_old_key_people_are_anonymous_and_sign_in_again(world) {
        let mut world = world;
        world.open("/dashboard").await;
        let new = CookieKey::generate().unwrap();
        world.switch_to(world.builder().cookie_keys([new])).await;
        assert_eq!(greeting(&world).await, "hello nobody");
        assert_eq!(world.open("/dashboard/x").await.url.as_str(), at("/dashboard/x"));
        assert_eq!(greeting(&world).await, "hello ada");
    }

    async fn a_sign_in_that_was_under_way_lands_after_the_rotation(world) {
        let mut world = world;
        let callback = world.callback_for("/dashboard/x").await;
        let (old, new) = (world.keys[0].clone(), CookieKey::generate().unwrap());
        world.switch_to(world.builder().cookie_keys([new, old])).await;
        assert_eq!(world.browser.open(&callback).await.unwrap().url.as_str(), at("/dashboard/x"));
    }
}

/// Signs Ada in, in a browser of her own, in the provider's session of this name.
async fn signs_in(world: &World, sid: &'static str) {
    world.provider.inject(Fault::id_token_claim("sid", sid));
    assert_eq!(world.other_browser().open(&at("/dashboard")).await.unwrap().status, 200);
}

/// How the provider ends a session by its name alone, in a frame of its own page.
async fn ended_by_name(world: &World, sid: &str) -> u16 {
    let frame = format!("/auth/frontchannel-logout?iss=https%3A%2F%2Fop.example&sid={sid}");
    world.other_browser().open_frame(&at(&frame), "https://op.example/").await.unwrap().status.as_u16()
}

wherever_stored! {
    async fn sessions_are_found_under_either_key_whichever_an_instance_has_first(framework, kind) {
        let mut world = World::new(framework, kind).await;
        let (old, new) = (world.keys[0].clone(), CookieKey::generate().unwrap());
        let rings = [[new.clone(), old.clone()], [old, new]];
        for round in 0..2 {
            // A session of before the rotation, one of each kind of instance, and one that either has written anew.
            world.open("/dashboard").await;
            for ring in &rings {
                let builder = world.builder().cookie_keys(ring.clone());
                world.switch_to(builder).await;
                signs_in(&world, "sess-1").await;
            }
            world.wait(Duration::from_secs(5 * 3600));
            let builder = world.builder().cookie_keys(rings[round].clone());
            world.switch_to(builder).await;
            assert_eq!(greeting(&world).await, "hello ada", "renewed, and so rewritten");
            signs_in(&world, "sess-2").await;
            let builder = world.builder().cookie_keys(rings[1 - round].clone());
            world.switch_to(builder).await;
            let ada = subject(&world.auth, "ada");
            assert_eq!(world.auth.sessions().list(&ada).await.unwrap().len(), 4);
            assert_eq!(ended_by_name(&world, "sess-1").await, 200);
            assert_eq!(world.auth.sessions().list(&ada).await.unwrap().len(), 2);
            assert_eq!(world.auth.sessions().end_all_of(&ada).await.unwrap(), 2);
            assert_eq!(greeting(&world).await, "hello nobody");
            world.browser.forget_cookies();
            let builder = world.builder();
            world.switch_to(builder).await;
        }
    }
}

/// A store behind which another instance, with the keys in another order, writes every session anew between the first
/// look and the second: it is then under the index that was looked at first.
#[derive(Clone, Debug)]
struct Moving {
    inner: MemoryStore,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    armed: bool,
    records: Vec<RecordKey>,
}

impl Moving {
    async fn move_to(&self, subject: Option<IndexKey>, sid: Option<IndexKey>) {
        let records = {
            let mut seen = self.seen.lock().unwrap();
            if !std::mem::take(&mut seen.armed) {
                return;
            }
            seen.records.clone()
        };
        for key in records {
            let Some(mut record) = self.inner.load(key).await.unwrap() else { continue };
            record.subject = subject.unwrap_or(record.subject);
            record.sid = sid.or(record.sid);
            let expected = record.version;
            record.version += 1;
            self.inner.update(key, expected, record).await.unwrap();
        }
    }

    fn arm(&self) {
        self.seen.lock().unwrap().armed = true;
    }
}

#[async_trait]
impl SessionStore for Moving {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        self.seen.lock().unwrap().records.push(key);
        self.inner.create(key, record).await
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        self.inner.load(key).await
    }

    async fn update(
        &self,
        key: RecordKey,
        expected: u64,
        record: StoredRecord,
    ) -> Result<Updated, StoreError> {
        self.inner.update(key, expected, record).await
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        self.inner.remove(key).await
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        let found = self.inner.list_by_subject(subject, limit).await;
        self.move_to(Some(subject), None).await;
        found
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        let removed = self.inner.remove_by_subject(subject, selection).await;
        self.move_to(Some(subject), None).await;
        removed
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        let removed = self.inner.remove_by_sid(sid, selection).await;
        self.move_to(None, Some(sid)).await;
        removed
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        self.inner.lease(name, holder, span).await
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        self.inner.release(name, holder).await
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        self.inner.remember_once(name, span).await
    }

    fn use_clock(&self, clock: Arc<dyn Clock>) {
        self.inner.use_clock(clock);
    }

    fn watch(&self, watcher: Watcher) {
        self.inner.watch(watcher);
    }
}

on_both_frameworks! {
    async fn a_session_that_moves_to_another_keys_index_while_it_is_looked_for_is_found(framework) {
        let bed = TestBed::new(BASE_URL).unwrap();
        let store = Moving { inner: MemoryStore::new().with_clock(bed.clock()), seen: Arc::default() };
        let [first, second] = [(), ()].map(|()| CookieKey::generate().unwrap());
        let world = World::around(bed, framework, SessionKind::Memory, |builder| {
            builder.cookie_keys([first, second]).store(store.clone())
        }).await;
        let ada = subject(&world.auth, "ada");
        signs_in(&world, "sess-1").await;
        store.arm();
        assert_eq!(world.auth.sessions().list(&ada).await.unwrap().len(), 1);
        store.arm();
        assert_eq!(world.auth.sessions().end_all_of(&ada).await.unwrap(), 1);
        signs_in(&world, "sess-2").await;
        store.arm();
        assert_eq!(ended_by_name(&world, "sess-2").await, 200);
        assert!(world.auth.sessions().list(&ada).await.unwrap().is_empty());
    }
}
