//! A sign-in that the application made itself: who it is was its own to find out.
//!
//! The end of a callback without the trip: a session begins, and the one that the browser had ends. What came before is
//! not passed over, whoever it was of: the session has a new id and nothing of the other.

use std::sync::Arc;

use crate::address::return_to::ReturnTo;
use crate::browser::cookie::{CookieKind, SentCookie};
use crate::browser::pending_login::{Spent, SpentV2, target_digest};
use crate::clock::Timestamp;
use crate::context::Context;
use crate::context::events::{EventKind, Told, WayIn};
use crate::context::sign_in_query::SignInQuery;
use crate::context::site::Site;
use crate::error::{Error, ErrorCode};
use crate::flow::replacement;
use crate::session::{Identity, NewSession, Session, SignInOptions};

/// Whom the application signs in, and where.
#[derive(Debug)]
pub(crate) struct LocalSignIn {
    /// The base URL that the request came by.
    pub(crate) site: Arc<Site>,
    /// One of the application's own people.
    pub(crate) identity: Identity,
    /// What the session is given.
    pub(crate) options: SignInOptions,
    /// The session that the browser had.
    pub(crate) before: Option<Arc<Session>>,
    /// What the sign-in page was opened with, where a link of ours led there.
    pub(crate) asked: Option<SignInQuery>,
    /// The attempts' cookies that the browser holds.
    pub(crate) sent: Vec<SentCookie>,
}

/// Begins the session; gives it and its Set-Cookie lines.
///
/// It is told as a sign-in, or as a step up where the same person had a session that was weaker, or was asked for more.
/// What led to the page is marked as a sign-in that lands there, as a callback marks it: a page that leads here again and
/// again, and never finds enough, ends in the page about loops.
///
/// # Errors
/// [`ErrorCode::Misconfigured`] for somebody of a provider's, and those of the end of a callback: the store's, a session
/// that fits no cookie, [`ErrorCode::TooManySessions`].
pub(crate) async fn begin(
    context: &Context,
    sign_in: LocalSignIn,
) -> Result<(Arc<Session>, Vec<String>), Error> {
    let LocalSignIn { site, identity, options, before, asked, sent } = sign_in;
    if !identity.is_local() {
        return Err(Error::new(ErrorCode::Misconfigured).detail(
            "sign_in takes the application's own people alone: Identity::local. Whom a provider knows signs in there",
        ));
    }
    let now = context.clock.now();
    let mut identity = options.applied_to(identity);
    // As its claim is: in whole seconds.
    identity.auth_time = Some(Timestamp::from_secs(now.secs()));
    let (subject, level) = (identity.subject_id(), identity.auth_level());
    let new = NewSession {
        identity,
        client_id: None,
        tokens: None,
        created_at: now,
        ceiling: None,
        label: options.label,
        method: options.method,
    };
    let started = context.sessions.begin(&site.session_seal, new, now).await?;
    let replaces = before.as_ref().and_then(|before| before.record_key());
    context.hold_to_limit(&subject, started.key, replaces).await?;
    let more = asked.as_ref().is_some_and(|asked| asked.wanted.request.insufficient.is_some());
    let is_step_up = before.as_ref().is_some_and(|before| {
        before.identity.subject_id() == subject && (more || before.identity.auth_level() < level)
    });
    let kind = if is_step_up { EventKind::SteppedUp } else { EventKind::SignedIn };
    let told = Told { subject: Some(&subject), session: started.key, ..Told::new(kind, WayIn::Application) };
    context.events.tell_of(&told, now);
    let is_another = before.as_ref().is_some_and(|before| before.identity.subject_id() != subject);
    if let Some(before) = before {
        replacement::replaced(context, &before, &subject).await;
    }
    tracing::info!(local = true, "signed in");
    let mut cookies = vec![started.cookie];
    if is_another {
        let kept = sent.iter().filter(|cookie| cookie.kind == CookieKind::Kept);
        cookies.extend(kept.map(|cookie| site.names.clear(&cookie.name)));
    }
    if let Some(asked) = asked {
        cookies.extend(mark(context, &site, &asked.return_to, &sent, now)?);
    }
    Ok((Arc::new(started.session), cookies))
}

/// The lines that mark a sign-in which lands there, and take away the marks that are too many.
fn mark(
    context: &Context,
    site: &Site,
    lands_at: &ReturnTo,
    sent: &[SentCookie],
    now: Timestamp,
) -> Result<Vec<String>, Error> {
    let mark = Spent {
        attempt: context.random()?,
        // No code will ever come for it.
        code: [0; 16],
        finished_at: now.secs(),
        signed_in: true,
        target: target_digest(lands_at.as_str()),
        v2: SpentV2::default(),
    };
    let evicted = site.seals.to_evict(sent, (0, 0), context.settings.timeouts.login, now);
    let mut lines: Vec<_> = evicted.into_iter().map(|name| site.names.clear(name)).collect();
    lines.push(site.seals.spent_cookie(&*context.entropy, &site.names, &mark)?);
    Ok(lines)
}
