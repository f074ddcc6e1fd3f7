//! A posted form, kept across a sign-in: sealed when it comes, shown once when the person is back.
//!
//! The sign-in lands on a page of ours that offers to send the form; the callback knows nothing of forms. Which
//! requests are kept is decided by the endpoint (`relying_party/resume.rs`), what the browser holds of it is in
//! [`browser::kept_form`](crate::browser::kept_form).
//!
//! 1. [`keep`] seals the form: into a cookie if it is small, else into the store under an id that the cookie
//!    holds.
//! 2. It starts a sign-in that lands on [`resume_at`] that form.
//! 3. [`resume`] takes the form away from where it is and shows a button. The person sends it, or does not.
//!
//! The store sees sealed bytes and a digest of the id, so it cannot read what somebody wrote.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::address::return_to::ReturnTo;
use crate::browser::cookie::{CookieKind, SentCookie};
use crate::browser::kept_form::{KeptForm, KeptIn, MAX_IN_COOKIE, fields, to_evict};
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::site::Site;
use crate::error::Error;
use crate::flow::login::{self, LoginStart};
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::session::{ReadId, Session, SessionId};
use crate::web::form::parameter;
use crate::web::pages::{self, Next};
use crate::web::reply::Reply;

/// A form as it came. Whoever makes one has checked that it comes from this site.
pub(crate) struct PostedForm {
    /// The base URL it came by.
    pub(crate) site: Arc<Site>,
    /// Path and query that it was posted to, as browsers see them.
    pub(crate) target: String,
    /// The form as it was sent, `application/x-www-form-urlencoded`.
    pub(crate) body: String,
    /// The attempts' cookies that the browser holds, so that old ones can make room.
    pub(crate) sent: Vec<SentCookie>,
}

/// Keeps it and starts the sign-in; the reply sends the browser to the provider.
///
/// `None` where it is none to keep: nobody may land where it was posted to, its fields could not be written down
/// again exactly, or it is too large for a cookie and the store has no room or is not there. A form waits also
/// where the sign-in could not be started: it is there when the provider is back.
///
/// # Errors
/// [`ErrorCode::StoreUnavailable`](crate::ErrorCode::StoreUnavailable), and what sealing says.
pub(crate) async fn keep(context: &Context, form: &PostedForm) -> Result<Option<Reply>, Error> {
    let site = &form.site;
    let target = ReturnTo::parse(&form.target).ok().filter(|target| context.is_landing(site, target));
    let (Some(target), Some(_)) = (target, fields(&form.body)) else { return Ok(None) };
    let (now, lifetime) = (context.clock.now(), context.settings.timeouts.login);
    // What travels in the cookie: both.
    let kept = match form.body.len() + target.as_str().len() {
        0..=MAX_IN_COOKIE => KeptIn::Cookie(form.body.clone()),
        _ if context.sessions.store().is_none() || !context.kept_forms.may_keep(now, lifetime) => {
            return Ok(None);
        }
        _ => {
            let id = SessionId::generate(&*context.entropy)?;
            context.sessions.stash(&id, form.body.as_bytes(), now, now.plus(lifetime)).await?;
            KeptIn::Store(site.session_seal.ids.write(&id))
        }
    };
    let id = context.random()?;
    let kept = KeptForm { kept_at: now.secs(), target: target.as_str().to_owned(), kept_in: kept };
    let cookie = kept.cookie(&*context.entropy, (&site.names, &site.seals), &id, lifetime)?;
    let added = cookie.split(';').next().unwrap_or_default().len();
    let mut reply = begin(context, form, resume_at(context, site, &id), added).await;
    for name in to_evict(&site.seals, &form.sent, added) {
        pages::add_cookie(&mut reply, &site.names.clear(name));
    }
    pages::add_cookie(&mut reply, &cookie);
    tracing::debug!(bytes = form.body.len(), "a posted form is kept across the sign-in");
    Ok(Some(reply))
}

/// Begins the sign-in that lands at a kept form, whose cookie takes `added` bytes: at the provider, or at the application's
/// own page. A failure is a reply, too: the form waits for when the provider is back.
async fn begin(context: &Context, form: &PostedForm, return_to: ReturnTo, added: usize) -> Reply {
    let (site, wanted) = (&form.site, SignInWanted::new());
    if context.leads_to_page(&wanted) {
        let mut reply = pages::see_other(&context.sign_in_link_for(site, &return_to, &wanted));
        let (lifetime, now) = (context.settings.timeouts.login, context.clock.now());
        for name in site.seals.to_evict(&form.sent, (0, added), lifetime, now) {
            pages::add_cookie(&mut reply, &site.names.clear(name));
        }
        return reply;
    }
    let client = match context.client_for_login() {
        Ok(client) => client,
        Err(error) => return context.refuse(error, RequestKind::Navigation, site, Some(&return_to)),
    };
    let start = LoginStart { beside: added, ..LoginStart::new(client, site, return_to, &form.sent) };
    let started = login::start(context, &start).await;
    started.unwrap_or_else(|error| start.refuse(context, error, RequestKind::Navigation))
}

/// The page that offers to send a kept form, once.
///
/// `id` is the form that the address names, `session` whoever is signed in now: the page says who that is, since
/// the form will be sent in their name. A form that is gone, too old or not this browser's gets a page that says
/// so (410). The form's cookie is taken away either way.
///
/// # Errors
/// When the store fails. The cookie then stays for another try.
pub(crate) async fn resume(
    context: &Context,
    site: &Site,
    id: Option<[u8; 16]>,
    sent: &[SentCookie],
    session: &Session,
) -> Result<Reply, Error> {
    let name = id.map(|id| site.names.attempt(CookieKind::Form, &id));
    let cookie = sent.iter().find(|cookie| Some(&cookie.name) == name.as_ref());
    let kept = match cookie.and_then(|cookie| KeptForm::open(&site.seals, cookie)) {
        Some(kept) => take(context, site, kept).await?,
        None => None,
    };
    let mut reply = if let Some((target, fields)) = kept {
        let who = session.identity.name().unwrap_or(session.identity.subject());
        let sentence =
            format!("You are signed in as {who}. What you had entered was kept and has not been sent yet.");
        let next = Next::Post { action: target.as_str(), text: "Send it now", fields: &fields };
        // Not 200: for that, browsers hold a page alive behind the next, button and all, even if nobody may store it.
        pages::page(202, "Go on where you were", &sentence, &next, None)
    } else {
        let home = context.default_return_to(site);
        let next = Next::Link { href: home.as_str(), text: "Go on" };
        let sentence = "What you had entered was kept for a while, to be sent once. If you have not sent it, please enter it again.";
        pages::page(410, "There is nothing left to send", sentence, &next, None)
    };
    if let Some(cookie) = cookie {
        pages::add_cookie(&mut reply, &site.names.clear(&cookie.name));
    }
    Ok(reply)
}

/// Takes out of the store what this browser's forms have there, unread. A store that fails is told of in the log: what
/// it keeps is gone when a sign-in would have taken too long.
pub(crate) async fn forget(context: &Context, site: &Site, sent: &[SentCookie]) {
    for cookie in sent.iter().filter(|cookie| cookie.kind == CookieKind::Form) {
        let Some(KeptIn::Store(id)) = KeptForm::open(&site.seals, cookie).map(|kept| kept.kept_in) else {
            continue;
        };
        let Some(ReadId { id, .. }) = site.session_seal.ids.read(id.as_bytes()) else { continue };
        if let Err(error) = context.sessions.unstash(&id, context.clock.now()).await {
            tracing::warn!(code = error.code().name(), %error, "a kept form could not be taken out of the store");
        }
    }
}

/// Where a form goes, and its fields in order.
type Taken = (ReturnTo, Vec<(String, String)>);

/// Takes a form from where it is: whoever comes second finds nothing in the store.
///
/// The destination is looked at once more: what an older release sealed may not hold today.
async fn take(context: &Context, site: &Site, kept: KeptForm) -> Result<Option<Taken>, Error> {
    let now = context.clock.now();
    let target = ReturnTo::parse(&kept.target).ok().filter(|target| context.is_landing(site, target));
    let Some(target) = target.filter(|_| !kept.is_expired(context.settings.timeouts.login, now)) else {
        return Ok(None);
    };
    let body = match kept.kept_in {
        KeptIn::Cookie(body) => Some(body),
        KeptIn::Store(id) => match site.session_seal.ids.read(id.as_bytes()) {
            Some(ReadId { id, .. }) => {
                let body = context.sessions.unstash(&id, now).await?;
                body.and_then(|body| String::from_utf8(body).ok())
            }
            None => None,
        },
    };
    Ok(body.and_then(|body| Some((target, fields(&body)?))))
}

/// The address of the page that offers this form.
fn resume_at(context: &Context, site: &Site, id: &[u8; 16]) -> ReturnTo {
    let path = context.settings.paths.path(Endpoint::Resume);
    site.destination(&format!("{path}?form={}", URL_SAFE_NO_PAD.encode(id)))
}

/// The form that such an address names; `None` for a query that names none. The id opens nothing by itself: the
/// cookie of that name has to be there.
pub(crate) fn named_in(query: &str) -> Option<[u8; 16]> {
    let text = parameter(query, "form")?;
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CookieKey, RelyingParty};

    #[tokio::test]
    async fn a_form_for_where_nobody_may_land_is_not_kept_and_not_offered_if_an_older_release_kept_it() {
        let relying_party = RelyingParty::builder("https://127.0.0.1:1")
            .client("app", "secret")
            .base_url("https://example.com/app")
            .keep_posted_forms("/")
            .cookie_keys([CookieKey::generate().unwrap()])
            .front_door()
            .unwrap();
        let context = &*relying_party.context;
        let site = context.sites.first();
        let kept = |target: &str| KeptForm {
            kept_at: context.clock.now().secs(),
            target: target.to_owned(),
            kept_in: KeptIn::Cookie("a=1".to_owned()),
        };
        for target in
            ["//evil.example", "https://evil.example/", "/\\evil.example", "/app/auth/logout", "/beside", ""]
        {
            let (target, body, sent) = (target.to_owned(), "a=1".to_owned(), Vec::new());
            assert!(take(context, site, kept(&target)).await.unwrap().is_none(), "{target}");
            let form = PostedForm { site: Arc::clone(site), target, body, sent };
            assert!(keep(context, &form).await.unwrap().is_none(), "{}", form.target);
        }
        let (target, fields) = take(context, site, kept("/app/form?x=1")).await.unwrap().unwrap();
        assert_eq!((target.as_str(), fields.len()), ("/app/form?x=1", 1));
    }
}
