//! Stores that break one promise each: the suite must find every one of them out.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use landfall::MemoryStore;
use landfall::store::{
    IndexKey, RecordKey, Selection, SessionStore, StoreError, StoredRecord, Updated, Watcher,
};
use tokio::task::yield_now;

use super::Engine;
use crate::VirtualClock;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    CreateOverwrites,
    UpdateUpserts,
    UpdateIsNotAtomic,
    UpdateKeepsTheIndexes,
    UpdateIsInTwoSteps,
    RemoveAlwaysSaysYes,
    ServesExpired,
    KeepsExpired,
    CutsContents,
    CountsIn32Bits,
    EndsNamesAtZero,
    OneKindOfName,
    ListsOldestFirst,
    ListsWithoutLimit,
    RemoveForgetsTheSubject,
    RemoveBySubjectTakesAll,
    RemoveBySubjectInSteps,
    RemoveBySidTakesTheSubject,
    LeaseIsReentrant,
    LeaseIsNotAtomic,
    AnybodyReleases,
    HoldersHave64Bits,
    RememberIsNotAtomic,
    TellsNobody,
}

/// A store on a memory store; see [`Fault`].
#[derive(Debug)]
struct Broken {
    inner: MemoryStore,
    fault: Fault,
}

struct BrokenEngine(Fault, OnceLock<MemoryStore>);

#[async_trait]
impl Engine for BrokenEngine {
    async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
        let inner = self.1.get_or_init(|| MemoryStore::new().with_clock(Arc::new(clock))).clone();
        Arc::new(Broken { inner, fault: self.0 })
    }

    async fn count(&self) -> Option<usize> {
        let swept = self.1.get().map(MemoryStore::len);
        if self.0 == Fault::KeepsExpired { swept.map(|count| count.max(200)) } else { swept }
    }
}

impl Broken {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// Whatever is there, or not.
    async fn put(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        self.inner.remove(key).await?;
        self.inner.create(key, record).await
    }

    fn raw(&self, key: RecordKey) -> Option<StoredRecord> {
        self.inner.dump().into_iter().find(|(at, _)| *at == key).map(|(_, record)| record)
    }

    fn name(&self, name: [u8; 32]) -> [u8; 32] {
        let mut cut = name;
        if self.is(Fault::EndsNamesAtZero) {
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(32);
            cut[end..].fill(0);
        }
        cut
    }
}

#[async_trait]
impl SessionStore for Broken {
    async fn create(&self, key: RecordKey, record: StoredRecord) -> Result<(), StoreError> {
        let mut record = record;
        match self.fault {
            Fault::CreateOverwrites => return self.put(key, record).await,
            Fault::CutsContents => record.sealed.truncate(65_535),
            Fault::CountsIn32Bits => record.version = record.version.min(u64::from(u32::MAX)),
            Fault::OneKindOfName => record.sid = record.sid.or(Some(record.subject)),
            _ => {}
        }
        self.inner.create(RecordKey(self.name(key.0)), record).await
    }

    async fn load(&self, key: RecordKey) -> Result<Option<StoredRecord>, StoreError> {
        if self.is(Fault::ServesExpired) {
            return Ok(self.raw(key));
        }
        self.inner.load(RecordKey(self.name(key.0))).await
    }

    async fn update(&self, key: RecordKey, expected: u64, new: StoredRecord) -> Result<Updated, StoreError> {
        let mut new = new;
        match self.fault {
            Fault::UpdateUpserts => {
                return Ok(match self.inner.update(key, expected, new.clone()).await? {
                    Updated::Gone => {
                        self.put(key, new).await?;
                        Updated::Done
                    }
                    other => other,
                });
            }
            Fault::UpdateIsNotAtomic => {
                let Some(current) = self.inner.load(key).await? else { return Ok(Updated::Gone) };
                if current.version != expected || new.version <= expected {
                    return Ok(Updated::Conflict);
                }
                yield_now().await;
                self.put(key, new).await?;
                return Ok(Updated::Done);
            }
            Fault::UpdateIsInTwoSteps => {
                let Some(current) = self.inner.load(key).await? else { return Ok(Updated::Gone) };
                if current.version != expected || new.version <= expected {
                    return Ok(Updated::Conflict);
                }
                self.inner.remove(key).await?;
                yield_now().await;
                self.inner.create(key, new).await?;
                return Ok(Updated::Done);
            }
            Fault::UpdateKeepsTheIndexes => {
                if let Some(current) = self.inner.load(key).await? {
                    (new.subject, new.sid) = (current.subject, current.sid);
                }
            }
            Fault::CountsIn32Bits => {
                new.version &= u64::from(u32::MAX);
            }
            _ => {}
        }
        self.inner.update(RecordKey(self.name(key.0)), expected, new).await
    }

    async fn remove(&self, key: RecordKey) -> Result<bool, StoreError> {
        let record = self.raw(key);
        let removed = self.inner.remove(RecordKey(self.name(key.0))).await?;
        if let (Fault::RemoveForgetsTheSubject, Some(record)) = (self.fault, record) {
            self.inner.remove_by_subject(record.subject, Selection::all()).await?;
        }
        Ok(removed || self.is(Fault::RemoveAlwaysSaysYes))
    }

    async fn list_by_subject(
        &self,
        subject: IndexKey,
        limit: usize,
    ) -> Result<Vec<(RecordKey, StoredRecord)>, StoreError> {
        let limit = if self.is(Fault::ListsWithoutLimit) { usize::MAX } else { limit };
        let mut listed = self.inner.list_by_subject(IndexKey(self.name(subject.0)), limit).await?;
        if self.is(Fault::ListsOldestFirst) {
            listed.reverse();
        }
        Ok(listed)
    }

    async fn remove_by_subject(
        &self,
        subject: IndexKey,
        selection: Selection,
    ) -> Result<Vec<RecordKey>, StoreError> {
        match self.fault {
            Fault::RemoveBySubjectTakesAll => self.inner.remove_by_subject(subject, Selection::all()).await,
            Fault::RemoveBySubjectInSteps => {
                let mut removed = Vec::new();
                for (key, record) in self.inner.list_by_subject(subject, usize::MAX).await? {
                    yield_now().await;
                    if selection.includes(key, record.created_at) {
                        self.inner.remove(key).await?;
                        removed.push(key);
                    }
                }
                Ok(removed)
            }
            _ => self.inner.remove_by_subject(subject, selection).await,
        }
    }

    async fn remove_by_sid(&self, sid: IndexKey, selection: Selection) -> Result<Vec<RecordKey>, StoreError> {
        let first = self.inner.dump().into_iter().find(|(_, record)| record.sid == Some(sid));
        let removed = self.inner.remove_by_sid(sid, selection).await?;
        if let (Fault::RemoveBySidTakesTheSubject, Some((_, record))) = (self.fault, first) {
            self.inner.remove_by_subject(record.subject, Selection::all()).await?;
        }
        Ok(removed)
    }

    async fn lease(&self, name: [u8; 32], holder: u128, span: Duration) -> Result<bool, StoreError> {
        match self.fault {
            Fault::LeaseIsReentrant => self.inner.release(name, holder).await?,
            Fault::LeaseIsNotAtomic => {
                // Looks, waits, and takes it from whoever was quicker.
                if !self.inner.lease(name, 0, span).await? {
                    return Ok(false);
                }
                self.inner.release(name, 0).await?;
                yield_now().await;
                self.inner.lease(name, 0, span).await?;
                return Ok(true);
            }
            Fault::AnybodyReleases => return self.inner.lease(name, 0, span).await,
            Fault::HoldersHave64Bits => {
                return self.inner.lease(name, holder & u128::from(u64::MAX), span).await;
            }
            _ => {}
        }
        self.inner.lease(name, holder, span).await
    }

    async fn release(&self, name: [u8; 32], holder: u128) -> Result<(), StoreError> {
        let holder = match self.fault {
            Fault::AnybodyReleases => 0,
            Fault::HoldersHave64Bits => holder & u128::from(u64::MAX),
            _ => holder,
        };
        self.inner.release(name, holder).await
    }

    async fn remember_once(&self, name: [u8; 32], span: Duration) -> Result<bool, StoreError> {
        if self.is(Fault::RememberIsNotAtomic) {
            let known = self.inner.load(RecordKey(name)).await?.is_some();
            yield_now().await;
            let end = landfall::Timestamp::from_secs(100_000_000_000);
            let index = IndexKey([0; 32]);
            let note = StoredRecord::new(end, end, end, index, None, Bytes::new(), Bytes::new());
            self.put(RecordKey(name), note).await?;
            return Ok(!known);
        }
        self.inner.remember_once(name, span).await
    }

    fn watch(&self, watcher: Watcher) {
        if !self.is(Fault::TellsNobody) {
            self.inner.watch(watcher);
        }
    }
}

/// How often a fault is looked for.
const RUNS: usize = 20;

/// That the memory store keeps these promises is seen elsewhere; with the fault it must not.
macro_rules! found_out {
    ($($fault:ident by $($promise:ident),+;)+) => {
        #[test]
        fn every_fault_is_found_out() {
            let mut undiscovered = Vec::new();
            $($(
                // What a race gives away, it gives away in some of its runs.
                let is_kept = |_| {
                    let engine = BrokenEngine(Fault::$fault, OnceLock::new());
                    super::run(super::$promise(&engine)).is_ok()
                };
                if (0..RUNS).all(is_kept) {
                    undiscovered.push(concat!(stringify!($fault), " by ", stringify!($promise)));
                }
            )+)+
            assert!(undiscovered.is_empty(), "{undiscovered:?}");
        }
    };
}

found_out! {
    CreateOverwrites by create_refuses_an_existing_key, of_many_creations_of_a_key_one_succeeds;
    UpdateUpserts by update_leaves_what_is_gone_gone, what_is_removed_is_not_brought_back_by_an_update,
        an_expired_record_is_not_brought_back;
    UpdateIsNotAtomic by of_many_updates_of_a_version_one_succeeds, no_increment_is_lost,
        of_many_updates_that_move_the_indexes_one_moves_them, what_is_removed_is_not_brought_back_by_an_update,
        updates_do_not_survive_the_removal_of_a_subject,
        updates_do_not_survive_the_removal_of_a_provider_session;
    UpdateKeepsTheIndexes by an_update_moves_the_indexes, of_many_updates_that_move_the_indexes_one_moves_them;
    UpdateIsInTwoSteps by what_is_removed_is_not_brought_back_by_an_update_that_moves_the_indexes,
        a_dropped_call_leaves_the_record_whole;
    RemoveAlwaysSaysYes by remove_tells_whether_there_was_one, every_removal_is_told_once;
    ServesExpired by a_record_ends_at_its_absolute_end, a_record_ends_when_it_is_idle;
    KeepsExpired by expired_records_disappear_by_themselves;
    CutsContents by a_record_comes_back_as_it_was;
    CountsIn32Bits by a_record_comes_back_as_it_was;
    EndsNamesAtZero by no_byte_of_a_name_means_anything;
    OneKindOfName by names_of_different_kinds_do_not_meet;
    ListsOldestFirst by a_list_has_the_newest_first_and_no_more_than_asked;
    ListsWithoutLimit by a_list_has_the_newest_first_and_no_more_than_asked;
    RemoveForgetsTheSubject by ending_one_session_leaves_the_others_listed,
        a_session_made_anew_is_found_under_its_new_key_alone;
    RemoveBySubjectTakesAll by removing_by_subject_takes_the_selected_alone;
    RemoveBySubjectInSteps by updates_do_not_survive_the_removal_of_a_subject, every_removal_is_told_once;
    RemoveBySidTakesTheSubject by removing_by_sid_takes_that_provider_session_alone;
    LeaseIsReentrant by a_lease_has_one_holder;
    LeaseIsNotAtomic by of_many_takers_one_gets_the_lease;
    AnybodyReleases by a_lease_is_released_by_its_holder_alone;
    HoldersHave64Bits by a_lease_is_released_by_its_holder_alone;
    RememberIsNotAtomic by of_many_who_say_a_name_one_is_first, a_name_is_remembered_for_its_span;
    TellsNobody by a_watcher_hears_of_what_another_instance_changed;
}
