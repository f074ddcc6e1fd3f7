//! What the operator is told, once, of session cookies that do not open.
//!
//! Whoever brings one is nobody, and signs in again: right for one browser, and a riddle where it happens to all of
//! them after a deployment. The usual cause is a key that was replaced in place of being kept for a while, so it is
//! told, with what to do.
//!
//! Anybody can send such a cookie, so each cause is told once in the life of a relying party and in words that do not
//! believe the cookie; its value is never shown. What does not even look like a session of ours is not told at all.
//! Sessions that open pay nothing for it.
//!
//! | cause | how it comes about |
//! |---|---|
//! | [`Key`](Cause::Key) | a key was replaced, an instance has others, or the name that sessions are kept under changed |
//! | [`LaterRelease`](Cause::LaterRelease) | a rollback, or instances of two releases side by side |
//! | [`OtherIssuer`](Cause::OtherIssuer) | the application moved to another provider |
//! | [`NoStore`](Cause::NoStore) | the store was taken out of the settings |
//! | [`Id`](Cause::Id) | as the first, where sessions are in a store |
//! | [`Record`](Cause::Record) | an instance has the cookie's key, and not the newer one that another wrote the record with |

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Names;

/// Why a cookie that is called as our session cookie is opens no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// None of the keys opens it.
    Key,
    /// A later release sealed it, by its version.
    LaterRelease,
    /// A key opens it, and it is of another issuer, or of no format that is known here.
    OtherIssuer,
    /// It names a session of a store, and there is none.
    NoStore,
    /// It may be the id of a stored session, and none of the keys made its tag.
    Id,
    /// The store has a record by its name, and none of the keys opens it with the cookie.
    Record,
}

/// Tells each cause once.
#[derive(Debug)]
pub(super) struct Unopened {
    names: Names,
    told: [AtomicBool; 6],
}

impl Unopened {
    /// Nothing was told. Settings are called by these names.
    pub(super) fn new(names: Names) -> Self {
        Self { names, told: Default::default() }
    }

    /// Whether this cause was told.
    pub(super) fn was_told(&self, cause: Cause) -> bool {
        self.flag(cause).load(Ordering::Relaxed)
    }

    /// Tells it, unless it was told. `base_url` is the one that the request came by, where that is known.
    pub(super) fn tell(&self, cause: Cause, base_url: Option<&str>) {
        if self.was_told(cause) || self.flag(cause).swap(true, Ordering::Relaxed) {
            return;
        }
        let (found, remedy) = words(cause);
        let remedy = self.names.spell(remedy);
        tracing::warn!(
            base_url,
            found,
            remedy = &*remedy,
            "a session cookie does not open, and whoever brought it is nobody; told once, and anybody can send one"
        );
    }

    fn flag(&self, cause: Cause) -> &AtomicBool {
        let [key, later, issuer, store, id, record] = &self.told;
        match cause {
            Cause::Key => key,
            Cause::LaterRelease => later,
            Cause::OtherIssuer => issuer,
            Cause::NoStore => store,
            Cause::Id => id,
            Cause::Record => record,
        }
    }
}

/// What was found, and what to do.
fn words(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Key => (
            "it looks sealed, and with none of the keys",
            "if keys were replaced: name the old one behind the new one in `cookie_keys` until its sessions are over, and \
             the same keys on every instance; if the issuer or the client id changed: keep sessions by `application_name`",
        ),
        Cause::LaterRelease => (
            "it says that a later release sealed it",
            "if this is a rollback: such sessions are there again with the later release",
        ),
        Cause::OtherIssuer => {
            ("it is of another issuer", "if `issuer` was changed: people of the old one sign in again")
        }
        Cause::NoStore => (
            "it names a session in a store, and there is no store",
            "if there was one until now: name it again as `store`, or people sign in again",
        ),
        Cause::Id => (
            "it looks like the id of a stored session, which none of the keys made",
            "if keys were replaced: name the old one behind the new one in `cookie_keys` until its sessions are over, and \
             the same keys on every instance; if the issuer or the client id changed: keep sessions by `application_name`",
        ),
        Cause::Record => (
            "the store has its record, which opens with none of the keys",
            "if keys were replaced: name the old one behind the new one in `cookie_keys` until its sessions are over, and \
             the same keys on every instance",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_told_once_in_words_of_its_own() {
        let causes =
            [Cause::Key, Cause::LaterRelease, Cause::OtherIssuer, Cause::NoStore, Cause::Id, Cause::Record];
        let unopened = Unopened::new(Names::default());
        for (at, cause) in causes.into_iter().enumerate() {
            assert!(!unopened.was_told(cause), "{cause:?} has a flag of its own");
            unopened.tell(cause, None);
            assert!(unopened.was_told(cause));
            let (found, remedy) = words(cause);
            assert!(remedy.starts_with("if ") && causes[..at].iter().all(|other| words(*other).0 != found));
        }
    }
}
