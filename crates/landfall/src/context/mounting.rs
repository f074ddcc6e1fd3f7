//! Whether the layer stands where it sees our own paths.
//!
//! A layer that does not see its callback is not told so by any request: what a router keeps from it, it never hears
//! of. What it does see says something, though, and this is what is remembered of it, in the memory of this process:
//!
//! - that one of our own paths was requested. Then all is well, for good.
//! - that it stands below a prefix under which the callback is not. Only some frameworks say so.
//! - which of the lines for the log were written: each is written once.
//!
//! What is said, and when, is for [`visit::mounting`](crate::visit::mounting).
//!
//! Every request may read it and any may write it, without a lock: a line that two requests want to write at once is
//! written by one of them, and nothing else depends on the order.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Timestamp;

/// What is known of where the layer stands.
#[derive(Debug)]
pub(crate) struct Mounting {
    /// Since when: an attempt that is older began with another process, and may have come back to that one.
    pub(crate) since: Timestamp,
    /// Set by the first request for one of our own paths, and never taken back. It need not be the callback: a layer
    /// that sees its login address stands where it sees the others.
    own_path_seen: AtomicBool,
    /// What a framework matched of the path before the layer saw the request, where the callback is not below it.
    below: OnceLock<Box<str>>,
    /// Whether the log says already where the first browser is to come back to.
    expected: AtomicBool,
    /// Whether the log warns already.
    warned: AtomicBool,
}

impl Mounting {
    /// Nothing is known yet.
    pub(crate) fn new(since: Timestamp) -> Self {
        Self {
            since,
            own_path_seen: AtomicBool::new(false),
            below: OnceLock::new(),
            expected: AtomicBool::new(false),
            warned: AtomicBool::new(false),
        }
    }

    /// One of our own paths was requested, and came here.
    pub(crate) fn saw_own_path(&self) {
        self.own_path_seen.store(true, Ordering::Relaxed);
    }

    /// Whether one ever was.
    pub(crate) fn has_seen_own_path(&self) -> bool {
        self.own_path_seen.load(Ordering::Relaxed)
    }

    /// The layer stands below this prefix, and the callback does not.
    pub(crate) fn is_below(&self, prefix: &str) {
        if self.below.get().is_none() {
            // Whoever comes second says the same of another place.
            let _first_stays = self.below.set(prefix.into());
        }
    }

    /// The prefix under which the callback is not, if the layer stands below one.
    pub(crate) fn below(&self) -> Option<&str> {
        self.below.get().map(AsRef::as_ref)
    }

    /// Whether to say where the callback is expected: true once.
    pub(crate) fn may_tell(&self) -> bool {
        !self.expected.swap(true, Ordering::Relaxed)
    }

    /// Whether to warn: true once.
    pub(crate) fn may_warn(&self) -> bool {
        !self.warned.swap(true, Ordering::Relaxed)
    }
}
