//! How a failure is told: to the person a sentence and a reference, to the operator cause and remedy under the
//! same reference.
//!
//! Refusals are written here, but for those of the back channel, whose form its specification fixes. The order:
//!
//! 1. The log gets code, detail and remedy, at the level of the code.
//! 2. The kind of request decides the form: a page for people, a problem document (RFC 9457) for everything else.
//! 3. The way on is chosen by the offer and the code ([`Context::way_on`]).
//! 4. Headers follow: `WWW-Authenticate` for a missing scope and for bad credentials, `Retry-After` for a 503.
//!
//! The page says nothing of the cause: an operator's detail may name hosts, claims and settings. The words and
//! the status of each code are in the table of [`error`](crate::error); a new code needs nothing here.

use http::header::{ALLOW, CONTENT_SECURITY_POLICY, RETRY_AFTER, WWW_AUTHENTICATE};
use tracing::Level;

use super::Context;
use super::endpoints::Endpoint;
use super::incoming::RequestFacts;
use super::not_set_up;
use super::refused::{Failure, Offer, Refused};
use super::site::Site;
use crate::address::return_to::ReturnTo;
use crate::clock::{Entropy, SystemEntropy};
use crate::error::{Error, ErrorCode, Fault, Names};
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::guard::www_authenticate::{COOKIE_CHALLENGE, Challenge};
use crate::protocol::authn_request::Prompt;
use crate::web::pages::{self, Next};
use crate::web::reply::Reply;

/// A link on a page that tells a failure; `login_url` in a problem document.
struct Way {
    href: String,
    text: &'static str,
}

impl Context {
    /// The page that asks before signing out: a GET never does it, or every link on the web could.
    pub(crate) fn logout_page(&self, site: &Site, return_to: Option<&ReturnTo>) -> Reply {
        let mut action = site.outside(self.settings.paths.path(Endpoint::Logout));
        if let Some(return_to) = return_to {
            action.push_str("?return_to=");
            action.extend(form_urlencoded::byte_serialize(return_to.as_str().as_bytes()));
        }
        let next = Next::Post { action: &action, text: "Sign out", fields: &[] };
        pages::page(200, "Sign out?", "You will be signed out of this application.", &next, None)
    }

    /// 401, or 403 for a scope, for a request that cannot follow a redirect: no cookie, and where to sign in.
    ///
    /// A client that shows HTML gets a page with a link, any other a problem document with `login_url`. A page of
    /// another origin that may call can read the answer (Fetch, CORS).
    pub(crate) fn unauthorized(&self, facts: &RequestFacts, wanted: &SignInWanted) -> Reply {
        self.unauthorized_at(self.way_in(wanted), facts, wanted)
    }

    /// The same with the way in that was asked for: whoever asks for the login address has chosen it.
    pub(crate) fn unauthorized_at(
        &self,
        way_in: Endpoint,
        facts: &RequestFacts,
        wanted: &SignInWanted,
    ) -> Reply {
        let here = || self.safe_return_to(&facts.site, Some(facts.page()));
        let return_to = wanted.return_to.clone().unwrap_or_else(here);
        let link = self.link_for(&facts.site, way_in, &return_to, wanted);
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
        match facts.caller.and_then(|caller| self.origin_of(caller)) {
            Some(origin) => pages::for_caller(reply, Some(origin)),
            None => reply,
        }
    }

    /// 405, with the `Allow` header that RFC 9110 §15.5.6 asks for.
    pub(crate) fn method_not_allowed(&self, kind: RequestKind, site: &Site, allow: &str) -> Reply {
        let mut reply = self.refuse(Error::new(ErrorCode::MethodNotAllowed), kind, site, None);
        pages::put(&mut reply, ALLOW, allow);
        reply
    }

    /// Tells a failure, under a new reference. `return_to` is where "Sign in again" leads back to; `None` for the
    /// default.
    pub(crate) fn refuse(
        &self,
        refused: impl Into<Refused>,
        kind: RequestKind,
        site: &Site,
        return_to: Option<&ReturnTo>,
    ) -> Reply {
        self.refuse_as(&self.reference(), &refused.into(), kind, site, return_to, None)
    }

    /// Tells a failure under a reference that was given before: an event may have told the application of it
    /// already.
    ///
    /// `redirect_uri` is where the answer of another sign-in is to come to; `None` for the callback.
    pub(crate) fn refuse_as(
        &self,
        reference: &str,
        refused: &Refused,
        kind: RequestKind,
        site: &Site,
        return_to: Option<&ReturnTo>,
        redirect_uri: Option<&str>,
    ) -> Reply {
        log(&refused.error, reference, &self.names);
        self.tell(reference, refused, kind, site, return_to, redirect_uri)
    }

    /// Tells the visitor alone: the log has the failure already, under this reference.
    ///
    /// For [`refuse_as`](Self::refuse_as), which has just logged it, and for a [`Failure`] that a handler's `?` made
    /// when nothing was known of the request.
    pub(crate) fn tell(
        &self,
        reference: &str,
        refused: &Refused,
        kind: RequestKind,
        site: &Site,
        return_to: Option<&ReturnTo>,
        redirect_uri: Option<&str>,
    ) -> Reply {
        let code = refused.error.code();
        let html = !matches!(kind, RequestKind::Other { html: false });
        let return_to = return_to.cloned().unwrap_or_else(|| self.default_return_to(site));
        let way = self.way_on(refused, html, site, &return_to, redirect_uri);
        let mut reply = told(refused, kind, way.as_ref(), Some(reference));
        if let Some(Offer::SignIn(wanted)) = &refused.offer
            && code == ErrorCode::InsufficientScope
        {
            pages::put(&mut reply, WWW_AUTHENTICATE, &Challenge::of(wanted).header(wanted));
        }
        if code == ErrorCode::CredentialsRefused {
            pages::put(&mut reply, WWW_AUTHENTICATE, COOKIE_CHALLENGE);
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

    /// Where the person can go from here; `None` where nothing that they do helps. What comes first holds:
    ///
    /// 1. The page that was meant, if that is known. For people alone.
    /// 2. Another account, where the application turned this one away, or a page is not open to it.
    /// 3. A sign-in that asks for what is lacking.
    /// 4. A sign-in as before, where the code says that it may help and the store is not what failed.
    fn way_on(
        &self,
        refused: &Refused,
        html: bool,
        site: &Site,
        return_to: &ReturnTo,
        redirect_uri: Option<&str>,
    ) -> Option<Way> {
        let code = refused.error.code();
        let signs_in = |wanted: &SignInWanted, text| {
            Some(Way { href: self.sign_in_link_for(site, return_to, wanted), text })
        };
        let as_someone_else = || signs_in(&someone_else(), "Sign in as someone else");
        match (&refused.offer, code) {
            (Some(Offer::OpenAt(href)), _) => html.then(|| Way { href: href.clone(), text: "Open it there" }),
            (_, ErrorCode::SignInRejected) => as_someone_else(),
            (_, ErrorCode::Forbidden) if html => as_someone_else(),
            (Some(Offer::SignIn(wanted)), ErrorCode::InsufficientScope) => {
                signs_in(wanted, "Give the permission")
            }
            (Some(Offer::SignIn(wanted)), _) => signs_in(wanted, "Try again"),
            (None, _) if code.is_recoverable() && code.fault() != Fault::Store => {
                let href = self.sign_in_link_by(site, return_to, redirect_uri);
                Some(Way { href, text: "Sign in again" })
            }
            (None, _) => None,
        }
    }

    /// When to come again, in seconds: a second where the store failed or another instance is to do it, else
    /// when the provider will be asked again.
    pub(crate) fn retry_after(&self, code: ErrorCode) -> u64 {
        if code.fault() == Fault::Store || code == ErrorCode::ShuttingDown {
            1
        } else {
            self.clients.first().map_or(1, |client| client.retry_after(code))
        }
    }

    /// A new reference, of this relying party's randomness.
    pub(crate) fn reference(&self) -> String {
        reference(&*self.entropy)
    }
}

/// What the next sign-in asks for where another account is to be chosen.
pub(super) fn someone_else() -> SignInWanted {
    SignInWanted::new().prompt(Prompt::SelectAccount)
}

/// A new reference: eight characters that a person can read out, in one case, without `l`, `o`, `0` and `1`.
/// It names a line in the log and is no secret. `none` where there is no randomness: a failure is told all
/// the same.
fn reference(entropy: &dyn Entropy) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 8];
    if entropy.fill(&mut bytes).is_err() {
        return "none".to_owned();
    }
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).map(|letter| char::from(*letter));
    bytes.iter().filter_map(letter).collect()
}

/// Tells a failure where nothing is known of the request: the log at once, and the visitor by a plain problem document
/// that carries a [`Failure`] for the layer.
///
/// The relying party is not at hand either, so the reference is of the operating system's randomness.
pub(crate) fn tell_without_request(refused: Refused) -> Reply {
    let reference = reference(&SystemEntropy);
    if refused.error.code() == ErrorCode::NotSetUp {
        not_set_up::log_now_and_then(&refused.error, &reference);
    } else {
        log(&refused.error, &reference, &Names::default());
    }
    let mut reply = as_problem(&refused, None, Some(&reference));
    reply.extensions_mut().insert(Failure::new(refused, reference));
    reply
}

/// A refusal where nobody has a way on to offer: sign-in is not set up.
pub(super) fn told_alone(refused: &Refused, kind: RequestKind, reference: Option<&str>) -> Reply {
    told(refused, kind, None, reference)
}

/// A refusal, as a page or as a problem document.
fn told(refused: &Refused, kind: RequestKind, way: Option<&Way>, reference: Option<&str>) -> Reply {
    match kind {
        RequestKind::Other { html: false } => as_problem(refused, way, reference),
        _ => as_page(refused, way, reference),
    }
}

/// The page of a refusal.
fn as_page(refused: &Refused, way: Option<&Way>, reference: Option<&str>) -> Reply {
    let (error, code) = (&refused.error, refused.error.code());
    let next = match way {
        Some(Way { href, text }) => Next::Link { href, text },
        None => Next::Nothing,
    };
    pages::page(code.status(), code.title(), error.sentence(), &next, reference)
}

/// The problem document of a refusal (RFC 9457). Members beyond the standard ones: `code`, `reference` where there is
/// one, `login_url` where there is a way on, and what is lacking ([`Challenge::describe`]).
fn as_problem(refused: &Refused, way: Option<&Way>, reference: Option<&str>) -> Reply {
    let (error, code) = (&refused.error, refused.error.code());
    let mut body = serde_json::json!({
        "type": "about:blank",
        "title": code.title(),
        "status": code.status(),
        "detail": error.sentence(),
        "code": code.public_code(),
    });
    if let (Some(reference), Some(body)) = (reference, body.as_object_mut()) {
        body.insert("reference".to_owned(), reference.into());
    }
    if let (Some(way), Some(body)) = (way, body.as_object_mut()) {
        body.insert("login_url".to_owned(), way.href.as_str().into());
    }
    if let Some(Offer::SignIn(wanted)) = &refused.offer {
        Challenge::describe(wanted, &mut body);
    }
    pages::problem(code.status(), &body)
}

/// Writes an error to the log, at the level of its code, with its settings as this application names them. The error's
/// source is shown for failures alone.
pub(crate) fn log(error: &Error, reference: &str, names: &Names) {
    let code = error.code();
    let source = || {
        let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        names.spell(&source).into_owned()
    };
    let (detail, remedy) =
        (names.spell(error.operator_detail().unwrap_or_default()), names.spell(code.remedy()));
    let (detail, remedy) = (&*detail, &*remedy);
    match code.log_level() {
        Level::INFO => {
            tracing::info!(code = code.name(), reference, detail, remedy, "refused");
        }
        Level::WARN => {
            tracing::warn!(code = code.name(), reference, detail, remedy, "refused");
        }
        _ => {
            tracing::error!(code = code.name(), reference, detail, source = source(), remedy, "failed");
        }
    }
}
