//! How many posted forms wait in the store: nobody has signed in yet who posts one, so there is a limit.
//!
//! Without it, whoever can post to a page of the application could fill the store. Small forms travel in the
//! browser's own cookie and are not counted. What is kept, and when, is decided by `flow/kept_form.rs`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};

/// How many forms this process keeps in the store at a time. One that was sent meanwhile counts until its time is
/// over: the count knows times alone.
const MOST_AT_ONCE: usize = 1000;

/// When the forms in the store were kept, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct KeptForms(Mutex<VecDeque<Timestamp>>);

impl KeptForms {
    /// Whether one more may be kept now, for so long; if so, it is counted. A refusal is logged as
    /// [`ErrorCode::Overloaded`], and the person finds the page with the form again.
    pub(crate) fn may_keep(&self, now: Timestamp, lifetime: Duration) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.front().is_some_and(|at| now.since(*at) > lifetime || *at > now) {
            kept.pop_front();
        }
        let may = kept.len() < MOST_AT_ONCE;
        if may {
            kept.push_back(now);
        } else {
            let error = Error::new(ErrorCode::Overloaded).detail("a posted form was not kept: too many wait");
            tracing::warn!(code = error.code().name(), %error, "a form is lost");
        }
        may
    }
}
