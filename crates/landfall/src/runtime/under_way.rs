//! What goes on by itself, counted by what it is for, so that a process can end when nothing of it is left.
//!
//! A [`Place`] is held from before the work starts until it is over, by a panic or with its runtime as well. Counting is
//! an addition to a number that all threads share: no lock, and no allocation beside that of the work itself. What is
//! answered without work of its own, as a guarded request with a session at hand is, is not counted.
//!
//! Once [`UnderWay::close`] was called, [`UnderWay::admit`] gives no place any more, and [`UnderWay::enter`] still does:
//! who calls which says what is sent to another instance, and what is done here to the last moment.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// What work is for. The numbers of [`Unfinished`] stand in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A callback or an exchange: a code is sent, and a session begun.
    SignIn,
    /// A refresh token is sent, and what comes for it is kept.
    Refresh,
    /// A session is written anew, as it lives on.
    Save,
    /// Sessions end, by the person or by the provider, and tokens are revoked.
    SignOut,
    /// Whatever else waits for the store or the provider: trips that begin, kept forms, the application's own calls.
    Other,
}

/// Kinds of [`Work`], as they are told: one of it, and several.
const NAMES: [(&str, &str); 5] = [
    ("sign-in", "sign-ins"),
    ("refresh", "refreshes"),
    ("save", "saves"),
    ("sign-out", "sign-outs"),
    ("other call", "other calls"),
];

/// The work of one relying party that is under way: a number for each kind of it, and whether anybody waits for its end.
///
/// The numbers are exact: a place is counted before its work can begin, and until its work has ended. They are read one
/// after the other, so what begins meanwhile may be missing; once it is closed, nothing that matters begins.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    counts: [AtomicUsize; NAMES.len()],
    /// Whether somebody waits for the end of all of it.
    closed: AtomicBool,
    /// Told at the end of each piece of work once it is closed.
    left: Notify,
}

/// One piece of work, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    of: Arc<UnderWay>,
    work: Work,
}

impl UnderWay {
    /// A place, whatever is closed.
    pub(crate) fn enter(self: &Arc<Self>, work: Work) -> Place {
        self.count(work).fetch_add(1, Ordering::SeqCst);
        Place { of: Arc::clone(self), work }
    }

    /// A place; `None` once it is closed. Whoever has one before is waited for: the count comes first here, and the
    /// closing there.
    pub(crate) fn admit(self: &Arc<Self>, work: Work) -> Option<Place> {
        let place = self.enter(work);
        (!self.closed.load(Ordering::SeqCst)).then_some(place)
    }

    /// Admits nobody any more. There is no way back.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Returns when nothing is under way; it must be closed by then, since only then it hears of what ends. Several may
    /// wait, and none of them is waited for.
    pub(crate) async fn idle(&self) {
        loop {
            // Made before the look, so that it hears of what ends in between.
            let left = self.left.notified();
            if self.unfinished().is_empty() {
                return;
            }
            left.await;
        }
    }

    /// What is under way now.
    pub(crate) fn unfinished(&self) -> Unfinished {
        Unfinished(self.counts.each_ref().map(|count| count.load(Ordering::SeqCst)))
    }

    /// The number of this kind, in the order of [`Unfinished`].
    fn count(&self, work: Work) -> &AtomicUsize {
        let [sign_ins, refreshes, saves, sign_outs, others] = &self.counts;
        match work {
            Work::SignIn => sign_ins,
            Work::Refresh => refreshes,
            Work::Save => saves,
            Work::SignOut => sign_outs,
            Work::Other => others,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.count(self.work).fetch_sub(1, Ordering::SeqCst);
        // Only then does anybody wait, and only then is its lock taken.
        if self.of.closed.load(Ordering::SeqCst) {
            self.of.left.notify_waiters();
        }
    }
}

/// What was still under way when the deadline of [`RelyingParty::drain`](crate::RelyingParty::drain) was over. Empty where
/// everything came to its end.
///
/// Its `Display` names what there is: `2 refreshes, 1 sign-out`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "what is left here is lost when the process ends"]
pub struct Unfinished([usize; NAMES.len()]);

impl Unfinished {
    /// Whether everything came to its end.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }

    /// Callbacks and exchanges: their code was sent or was about to be, and no session may have come of it. The person
    /// signs in again.
    pub fn sign_ins(&self) -> usize {
        let [sign_ins, ..] = self.0;
        sign_ins
    }

    /// Refreshes: where the refresh token was sent, what came for it is not kept, and the session ends when it is needed
    /// again.
    pub fn refreshes(&self) -> usize {
        let [_, refreshes, ..] = self.0;
        refreshes
    }

    /// Sessions that live on and are not written anew. They end as early as if nobody had come.
    pub fn saves(&self) -> usize {
        let [_, _, saves, ..] = self.0;
        saves
    }

    /// Sign-outs, by a person or by the provider. Sessions may stand, and tokens may be left that nobody revokes.
    pub fn sign_outs(&self) -> usize {
        let [_, _, _, sign_outs, _] = self.0;
        sign_outs
    }

    /// Everything else that waits for the store or the provider: trips to the provider that begin, kept forms, the
    /// application's own calls ([`Sessions`](crate::Sessions), access tokens that are waited for).
    pub fn others(&self) -> usize {
        let [.., others] = self.0;
        others
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (count, (one, several)) in self.0.iter().zip(NAMES) {
            if *count > 0 {
                write!(f, "{separator}{count} {}", if *count == 1 { one } else { several })?;
                separator = ", ";
            }
        }
        f.write_str(if separator.is_empty() { "nothing" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_work_is_told_by_its_own_number_and_name() {
        let under_way = Arc::new(UnderWay::default());
        assert_eq!(under_way.unfinished().to_string(), "nothing");
        let kinds = [Work::SignIn, Work::Refresh, Work::Save, Work::SignOut, Work::Other];
        let places: Vec<_> = (1..)
            .zip(kinds)
            .flat_map(|(count, work)| vec![work; count])
            .map(|work| under_way.enter(work))
            .collect();
        let left = under_way.unfinished();
        let told = [left.sign_ins(), left.refreshes(), left.saves(), left.sign_outs(), left.others()];
        assert_eq!(told, [1, 2, 3, 4, 5]);
        assert_eq!(left.to_string(), "1 sign-in, 2 refreshes, 3 saves, 4 sign-outs, 5 other calls");
        drop(places);
        assert!(under_way.unfinished().is_empty());
    }

    #[tokio::test]
    async fn who_came_before_the_closing_is_waited_for_and_who_comes_after_it_has_no_place() {
        let under_way = Arc::new(UnderWay::default());
        let (before, refused) = (under_way.admit(Work::Refresh).unwrap(), Arc::clone(&under_way));
        under_way.close();
        assert!(refused.admit(Work::Refresh).is_none());
        assert_eq!(under_way.unfinished().refreshes(), 1, "who was refused is not counted");
        let waits = tokio::spawn(async move { refused.idle().await });
        tokio::task::yield_now().await;
        // An ending is done to the last moment, and waited for as well.
        let ending = under_way.enter(Work::SignOut);
        drop(before);
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        drop(ending);
        waits.await.unwrap();
    }
}
