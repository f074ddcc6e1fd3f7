//! The store suite: whether a [`SessionStore`] keeps its promises.
//!
//! Give it an [`Engine`], which opens your store on something empty, and it makes one test of every promise:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use landfall::MemoryStore;
//! use landfall::store::SessionStore;
//! use landfall_testkit::stores::Engine;
//! use landfall_testkit::{VirtualClock, async_trait};
//!
//! /// Everything that runs on this is kept in one place; here, one memory.
//! #[derive(Default)]
//! struct Memory(std::sync::OnceLock<MemoryStore>);
//!
//! #[async_trait]
//! impl Engine for Memory {
//!     async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore> {
//!         Arc::new(self.0.get_or_init(|| MemoryStore::new().with_clock(Arc::new(clock))).clone())
//!     }
//! }
//!
//! // A new and empty one for each test.
//! landfall_testkit::store_suite!(async || Memory::default());
//! ```
//!
//! Every test has a runtime of its own, with two threads, and everything of the engine is opened, used and
//! dropped on it. The promises are functions, too: call them one by one where the macro does not fit.

mod dropped;
mod expiry;
mod indexes;
mod leases;
mod macros;
mod promise;
mod races;
mod records;
mod removals;
mod trial;
mod watching;

#[cfg(test)]
mod broken;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use landfall::store::SessionStore;

use crate::VirtualClock;

pub use dropped::a_dropped_call_leaves_the_record_whole;
pub use expiry::{
    a_record_ends_at_its_absolute_end, a_record_ends_when_it_is_idle, an_expired_key_is_free_again,
    an_expired_record_is_not_brought_back, an_update_moves_the_ends, expired_records_disappear_by_themselves,
    what_lives_outlives_what_has_expired,
};
pub use indexes::{
    a_list_has_the_newest_first_and_no_more_than_asked, a_list_leaves_out_expired_records,
    a_session_made_anew_is_found_under_its_new_key_alone, an_update_moves_the_indexes,
    ending_one_session_leaves_the_others_listed, names_of_different_kinds_do_not_meet,
    no_byte_of_a_name_means_anything, removing_by_sid_takes_that_provider_session_alone,
    removing_by_subject_takes_the_selected_alone,
};
pub use leases::{
    a_lease_has_one_holder, a_lease_is_free_after_its_span, a_lease_is_released_by_its_holder_alone,
    a_name_is_remembered_for_its_span, of_many_takers_one_gets_the_lease,
    of_many_who_say_a_name_one_is_first,
};
pub use promise::BrokenPromise;
pub use races::{
    no_increment_is_lost, of_many_creations_of_a_key_one_succeeds, of_many_updates_of_a_version_one_succeeds,
    of_many_updates_that_move_the_indexes_one_moves_them,
};
pub use records::{
    a_record_comes_back_as_it_was, create_refuses_an_existing_key, remove_tells_whether_there_was_one,
    update_changes_the_expected_version_alone, update_leaves_what_is_gone_gone,
    update_wants_a_higher_version,
};
pub use removals::{
    every_removal_is_told_once, updates_do_not_survive_the_removal_of_a_provider_session,
    updates_do_not_survive_the_removal_of_a_subject, what_is_removed_is_not_brought_back_by_an_update,
    what_is_removed_is_not_brought_back_by_an_update_that_moves_the_indexes,
};
pub use watching::{
    a_watcher_hears_of_what_another_instance_changed, a_watcher_hears_of_what_its_own_store_changed,
};

/// What the store under test keeps its records in: a database, a server, a file, a piece of memory. Empty when
/// the test gets it, and nobody else's.
#[async_trait]
pub trait Engine: Send + Sync {
    /// A store on this engine, going by this clock. Called twice in a test: the two are two instances of one
    /// application, each with connections of its own, and see the same records.
    async fn open(&self, clock: VirtualClock) -> Arc<dyn SessionStore>;

    /// Whether a store hears of what another on the same engine changed. Where it does not, the two promises of
    /// watching are not asked for.
    fn watches(&self) -> bool {
        true
    }

    /// How many records lie in the engine, whether expired or not; `None` where that cannot be told, or where
    /// the engine removes expired ones by a clock of its own. A store that sweeps from time to time may sweep
    /// here.
    async fn count(&self) -> Option<usize> {
        None
    }
}

/// No promise takes longer than this.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs one promise of [`store_suite!`](crate::store_suite) on a runtime of its own.
///
/// # Errors
/// When the promise is broken, or not kept within a minute.
pub fn run(promise: impl Future<Output = Result<(), BrokenPromise>>) -> Result<(), BrokenPromise> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| BrokenPromise::new(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        match tokio::time::timeout(PATIENCE, promise).await {
            Ok(kept) => kept,
            Err(_) => Err(BrokenPromise::new("the store did not answer")),
        }
    })
}
