//! Refresh: an access token that is about to expire is exchanged for a new one, once.
//!
//! Providers that rotate refresh tokens take a second use of one for theft and end everything that came of it
//! (RFC 9700 §4.14.2). So a refresh token is sent by one request for all of its process, under a lease for all
//! processes; whoever comes second reads what the first one kept. Nobody overwrites what is newer, and a session
//! that ended meanwhile stays so.
//!
//! 1. [`due`] tells without I/O whether there is anything to do.
//! 2. [`fresh`] joins the refresh that is under way in this process, or begins one as a task of its own, and
//!    waits.
//! 3. The task looks at the record, fetches metadata and keys, waits for a slot and takes the lease
//!    (`RefreshRun::run`).
//! 4. Under the lease it looks again, asks the provider ([`ask()`]), and keeps what came by compare-and-swap.
//! 5. Everybody who waits gets the outcome.
//!
//! What may happen, and what becomes of the session:
//!
//! | what happens | the session | whoever asked gets |
//! |---|---|---|
//! | new tokens | has them | the new token |
//! | the provider cannot be reached, or the store | stands | the old token while it is good, else an error |
//! | the provider refuses the refresh token (`invalid_grant`) | ends | a sign-in |
//! | the provider wants to see the person | stands | the old token while it is good, else a sign-in |
//! | the ID token that came is another's | ends | a sign-in |
//! | a sign-out meanwhile | stays ended | a sign-in |
//!
//! What requests share meanwhile is in [`context::refreshes`](crate::context::refreshes); how fresh a token has
//! to be in [`session`](crate::session).

mod request;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

pub(crate) use self::request::{Before, RefreshError, ask};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::events::{EndReason, EventKind};
use crate::context::refreshes::{self, RefreshOutcome, SharedRefresh};
use crate::crypto::digest::sha256;
use crate::error::{Error, ErrorCode};
use crate::flow::access_token::{AccessToken, AccessTokenError};
use crate::flow::logout;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::discovery::ProviderMetadata;
use crate::protocol::jwks::KeySet;
use crate::provider::client::Client;
use crate::runtime::under_way::{Place, Work};
use crate::session::{RecordKey, Refreshed, Saved, Session, SessionId, Tokens};

/// How long a token that is still good is worth waiting for a better one that somebody else is fetching. A
/// request that could be answered now should not wait for a slow provider.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long tokens that were obtained wait for a store that is down: they are the only ones there are, since the
/// refresh token that they came for is spent.
const KEEP_TRYING: Duration = Duration::from_secs(10 * 60);
/// The first pause before the store is asked again; each further one is twice as long.
const FIRST_LOOK: Duration = Duration::from_millis(20);
/// The longest of these pauses.
const LAST_LOOK: Duration = Duration::from_millis(500);

/// Whether a session's access token has to be refreshed. Most requests end at the first.
pub(crate) enum Due {
    /// No: this is the answer.
    Not(Result<AccessToken, AccessTokenError>),
    /// Yes, that of this session. `old` is the token that there is, which may still be good for a moment.
    Now { id: SessionId, old: Tokens },
}

/// Tells without I/O.
///
/// A session without tokens, or with a token that has run out and nothing to refresh it by, wants a new sign-in.
/// Without a store no session has tokens, and that is the operator's matter.
pub(crate) fn due(session: &Session, has_store: bool, now: Timestamp) -> Due {
    if session.identity.is_local() {
        let detail = "an access token for somebody whom no provider signed in";
        return Due::Not(Err(AccessTokenError::Failed(Error::new(ErrorCode::Forbidden).detail(detail))));
    }
    let tokens = match (&session.tokens, has_store) {
        (Some(tokens), _) => tokens,
        // Signed in before there was a store, or by the application: there is somebody, but no token.
        (None, true) => return Due::Not(Err(AccessTokenError::Wanted(SignInWanted::new()))),
        (None, false) => {
            let error = Error::new(ErrorCode::Misconfigured).detail(
                "AccessToken without a store: tokens are never kept in a cookie; give the builder a store",
            );
            return Due::Not(Err(AccessTokenError::Failed(error)));
        }
    };
    match (&session.stored, &tokens.refresh) {
        _ if tokens.is_fresh(now) => Due::Not(Ok(handed_out(tokens, now))),
        (Some(stored), Some(_)) => Due::Now { id: stored.id.clone(), old: tokens.clone() },
        _ => Due::Not(Err(AccessTokenError::Wanted(SignInWanted::new()))),
    }
}

/// An access token that is good for a while, refreshed if it has to be.
///
/// The refresh is a task of its own: it goes on when everybody who waits for it has gone, since what the provider
/// gave must be kept. Whoever has a token that is still good waits two seconds for a better one; whoever has none
/// waits for three leases at most. `is_activity`: whether a refresh that this begins is a sign that the session is in use.
///
/// # Errors
/// [`AccessTokenError::Wanted`] where only a sign-in helps, [`AccessTokenError::Failed`] where it cannot be had
/// now.
pub(crate) async fn fresh(
    context: &Arc<Context>,
    client: &Arc<Client>,
    id: SessionId,
    old: &Tokens,
    is_activity: bool,
) -> Result<AccessToken, AccessTokenError> {
    let key = id.record_key();
    let (refresh, is_first) = context.refreshes.enter(key, context.clock.now());
    if is_first && let Some(place) = context.runtime.admit(Work::Refresh) {
        let client = Arc::clone(client);
        let begun = Begun { context: Arc::clone(context), key, shared: Arc::clone(&refresh), _place: place };
        tokio::spawn(async move {
            let this = Arc::clone(&begun.context);
            // A task within a task: a panic in an HTTP client must not leave everybody waiting.
            let run = tokio::spawn(async move {
                RefreshRun { context: &this, client: &client, id: &id, is_activity }.run().await
            });
            let lost = |_| Err(Error::new(ErrorCode::ProviderUnreachable).detail("the refresh panicked"));
            let outcome =
                run.await.unwrap_or_else(lost).unwrap_or_else(|error| RefreshOutcome::failed(&error));
            begun.leave(outcome);
        });
    } else if is_first {
        let refused =
            RefreshOutcome::Failed(ErrorCode::ShuttingDown, "no refresh is begun any more".to_owned());
        context.refreshes.leave(key, &refresh, refused, context.clock.now());
    }
    let lease = context.refreshes.lease();
    let patience = if old.is_good(context.clock.now()) { PATIENCE } else { lease * 3 };
    let outcome = tokio::time::timeout(patience, refresh.outcome()).await;
    let now = context.clock.now();
    match outcome {
        Ok(RefreshOutcome::Token(tokens)) => Ok(handed_out(&tokens, now)),
        Ok(RefreshOutcome::SignIn) => Err(AccessTokenError::Wanted(SignInWanted::new())),
        // The session stands, and so does its token while it lasts.
        _ if old.is_good(now) => Ok(handed_out(old, now)),
        // The provider wants to see the person (consent, another factor): the session is as good as it was.
        Ok(RefreshOutcome::Failed(ErrorCode::TokenRefused, _)) => {
            Err(AccessTokenError::Wanted(SignInWanted::new()))
        }
        Ok(RefreshOutcome::Failed(code, detail)) => {
            Err(AccessTokenError::Failed(Error::new(code).detail(detail)))
        }
        Err(_) => Err(AccessTokenError::Failed(
            Error::new(ErrorCode::ProviderTimeout).detail("the refresh came to no end"),
        )),
    }
}

/// One refresh under way.
struct RefreshRun<'a> {
    context: &'a Context,
    /// The client that began the session.
    client: &'a Client,
    /// Which session: its record is read anew at each look.
    id: &'a SessionId,
    /// Whether the session lives on for it.
    is_activity: bool,
}

impl RefreshRun<'_> {
    /// Until the token is fresh, by our own doing or somebody else's. Each round:
    ///
    /// 1. Look: somebody may have done it.
    /// 2. Metadata and keys, before the lease, which is for one call; and a refresh token that was sent cannot be
    ///    sent again when the keys turn out to be missing.
    /// 3. A slot, so that the provider stays up when a thousand sessions come due in the same second.
    /// 4. The lease. Whoever gets it finishes; whoever does not looks again after a pause, and gives up after two
    ///    leases.
    ///
    /// # Errors
    /// When the provider or the store cannot be asked. The session is left as it is.
    async fn run(&self) -> Result<RefreshOutcome, Error> {
        let (context, began) = (self.context, Instant::now());
        if context.sessions.store().is_none() {
            return Ok(RefreshOutcome::SignIn);
        }
        let lease = context.refreshes.lease();
        let (name, holder) = (lease_name(self.id), refreshes::holder(&*context.entropy)?);
        let mut pause = FIRST_LOOK;
        loop {
            if let Look::Done(outcome) = self.look().await? {
                return Ok(outcome);
            }
            let metadata = self.client.metadata().await?;
            let keys = self.client.keys(&metadata).await?;
            let slot = tokio::time::timeout(lease, context.refreshes.slot()).await.map_err(|_| {
                Error::new(ErrorCode::ProviderTimeout).detail("too many refreshes wait for the provider")
            })?;
            let taken_at = Instant::now();
            let taken = context.sessions.lease(name, holder, lease).await;
            let outcome = match taken {
                Ok(true) => Some(self.holding_the_lease(taken_at, slot, &metadata, keys).await),
                Ok(false) => {
                    drop(slot);
                    None
                }
                // Perhaps it was taken, and only the answer lost.
                Err(error) => Some(Err(error)),
            };
            if let Some(outcome) = outcome {
                context.sessions.release(name, holder).await;
                return outcome;
            }
            // Whoever holds the lease is gone, or will be, when it ends.
            if began.elapsed() >= lease * 2 {
                return Err(Error::new(ErrorCode::ProviderTimeout)
                    .detail("another instance has been refreshing this session all the time"));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }

    /// What the store says now, whatever copies there are: gone, fresh, without a refresh token, or due.
    async fn look(&self) -> Result<Look, Error> {
        let now = self.context.clock.now();
        let session = self.context.sessions.reload(self.id, now).await?;
        let Some(session) = session else { return Ok(Look::Done(RefreshOutcome::SignIn)) };
        Ok(match &session.tokens {
            Some(tokens) if tokens.is_fresh(now) => Look::Done(RefreshOutcome::Token(tokens.clone())),
            Some(tokens @ Tokens { refresh: Some(refresh), .. }) => {
                let (tokens, spent) = (tokens.clone(), refresh.clone());
                Look::Due(Before { session, tokens, spent })
            }
            _ => Look::Done(RefreshOutcome::SignIn),
        })
    }

    /// Looks once more, then asks the provider, within what is left of the lease since `taken_at`. Somebody may
    /// have held it, and refreshed, in between.
    ///
    /// The slot is given back once the provider has answered: tokens may wait for minutes until a store keeps them, and
    /// the other sessions' refreshes are not to wait for that.
    async fn holding_the_lease(
        &self,
        taken_at: Instant,
        slot: Option<SemaphorePermit<'_>>,
        metadata: &ProviderMetadata,
        keys: Arc<KeySet>,
    ) -> Result<RefreshOutcome, Error> {
        let before = match self.look().await? {
            Look::Done(outcome) => return Ok(outcome),
            Look::Due(before) => before,
        };
        // Whatever client does the call, it must not outlast the lease.
        let left = self.context.refreshes.lease().saturating_sub(taken_at.elapsed());
        let answer = ask(self.context, self.client, &before, left, metadata, keys).await;
        drop(slot);
        match answer {
            Ok(refreshed) => self.keep(&before, &refreshed).await,
            Err(RefreshError::Over(error)) => self.end(&before, &error).await,
            Err(RefreshError::Failed(error)) => Err(error),
        }
    }

    /// Keeps the new tokens. The old ones are spent, so a store that is down is asked again and again for ten
    /// minutes; meanwhile nobody here sends the spent one, and nobody elsewhere can without the store.
    ///
    /// - Kept: the application is told, and everybody gets them.
    /// - Somebody else's are newer: those stand.
    /// - The session ended while the provider was asked: what it gave is revoked, unless the same person signed
    ///   in again.
    /// - Never kept: whoever waits gets them, and the session ends when one is wanted again.
    async fn keep(&self, before: &Before, refreshed: &Refreshed) -> Result<RefreshOutcome, Error> {
        let (context, began) = (self.context, Instant::now());
        let mut pause = FIRST_LOOK;
        let saved = loop {
            let (spent, now) = (&before.spent, context.clock.now());
            match context.sessions.keep_tokens(self.id, spent, refreshed, self.is_activity, now).await {
                Err(error) if began.elapsed() < KEEP_TRYING => {
                    tracing::warn!(code = error.code().name(), %error, "refreshed tokens could not be kept yet");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LAST_LOOK);
                }
                saved => break saved,
            }
        };
        match saved {
            Ok(Saved::Done(kept)) => {
                let subject = before.session.identity.subject_id();
                context.events.tell(EventKind::Refreshed, Some(&subject), Some(self.id.record_key()));
                Ok(kept.tokens.clone().map_or(RefreshOutcome::SignIn, RefreshOutcome::Token))
            }
            Ok(Saved::Superseded(newer)) => {
                Ok(newer.tokens.clone().map_or(RefreshOutcome::SignIn, RefreshOutcome::Token))
            }
            // Signed out while the provider was asked: what it gave is not left lying about.
            Ok(Saved::Gone) => {
                if !context.refreshes.was_replaced(self.id.record_key()) {
                    logout::revoke(self.client, &refreshed.tokens).await;
                }
                Ok(RefreshOutcome::SignIn)
            }
            Err(error) => {
                tracing::error!(code = error.code().name(), %error, "refreshed tokens are lost: the session ends when an access token is wanted again");
                Ok(RefreshOutcome::Token(refreshed.tokens.clone()))
            }
        }
    }

    /// Ends the session whose refresh token is no good, unless it has another one by now: then the refusal was
    /// about one that is spent.
    async fn end(&self, before: &Before, error: &Error) -> Result<RefreshOutcome, Error> {
        match self.look().await? {
            Look::Due(now) if now.spent.matches(before.spent.expose().as_bytes()) => {
                let ended = self.context.sessions.end(&before.session, EndReason::RefreshRefused).await?;
                tracing::warn!(code = error.code().name(), %error, "the session ended: its tokens cannot be refreshed");
                if ended {
                    let change = EventKind::Ended(EndReason::RefreshRefused);
                    let subject = before.session.identity.subject_id();
                    self.context.events.tell(change, Some(&subject), Some(self.id.record_key()));
                }
                Ok(RefreshOutcome::SignIn)
            }
            // Somebody else's are newer, and due already.
            Look::Due(now) => Ok(RefreshOutcome::Token(now.tokens)),
            Look::Done(outcome) => Ok(outcome),
        }
    }
}

/// A refresh that was begun here. Whoever waits for it is told how it went, also where its runtime ends first: then it
/// is as if this process had died, and the lease keeps others away for its time.
struct Begun {
    context: Arc<Context>,
    key: RecordKey,
    shared: Arc<SharedRefresh>,
    /// The process does not end before this is over.
    _place: Place,
}

impl Begun {
    /// Tells them. The first outcome counts.
    fn leave(&self, outcome: RefreshOutcome) {
        let context = &self.context;
        context.refreshes.leave(self.key, &self.shared, outcome, context.clock.now());
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let detail = "the runtime ended while the session was refreshed".to_owned();
        self.leave(RefreshOutcome::Failed(ErrorCode::ProviderUnreachable, detail));
    }
}

/// What a look at the record says.
enum Look {
    /// Nothing is to be done (any more).
    Done(RefreshOutcome),
    /// The session is due, and this is what there is.
    Due(Before),
}

/// The token as the application gets it.
fn handed_out(tokens: &Tokens, now: Timestamp) -> AccessToken {
    let expires_at = tokens.access_expires_at;
    AccessToken { token: tokens.access.clone(), expires_at, expires_in: expires_at.since(now) }
}

/// The name of a session's lease in the store.
fn lease_name(id: &SessionId) -> [u8; 32] {
    sha256(&[b"refresh ", &id.record_key().0])
}
