//! A posted form, kept across a sign-in: sealed when it comes, shown once when the person is back.

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
use crate::guard::kind::RequestKind;
use crate::session::{Session, SessionId};
use crate::web::form::parameter;
use crate::web::pages::{self, Next};
use crate::web::reply::Reply;

/// A form as it came.
pub(crate) struct PostedForm {
    pub(crate) site: Arc<Site>,
    /// Path and query that it was posted to, as browsers see them.
    pub(crate) target: String,
    pub(crate) body: String,
    pub(crate) sent: Vec<SentCookie>,
}

/// Keeps it and starts the sign-in; `None` where it is none to keep.
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
            KeptIn::Store(id.to_text())
        }
    };
    let id = context.random()?;
    let kept = KeptForm { kept_at: now.secs(), target: target.as_str().to_owned(), kept_in: kept };
    let cookie = kept.cookie(&*context.entropy, (&site.names, &site.seals), &id, lifetime)?;
    let start = LoginStart::new(context, site, resume_at(context, site, &id), &form.sent);
    let mut reply = login::start(context, &start).await.unwrap_or_else(|error| {
        // The form waits for when the provider is back.
        start.refuse(context, error, RequestKind::Navigation)
    });
    let added = cookie.split(';').next().unwrap_or_default().len();
    for name in to_evict(&site.seals, &form.sent, added) {
        pages::add_cookie(&mut reply, &site.names.clear(name));
    }
    pages::add_cookie(&mut reply, &cookie);
    tracing::debug!(bytes = form.body.len(), "a posted form is kept across the sign-in");
    Ok(Some(reply))
}

/// The page that offers to send it, once.
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

type Taken = (ReturnTo, Vec<(String, String)>);

async fn take(context: &Context, site: &Site, kept: KeptForm) -> Result<Option<Taken>, Error> {
    let now = context.clock.now();
    // Looked at once more: what an older release sealed may not hold today.
    let target = ReturnTo::parse(&kept.target).ok().filter(|target| context.is_landing(site, target));
    let Some(target) = target.filter(|_| !kept.is_expired(context.settings.timeouts.login, now)) else {
        return Ok(None);
    };
    let body = match kept.kept_in {
        KeptIn::Cookie(body) => Some(body),
        KeptIn::Store(id) => match SessionId::parse(id.as_bytes()) {
            Some(id) => {
                let body = context.sessions.unstash(&id, now).await?;
                body.and_then(|body| String::from_utf8(body).ok())
            }
            None => None,
        },
    };
    Ok(body.and_then(|body| Some((target, fields(&body)?))))
}

/// The address of that page.
fn resume_at(context: &Context, site: &Site, id: &[u8; 16]) -> ReturnTo {
    let path = context.settings.paths.path(Endpoint::Resume);
    site.destination(&format!("{path}?form={}", URL_SAFE_NO_PAD.encode(id)))
}

/// The form that such an address names.
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
            .build()
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
