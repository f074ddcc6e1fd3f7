//! How a wanted sign-in is told to a client that follows no redirect.

use crate::guard::sign_in_wanted::SignInWanted;
use crate::protocol::auth_level::AuthLevel;
use crate::protocol::authn_request::Insufficient;

/// What stands in the answer: RFC 9470 §3 for an authentication that is not enough, RFC 6750 §3.1 for a scope.
pub(crate) struct Challenge {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) sentence: &'static str,
    pub(crate) button: &'static str,
}

impl Challenge {
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

    /// The WWW-Authenticate header.
    pub(crate) fn header(&self, wanted: &SignInWanted) -> String {
        if wanted.request.insufficient.is_none() {
            return "Cookie realm=\"sign-in\"".to_owned();
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

    /// The same in a problem's body.
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

fn classes(wanted: &SignInWanted) -> Vec<&str> {
    let level = wanted.request.auth_level.map(AuthLevel::name);
    wanted.request.acr_values.iter().map(String::as_str).chain(level).collect()
}
