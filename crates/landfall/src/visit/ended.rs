//! The end of a session, as a connection waits for it that stays open when its request is over.
//!
//! Somebody has to look whether sessions still stand. That is one piece of work for a relying party, begun by the first who
//! waits and over soon after nobody does: what it looks at is the session room's ([`lookout`](crate::session)), here it is
//! run. Where its runtime ends under it, whoever waits begins it anew.

use std::future::pending;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Visit;
use super::signed_in::SignedIn;
use crate::clock::Timestamp;
use crate::context::Context;
use crate::session::{EndReason, Session, SubjectId, Watch};
use crate::web::reply::Waiting;

/// How often the clock is looked at while somebody waits. The store tells of changes in between.
const BEAT: Duration = Duration::from_millis(500);
/// How often the looking is begun anew for one who waits without one round that came to its end: runtimes may end under it.
/// Beyond that nobody can tell.
const TRIES: usize = 8;

impl SignedIn {
    /// Waits until the session is over, and says why: for a WebSocket, an event stream or a long poll, which outlives the
    /// look at who is there.
    ///
    /// A session that is renewed, or whose tokens are refreshed, is the same session. One that this browser replaced by
    /// signing in again is over, whoever signed in. An open connection does not prolong a session: without requests it runs
    /// out, and the connection with it.
    ///
    /// - With a store: as soon as the store tells of the ending, which takes less than a second with Redis and PostgreSQL,
    ///   on every instance. What the store cannot tell of is found by asking it, once a session in each span of
    ///   [`near_cache_staleness`](crate::RelyingPartyBuilder::near_cache_staleness), or in a second
    ///   where that is less. While the store does not answer, a session stands that has not run out.
    /// - Sealed into its cookie: when it runs out, and when its browser signs out or in anew at this very process, also
    ///   where it did so some minutes before. Nothing more is known of such a session.
    ///
    /// - By credentials, which nobody asks about again: when the application says on this instance that they are to be
    ///   forgotten ([`Credentials::forget`](crate::Credentials::forget)).
    ///
    /// What runs out by the clock is noticed within half a second.
    ///
    /// Nothing happens before it is first polled. It may be awaited on any runtime; dropped, it is forgotten.
    ///
    /// ```
    /// use tokio::sync::mpsc::Receiver;
    ///
    /// async fn live(user: landfall::SignedIn, mut messages: Receiver<String>) {
    ///     let mut ended = user.ended();
    ///     loop {
    ///         tokio::select! {
    ///             why = &mut ended => return println!("{why:?}"),
    ///             Some(message) = messages.recv() => println!("{message}"),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn ended(&self) -> Waiting<EndReason> {
        let context = Arc::clone(&self.context);
        match self.who.session() {
            Some(session) => Box::pin(ended(context, Arc::clone(session))),
            None => Box::pin(forgotten(context, self.subject_id(), self.who.expires_at())),
        }
    }
}

impl Visit {
    /// Waits until the session is over that is there when this is asked: the one that the request came with, or the one that
    /// its handler began since; see [`SignedIn::ended`]. For ever where nobody is signed in.
    ///
    /// Asking marks the answer, as [`Self::signed_in`] does.
    pub fn ended(&self) -> Waiting<EndReason> {
        match self.signed_in() {
            Some(user) => user.ended(),
            None => Box::pin(pending()),
        }
    }
}

/// Waits until somebody's credentials are forgotten: from the moment on at which the application took them.
async fn forgotten(context: Arc<Context>, subject: SubjectId, taken_at: Timestamp) -> EndReason {
    match &context.credentials {
        Some(credentials) => credentials.until_forgotten(&subject, taken_at).await,
        None => pending().await,
    }
}

/// Waits, and sees to it that somebody looks.
///
/// The seat is taken with the first poll, and is given up when the future is dropped: there is no other state.
async fn ended(context: Arc<Context>, session: Arc<Session>) -> EndReason {
    let mut waiter = context.sessions.wait_for_end(&session, context.clock.now());
    let (mut tries, mut rounds) = (0, waiter.endings().rounds());
    while tries < TRIES {
        if let Some(watch) = waiter.endings().watch() {
            context.runtime.run_aside(look_out(Arc::downgrade(&context), watch));
        }
        if let Some(why) = waiter.next().await {
            return why;
        }
        let before = std::mem::replace(&mut rounds, waiter.endings().rounds());
        tries = if rounds == before { tries + 1 } else { 0 };
    }
    EndReason::Elsewhere
}

/// Looks after all that are waited for, as long as there are some and for a moment longer.
///
/// A round is over before the next begins, so the store is never asked twice at once for one session; what is told in
/// between makes the next round begin at once.
async fn look_out(context: Weak<Context>, mut watch: Watch) {
    let endings = Arc::clone(watch.endings());
    while let Some(context) = context.upgrade() {
        if !context.sessions.look_out(&mut watch, &*context.clock).await {
            return;
        }
        // Whoever waits has the relying party in hand; this must not keep it.
        drop(context);
        // A change is looked at, at once; a beat that nothing came in is a look at the clock.
        let _ = tokio::time::timeout(BEAT, endings.changed()).await;
    }
}
