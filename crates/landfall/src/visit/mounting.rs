//! A layer that is mounted where its callback does not reach it: noticed when a browser is sent to the provider, and
//! named in the log with the line that mends it.
//!
//! It cannot be noticed where it happens: the request that the router answers in the layer's place never comes here.
//! Nor is there a way for the layer to ask the router; only what was sent away, and what came back, is known. So the
//! log says what it knows, and no more.
//!
//! In this order, and each once in the life of a process:
//!
//! 1. One of our own paths was requested before: the layer sees them, and nothing is said.
//! 2. The layer stands below a prefix under which the callback is not: a warning, at the first browser that is sent.
//! 3. A browser is back at the page that it was sent away from, its attempt still pending, and none of our paths was
//!    ever requested: a warning. Whoever turns back at the provider looks the same, so it says both.
//! 4. Else, at the first browser that is sent: where its callback is expected, and what to do if that page is missing.

use super::Visit;
use crate::browser::cookie::CookieKind;
use crate::context::Context;
use crate::context::endpoints::Endpoint;
use crate::context::incoming::RequestFacts;
use crate::guard::request_kind::RequestKind;
use crate::guard::sign_in_wanted::SignInWanted;

/// For adapters: the layer, and how it is mounted so that it sees every path. For the log alone.
#[derive(Clone, Copy, Debug)]
pub struct Mount {
    /// What the adapter calls it.
    pub layer: &'static str,
    /// What to write, and where.
    pub remedy: &'static str,
}

impl Visit {
    /// For adapters: a router took this prefix from the path, or matched it, before the layer saw the request. Nothing
    /// comes of it where our own paths are below it, as they are with a base URL that has that path.
    ///
    /// It is only remembered: a second layer may stand where the callback is, and then a request for it will tell.
    pub fn is_below(&self, prefix: &str) {
        let Some((context, facts)) = self.set_up() else { return };
        let base = facts.site.base.path.as_str();
        let callback = context.settings.paths.path(Endpoint::Callback);
        let reaches = is_under(callback, prefix)
            || is_under(base, prefix)
            || prefix.strip_prefix(base).is_some_and(|inner| is_under(callback, inner));
        if !reaches {
            context.mounting.is_below(prefix);
        }
    }

    /// For adapters: to be called before [`challenge`](Self::challenge). Looks whether the callback that is to come
    /// will find the layer, and tells the log where it looks as if it will not.
    ///
    /// Nothing is looked at for a script or a form, which are told where to sign in and are sent nowhere, nor for whoever
    /// is led to the application's own sign-in page, or came under another Host and gets a 421. The page that is shown
    /// stays the same: whoever reads it could mend nothing.
    pub fn expects_callback(&self, mount: &Mount) {
        let Some((context, facts)) = self.set_up() else { return };
        let mounting = &context.mounting;
        let is_sent = facts.kind == RequestKind::Navigation
            && facts.foreign_host().is_none()
            && !context.leads_to_page(&SignInWanted::new());
        if mounting.has_seen_own_path() || !is_sent {
            return;
        }
        let Some(client) = context.clients.first() else { return };
        let callback = client.redirect_uri(&facts.site.base);
        let Mount { layer, remedy } = *mount;
        if let Some(below) = mounting.below() {
            if mounting.may_warn() {
                tracing::warn!(
                    layer,
                    below,
                    callback,
                    remedy,
                    "{layer} sees only what is below {below}, and so not the callback: unless another {layer} stands there, a sign-in ends in what the application answers"
                );
            }
        } else if was_sent_before(context, facts) {
            if mounting.may_warn() {
                tracing::warn!(
                    layer,
                    callback,
                    remedy,
                    "a browser that was sent to the provider is back where it began, and none of the paths that {layer} answers was ever requested here: unless somebody turned back at the provider, {layer} is mounted where it does not see them"
                );
            }
        } else if mounting.may_tell() {
            tracing::info!(
                layer,
                callback,
                remedy,
                "the first browser is sent to the provider; if it finds no page when it comes back, {layer} is mounted where it does not see that path"
            );
        }
    }
}

/// Whether this browser was sent away from this very page since the process began, and has not been at any
/// callback: a finished attempt leaves a mark.
///
/// Another page does not count, since people open several at once; nor does an attempt that is older than this
/// process, which may have come back to the one before.
fn was_sent_before(context: &Context, facts: &RequestFacts) -> bool {
    let here = context.safe_return_to(&facts.site, Some(facts.target.as_str()));
    let is_pending = |cookie| {
        let pending = facts.site.seals.open_login(cookie);
        pending.is_some_and(|pending| {
            pending.return_to == here.as_str() && pending.issued_at >= context.mounting.since.secs()
        })
    };
    facts.attempts.iter().all(|cookie| cookie.kind != CookieKind::Spent)
        && facts.attempts.iter().filter(|cookie| cookie.kind == CookieKind::Login).any(is_pending)
}

/// Whether a path is the prefix or below it. `/application` is not below `/app`.
fn is_under(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_under;

    #[test]
    fn a_path_is_below_a_prefix_by_whole_segments() {
        for (path, prefix) in
            [("/app/auth/callback", "/app"), ("/app", "/app"), ("/app/x", "/app/"), ("/x", "")]
        {
            assert!(is_under(path, prefix), "{path} {prefix}");
        }
        for (path, prefix) in [("/application", "/app"), ("", "/app"), ("/auth/callback", "/app")] {
            assert!(!is_under(path, prefix), "{path} {prefix}");
        }
    }
}
