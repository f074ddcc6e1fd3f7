//! What every leg of the trip shares: which base URL a request came by, where people may land, and how a
//! failure is told to the visitor and to the operator.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_SECURITY_POLICY, RETRY_AFTER, WWW_AUTHENTICATE};
use tracing::Level;

use crate::address::base_url::BaseUrl;
use crate::address::return_to::ReturnTo;
use crate::browser::cookie::{CookieKind, CookieNames, SentCookie};
use crate::browser::pending_login::{AttemptSeals, looks_like_ours, target_digest};
use crate::context::settings::SpaCallback;
use crate::crypto::seal::{CookieKey, Sealer};
use crate::error::{Error, ErrorCode, Fault};
use crate::flow::login::LoginStart;
use crate::guard::challenge::Challenge;
use crate::guard::csrf;
use crate::guard::kind::{RequestFacts, RequestKind};
use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::authn_request::Prompt;
use crate::relying_party::{Inner, Place};
use crate::web::form::parameter;
use crate::web::pages::{self, Next};
use crate::web::reply::{BodyError, Decision, NeedsBody, Reply, Step, Waiting};
use crate::web::request::RequestView;

/// So many finished sign-ins for one page within a minute, and still nobody signed in, are a loop.
const LOOP_MARKS: usize = 3;
const LOOP_SPAN: u64 = 60;

impl Place {
    pub(crate) fn new(
        base: BaseUrl,
        ring: &[CookieKey],
        issuer: &str,
        client_id: &str,
        callback_path: &str,
        after_logout: &str,
    ) -> Result<Self, Error> {
        let derive = |purpose| Sealer::derive(ring, purpose, &context(issuer, client_id, &base));
        let seals = AttemptSeals {
            login: derive("pending login")?,
            state: derive("state")?,
            spent: derive("spent")?,
            post: derive("posted response")?,
            form: derive("posted form")?,
        };
        Ok(Self {
            names: CookieNames::new(client_id, &base),
            seals,
            logout_seal: derive("logout")?,
            wish_seal: derive("wish")?,
            redirect_uri: format!("{}{callback_path}", base.literal),
            post_logout_redirect_uri: format!("{}{after_logout}", base.literal),
            base,
        })
    }

    /// A sealer for one purpose under this base URL.
    pub(crate) fn sealer(
        &self,
        ring: &[CookieKey],
        purpose: &str,
        issuer: &str,
        client_id: &str,
    ) -> Result<Sealer, Error> {
        Sealer::derive(ring, purpose, &context(issuer, client_id, &self.base))
    }

    /// The callback's path as browsers see it.
    pub(crate) fn callback_path(&self, inner: &Inner) -> String {
        format!("{}{}", self.base.path, inner.settings.paths.callback)
    }
}

fn context<'a>(issuer: &'a str, client_id: &'a str, base: &'a BaseUrl) -> [&'a [u8]; 3] {
    [issuer.as_bytes(), client_id.as_bytes(), base.origin.as_bytes()]
}

impl Inner {
    /// A step that reads a body first, of so many bytes at most.
    pub(crate) fn needs_body(
        &self,
        limit: usize,
        next: impl FnOnce(Result<Bytes, BodyError>) -> Waiting<Reply> + Send + 'static,
    ) -> Step {
        Step::Done(Decision::NeedsBody(self.body_step(limit, next)))
    }

    pub(crate) fn body_step(
        &self,
        limit: usize,
        next: impl FnOnce(Result<Bytes, BodyError>) -> Waiting<Reply> + Send + 'static,
    ) -> NeedsBody {
        NeedsBody::new(limit, self.runtime.timer(self.settings.body_timeout), next)
    }

    pub(crate) fn place(&self, base: usize) -> Result<&Place, Error> {
        self.places.get(base).ok_or_else(|| Error::new(ErrorCode::Misconfigured).detail("no such base URL"))
    }

    /// Whether the request comes from one of this application's own origins, or from a single-page application's.
    pub(crate) fn is_same_origin(&self, view: &dyn RequestView) -> bool {
        csrf::is_same_origin(view, self.origins(), self.pages_beside().map(|page| page.origin.as_str()))
    }

    /// The single-page applications that are at no base URL. One environment's page does not act in another.
    pub(crate) fn pages_beside(&self) -> impl Iterator<Item = &SpaCallback> {
        let pages = self.settings.spa_callbacks.iter();
        pages.filter(|page| self.origins().all(|origin| origin != page.origin))
    }

    /// The application's own origins.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| place.base.origin.as_str())
    }

    pub(crate) fn is_from_here(&self, view: &dyn RequestView) -> Result<(), Error> {
        if self.is_same_origin(view) {
            return Ok(());
        }
        let error = Error::new(ErrorCode::CrossSite);
        Err(match self.other_origin(view) {
            Some(detail) => error.detail(detail),
            None => error,
        })
    }

    /// The same for a request that acts for whoever is signed in, with the header that is required of those.
    pub(crate) fn may_act(&self, view: &dyn RequestView) -> Result<(), Error> {
        self.is_from_here(view)?;
        self.has_required_header(view)
    }

    /// The same, but for nobody's pages beside this application's own origins.
    #[cfg(feature = "reqwest")]
    pub(crate) fn may_act_from_here(&self, view: &dyn RequestView) -> Result<(), Error> {
        self.is_from_here(view)?;
        if !csrf::is_same_origin(view, self.origins(), std::iter::empty()) {
            return Err(Error::new(ErrorCode::CrossSite).detail("from a page beside this origin"));
        }
        self.has_required_header(view)
    }

    fn has_required_header(&self, view: &dyn RequestView) -> Result<(), Error> {
        let required = self.settings.required_header.as_deref();
        if !csrf::has_header(view, required) {
            let name = required.unwrap_or_default();
            return Err(Error::new(ErrorCode::CrossSite).detail(format!("without the header {name}")));
        }
        Ok(())
    }

    /// Whether a request to the callback's path is one. At `/`, only with a `state` of ours.
    pub(crate) fn is_callback(&self, query: &str) -> bool {
        self.settings.paths.callback != "/"
            || parameter(query, "state").is_some_and(|state| looks_like_ours(&state))
    }

    /// Whether the browser keeps coming back from finished sign-ins without a session.
    pub(crate) fn is_looping(&self, place: &Place, sent: &[SentCookie], return_to: &ReturnTo) -> bool {
        let now = self.clock.now().secs();
        let target = target_digest(return_to.as_str());
        let marks = sent.iter().filter(|cookie| cookie.kind == CookieKind::Spent);
        let recent = marks.filter_map(|cookie| place.seals.open_spent(cookie)).filter(|mark| {
            mark.signed_in && mark.target == target && now.saturating_sub(mark.finished_at) <= LOOP_SPAN
        });
        recent.count() >= LOOP_MARKS
    }

    /// Asks before signing out: a GET never does it.
    pub(crate) fn logout_page(&self, place: &Place, return_to: Option<&ReturnTo>) -> Reply {
        let mut action = format!("{}{}", place.base.path, self.settings.paths.logout);
        if let Some(return_to) = return_to {
            action.push_str("?return_to=");
            action.extend(form_urlencoded::byte_serialize(return_to.as_str().as_bytes()));
        }
        let next = Next::Post { action: &action, text: "Sign out", fields: &[] };
        pages::page(200, "Sign out?", "You will be signed out of this application.", &next, None)
    }

    /// 401, or 403 for a scope, for a request that cannot follow a redirect: no cookie, and where to sign in.
    pub(crate) fn unauthorized(&self, facts: &RequestFacts, wanted: &SignInWanted) -> Reply {
        let here = || self.safe_return_to(facts.base, Some(&facts.target));
        let link = self.login_link_for(facts.base, &wanted.return_to.clone().unwrap_or_else(here), wanted);
        let challenge = Challenge::of(wanted);
        let mut reply = if facts.kind == (RequestKind::Other { html: true }) {
            let next = Next::Link { href: &link, text: challenge.button };
            pages::page(challenge.status, challenge.title, challenge.sentence, &next, None)
        } else {
            let mut body = serde_json::json!({
                "type": "about:blank",
                "title": challenge.title,
                "status": challenge.status,
                "code": challenge.code,
                "login_url": link,
            });
            Challenge::describe(wanted, &mut body);
            pages::problem(challenge.status, &body)
        };
        pages::put(&mut reply, WWW_AUTHENTICATE, &challenge.header(wanted));
        match &facts.caller {
            Some(origin) => pages::for_caller(reply, Some(origin)),
            None => reply,
        }
    }

    pub(crate) fn method_not_allowed(&self, kind: RequestKind, base: usize, allow: &str) -> Reply {
        let mut reply = self.refuse(&Error::new(ErrorCode::MethodNotAllowed), kind, base, None);
        pages::put(&mut reply, ALLOW, allow);
        reply
    }

    /// Tells a failure: to the person a sentence and a reference, to the operator cause and remedy under the
    /// same reference.
    pub(crate) fn refuse(
        &self,
        error: &Error,
        kind: RequestKind,
        base: usize,
        return_to: Option<&ReturnTo>,
    ) -> Reply {
        self.refuse_as(&self.reference(), error, kind, base, return_to, None)
    }

    /// The same for a sign-in that could not be started.
    pub(crate) fn not_started(&self, error: &Error, kind: RequestKind, start: &LoginStart) -> Reply {
        let (return_to, redirect_uri) = (Some(&start.return_to), start.redirect_uri.as_deref());
        self.refuse_as(&self.reference(), error, kind, start.base, return_to, redirect_uri)
    }

    /// The same under a reference that was given before, of a sign-in whose answer was to come to `redirect_uri`.
    pub(crate) fn refuse_as(
        &self,
        reference: &str,
        error: &Error,
        kind: RequestKind,
        base: usize,
        return_to: Option<&ReturnTo>,
        redirect_uri: Option<&str>,
    ) -> Reply {
        log(error, reference);
        let code = error.code();
        let html = !matches!(kind, RequestKind::Other { html: false });
        let return_to = return_to.cloned().unwrap_or_else(|| self.default_return_to(base));
        let someone_else = SignInWanted::new().prompt(Prompt::SelectAccount);
        let (wish, text) = match code {
            ErrorCode::SignInRejected => (Some(&someone_else), "Sign in as someone else"),
            ErrorCode::Forbidden if html => (Some(&someone_else), "Sign in as someone else"),
            ErrorCode::InsufficientScope => (error.wished(), "Give the permission"),
            _ => (error.wished(), "Try again"),
        };
        let link = match wish {
            _ if error.leads_to().is_some() => None,
            Some(wish) => Some((self.login_link_for(base, &return_to, wish), text)),
            None if code.is_recoverable() && code.fault() != Fault::Store => {
                Some((self.login_link_by(base, &return_to, redirect_uri), "Sign in again"))
            }
            None => None,
        };
        let mut reply = if html {
            let next = match (error.leads_to(), &link) {
                (Some(href), _) => Next::Link { href, text: "Open it there" },
                (None, Some((href, text))) => Next::Link { href, text },
                (None, None) => Next::Nothing,
            };
            pages::page(code.status(), code.title(), error.sentence(), &next, Some(reference))
        } else {
            let mut body = serde_json::json!({
                "type": "about:blank",
                "title": code.title(),
                "status": code.status(),
                "detail": error.sentence(),
                "code": code.public_code(),
                "reference": reference,
            });
            if let (Some((link, _)), Some(body)) = (link, body.as_object_mut()) {
                body.insert("login_url".to_owned(), link.into());
            }
            if let Some(wish) = error.wished() {
                Challenge::describe(wish, &mut body);
            }
            pages::problem(code.status(), &body)
        };
        if let Some(wish) = error.wished().filter(|_| code == ErrorCode::InsufficientScope) {
            pages::put(&mut reply, WWW_AUTHENTICATE, &Challenge::of(wish).header(wish));
        }
        if code.status() == 503 {
            pages::put(&mut reply, RETRY_AFTER, &self.retry_after(code).to_string());
        }
        debug_assert!(
            !html || reply.headers().contains_key(CONTENT_SECURITY_POLICY),
            "a page without its policy"
        );
        reply
    }

    /// When to come again, in seconds.
    pub(crate) fn retry_after(&self, code: ErrorCode) -> u64 {
        if code.fault() == Fault::Store { 1 } else { self.provider.retry_after() }
    }

    /// Eight characters that a person can read out: no case, and none that look alike.
    pub(crate) fn reference(&self) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = [0; 8];
        if self.entropy.fill(&mut bytes).is_err() {
            return "none".to_owned();
        }
        let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).map(|letter| char::from(*letter));
        bytes.iter().filter_map(letter).collect()
    }
}

pub(crate) fn log(error: &Error, reference: &str) {
    let code = error.code();
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let detail = error.operator_detail().unwrap_or_default();
    match code.log_level() {
        Level::INFO => {
            tracing::info!(code = code.name(), reference, detail, remedy = code.remedy(), "refused");
        }
        Level::WARN => {
            tracing::warn!(code = code.name(), reference, detail, remedy = code.remedy(), "refused");
        }
        _ => {
            tracing::error!(code = code.name(), reference, detail, source, remedy = code.remedy(), "failed");
        }
    }
}
