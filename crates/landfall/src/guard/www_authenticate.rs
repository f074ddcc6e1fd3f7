//! How a wanted sign-in is told to a client that follows no redirect: a status, a `WWW-Authenticate` header, and
//! the words of a page or a problem document.
//!
//! The header and the body say one thing in two places, so both are written here from one [`Challenge`]. Three
//! cases are told apart:
//!
//! 1. Nobody is signed in: 401. The header is there because RFC 9110 §15.5.2 asks for one with every 401.
//! 2. Somebody is, and their authentication is too weak or too old: 401 `insufficient_user_authentication` (RFC
//!    9470 §3).
//! 3. Somebody is, and a scope is missing: 403 `insufficient_scope` (RFC 6750 §3.1).
//!
//! The link that leads to the sign-in is not made here: `context/error_reply.rs` adds it.

use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::authn_request::Insufficient;

/// What a 401 says where a session is what is missing: a cookie, and nothing that a browser would ask a password for.
pub(crate) const COOKIE_CHALLENGE: &str = "Cookie realm=\"sign-in\"";

/// What one case of a wanted sign-in is called: in the status line, in the header, in JSON and on a page.
pub(crate) struct Challenge {
    /// The HTTP status: 401, or 403 where a scope is missing.
    pub(crate) status: u16,
    /// The header's `error` and the problem's `code`, for scripts to compare.
    pub(crate) code: &'static str,
    /// The page's heading, the problem's title, and the header's `error_description`.
    pub(crate) title: &'static str,
    /// What the person reads on the page.
    pub(crate) sentence: &'static str,
    /// The text of the link that starts the sign-in.
    pub(crate) button: &'static str,
}

impl Challenge {
    /// The case that a wish belongs to. It depends on nothing but what whoever is signed in lacks.
    pub(crate) fn of(wanted: &SignInWanted) -> Self {
        match wanted.request.insufficient {
            None => Self {
                status: 401,
                code: "sign_in_required",
                title: "Sign-in required",
                sentence: "Sign in to go on.",
                button: "Sign in",
            },
            Some(Insufficient::Authentication) => Self {
                status: 401,
                code: "insufficient_user_authentication",
                title: "A stronger or more recent sign-in is required",
                sentence: "Confirm that it is you to go on.",
                button: "Confirm",
            },
            Some(Insufficient::Scope) => Self {
                status: 403,
                code: "insufficient_scope",
                title: "A further permission is required",
                sentence: "Give this application the permission to go on.",
                button: "Give the permission",
            },
        }
    }

    /// The value of the `WWW-Authenticate` header.
    ///
    /// Where nobody is signed in it names a cookie as what is missing and nothing else. Otherwise it is a Bearer
    /// challenge with `acr_values` and `max_age` (RFC 9470 §3), and with `scope` where that is what is missing
    /// (RFC 6750 §3). A value with a quote, a backslash or a character outside printable ASCII is left out: class
    /// names and scopes come from the application, and none may end the quoted string early.
    pub(crate) fn header(&self, wanted: &SignInWanted) -> String {
        if wanted.request.insufficient.is_none() {
            return COOKIE_CHALLENGE.to_owned();
        }
        let mut header = format!("Bearer realm=\"sign-in\", error=\"{}\"", self.code);
        let mut put = |name: &str, value: String| {
            // What cannot stand between quotes stays away.
            if !value.is_empty()
                && value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\')
            {
                header.extend([", ", name, "=\"", value.as_str(), "\""]);
            }
        };
        put("error_description", self.title.to_owned());
        put("acr_values", classes(wanted).join(" "));
        put("max_age", wanted.request.max_age.map(|age| age.as_secs().to_string()).unwrap_or_default());
        if wanted.request.insufficient == Some(Insufficient::Scope) {
            put("scope", wanted.request.scopes.join(" "));
        }
        header
    }

    /// Adds `acr_values`, `max_age` (seconds) and `scope` to a problem's body, as in [`header`](Self::header).
    ///
    /// A page's script can read the body; a header of another origin's answer it can read only where that is
    /// exposed. Does nothing where nobody is signed in.
    pub(crate) fn describe(wanted: &SignInWanted, body: &mut serde_json::Value) {
        if wanted.request.insufficient.is_none() {
            return;
        }
        let classes = classes(wanted);
        if !classes.is_empty() {
            body["acr_values"] = classes.join(" ").into();
        }
        if let Some(age) = wanted.request.max_age {
            body["max_age"] = age.as_secs().into();
        }
        if wanted.request.insufficient == Some(Insufficient::Scope) {
            body["scope"] = wanted.request.scopes.join(" ").into();
        }
    }
}

/// The authentication context classes that would do, the application's own before the name of the level.
fn classes(wanted: &SignInWanted) -> Vec<&str> {
    let level = wanted.request.auth_level.map(AuthLevel::name);
    wanted.request.acr_values.iter().map(String::as_str).chain(level).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn lacking(insufficient: Option<Insufficient>, wanted: SignInWanted) -> SignInWanted {
        let mut wanted = wanted.max_age(Duration::from_secs(60)).scopes(["a", "b"]);
        wanted.request.insufficient = insufficient;
        wanted
    }

    /// The header, and what a problem's body says beside.
    fn told(wanted: &SignInWanted) -> (String, serde_json::Value) {
        let mut body = serde_json::json!({});
        Challenge::describe(wanted, &mut body);
        (Challenge::of(wanted).header(wanted), body)
    }

    #[test]
    fn who_is_not_signed_in_is_told_nothing_but_that() {
        let wanted = lacking(None, SignInWanted::new().acr_values(["gold"]));
        assert_eq!(told(&wanted), ("Cookie realm=\"sign-in\"".to_owned(), serde_json::json!({})));
        assert_eq!((Challenge::of(&wanted).status, Challenge::of(&wanted).code), (401, "sign_in_required"));
    }

    #[test]
    fn what_is_lacking_is_named_in_the_header_and_in_the_body() {
        let wanted = SignInWanted::new().acr_values(["gold"]).auth_level(AuthLevel::Aal2);
        let (header, body) = told(&lacking(Some(Insufficient::Authentication), wanted.clone()));
        let classes = format!("gold {}", AuthLevel::Aal2.name());
        let expected = format!(
            "Bearer realm=\"sign-in\", error=\"insufficient_user_authentication\", \
             error_description=\"A stronger or more recent sign-in is required\", acr_values=\"{classes}\", max_age=\"60\""
        );
        assert_eq!(header, expected);
        assert_eq!(body, serde_json::json!({"acr_values": classes, "max_age": 60}));

        let (header, body) = told(&lacking(Some(Insufficient::Scope), SignInWanted::new()));
        let expected = "Bearer realm=\"sign-in\", error=\"insufficient_scope\", \
                        error_description=\"A further permission is required\", max_age=\"60\", scope=\"a b\"";
        assert_eq!(header, expected);
        assert_eq!(body, serde_json::json!({"max_age": 60, "scope": "a b"}));
    }

    #[test]
    fn what_could_end_a_quoted_string_is_left_out_of_the_header() {
        for class in ["a\"b", "a\\b", "a\u{7f}", "a\nb", "gr\u{fc}n"] {
            let wanted = lacking(Some(Insufficient::Authentication), SignInWanted::new().acr_values([class]));
            let (header, body) = told(&wanted);
            assert!(!header.contains("acr_values") && header.contains("max_age=\"60\""), "{header}");
            assert_eq!(body["acr_values"], class);
        }
    }
}
