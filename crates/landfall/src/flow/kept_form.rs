//! A posted form, kept across a sign-in: sealed when it comes, shown once when the person is back.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::address::return_to::ReturnTo;
use crate::browser::cookie::{CookieKind, SentCookie};
use crate::browser::kept_form::{KeptForm, KeptIn, MAX_IN_COOKIE, fields, to_evict};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};
use crate::flow::login::{self, LoginStart};
use crate::guard::kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::relying_party::{Inner, Place};
use crate::session::{Session, SessionId};
use crate::web::pages::{self, Next};
use crate::web::reply::Reply;

/// A form as it came.
pub(crate) struct PostedForm {
    pub(crate) base: usize,
    /// Path and query that it was posted to, as browsers see them.
    pub(crate) target: String,
    pub(crate) body: String,
    pub(crate) sent: Vec<SentCookie>,
}

/// Keeps it and starts the sign-in; `None` where it is none to keep.
pub(crate) async fn keep(inner: &Inner, form: &PostedForm) -> Result<Option<Reply>, Error> {
    let place = inner.place(form.base)?;
    let target = ReturnTo::parse(&form.target).ok().filter(|target| inner.is_landing(form.base, target));
    let (Some(target), Some(_)) = (target, fields(&form.body)) else { return Ok(None) };
    let (now, lifetime) = (inner.clock.now(), inner.settings.login_lifetime);
    // What travels in the cookie: both.
    let kept = match form.body.len() + target.as_str().len() {
        0..=MAX_IN_COOKIE => KeptIn::Cookie(form.body.clone()),
        _ if inner.sessions.store().is_none() || !inner.kept_forms.may_keep(now, lifetime) => {
            return Ok(None);
        }
        _ => {
            let id = SessionId::generate(&*inner.entropy)?;
            inner.sessions.put_aside(&id, form.body.as_bytes(), now, now.plus(lifetime)).await?;
            KeptIn::Store(id.to_text())
        }
    };
    let mut id = [0; 16];
    inner.entropy.fill(&mut id)?;
    let kept = KeptForm { kept_at: now.secs(), target: target.as_str().to_owned(), place: kept };
    let cookie = kept.cookie(&*inner.entropy, (&place.names, &place.seals), &id, lifetime)?;
    let start = LoginStart {
        base: form.base,
        return_to: resume_at(inner, place, &id),
        wanted: SignInWanted::new(),
        restarts: 0,
        sent: form.sent.clone(),
        unasked: false,
        redirect_uri: None,
        asked: None,
    };
    let mut reply = login::start(inner, &start).await.unwrap_or_else(|error| {
        // The form waits for when the provider is back.
        inner.not_started(&error, RequestKind::Navigation, &start)
    });
    let added = cookie.split(';').next().unwrap_or_default().len();
    for name in to_evict(&place.seals, &form.sent, added) {
        pages::add_cookie(&mut reply, &place.names.clear(name));
    }
    pages::add_cookie(&mut reply, &cookie);
    tracing::debug!(bytes = form.body.len(), "a posted form is kept across the sign-in");
    Ok(Some(reply))
}

/// The page that offers to send it, once.
pub(crate) async fn resume(
    inner: &Inner,
    base: usize,
    id: Option<[u8; 16]>,
    sent: &[SentCookie],
    session: &Session,
) -> Result<Reply, Error> {
    let place = inner.place(base)?;
    let name = id.map(|id| place.names.attempt(CookieKind::Form, &id));
    let cookie = sent.iter().find(|cookie| Some(&cookie.name) == name.as_ref());
    let kept = match cookie.and_then(|cookie| KeptForm::open(&place.seals, cookie)) {
        Some(kept) => take(inner, base, kept).await?,
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
        let home = inner.default_return_to(base);
        let next = Next::Link { href: home.as_str(), text: "Go on" };
        let sentence = "What you had entered was kept for a while, to be sent once. If you have not sent it, please enter it again.";
        pages::page(410, "There is nothing left to send", sentence, &next, None)
    };
    if let Some(cookie) = cookie {
        pages::add_cookie(&mut reply, &place.names.clear(&cookie.name));
    }
    Ok(reply)
}

type Taken = (ReturnTo, Vec<(String, String)>);

async fn take(inner: &Inner, base: usize, kept: KeptForm) -> Result<Option<Taken>, Error> {
    let now = inner.clock.now();
    // Looked at once more: what an older release sealed may not hold today.
    let target = ReturnTo::parse(&kept.target).ok().filter(|target| inner.is_landing(base, target));
    let Some(target) = target.filter(|_| !kept.is_expired(inner.settings.login_lifetime, now)) else {
        return Ok(None);
    };
    let body = match kept.place {
        KeptIn::Cookie(body) => Some(body),
        KeptIn::Store(id) => match SessionId::parse(id.as_bytes()) {
            Some(id) => {
                let body = inner.sessions.take_aside(&id, now).await?;
                body.and_then(|body| String::from_utf8(body).ok())
            }
            None => None,
        },
    };
    Ok(body.and_then(|body| Some((target, fields(&body)?))))
}

/// The address of that page.
fn resume_at(inner: &Inner, place: &Place, id: &[u8; 16]) -> ReturnTo {
    let path =
        format!("{}{}?form={}", place.base.path, inner.settings.paths.resume, URL_SAFE_NO_PAD.encode(id));
    ReturnTo::parse(&path).unwrap_or_default()
}

/// The form that such an address names.
pub(crate) fn named_in(query: &str) -> Option<[u8; 16]> {
    let text = crate::web::form::parameter(query, "form")?;
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// How many forms this process keeps in the store at a time: nobody has signed in yet who posts one.
const MOST_AT_ONCE: usize = 1000;

/// When the forms in the store were kept.
#[derive(Debug, Default)]
pub(crate) struct KeptForms(Mutex<VecDeque<Timestamp>>);

impl KeptForms {
    fn may_keep(&self, now: Timestamp, lifetime: Duration) -> bool {
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
            .build()
            .unwrap();
        let inner = &*relying_party.inner;
        let kept = |target: &str| KeptForm {
            kept_at: inner.clock.now().secs(),
            target: target.to_owned(),
            place: KeptIn::Cookie("a=1".to_owned()),
        };
        for target in
            ["//evil.example", "https://evil.example/", "/\\evil.example", "/app/auth/logout", "/beside", ""]
        {
            let (target, body, sent) = (target.to_owned(), "a=1".to_owned(), Vec::new());
            assert!(take(inner, 0, kept(&target)).await.unwrap().is_none(), "{target}");
            let form = PostedForm { base: 0, target, body, sent };
            assert!(keep(inner, &form).await.unwrap().is_none(), "{}", form.target);
        }
        let (target, fields) = take(inner, 0, kept("/app/form?x=1")).await.unwrap().unwrap();
        assert_eq!((target.as_str(), fields.len()), ("/app/form?x=1", 1));
    }
}
