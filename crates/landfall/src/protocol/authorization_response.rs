//! The authorization response: what arrives at the callback (RFC 6749 §4.1.2, RFC 9207).
//!
//! Anybody can send a browser here with anything, so this file only says what was sent, and refuses what no
//! provider sends. It does not know whether the answer was asked for: that is the pending login's to say, in
//! `flow::callback`. The order matters:
//!
//! 1. [`AuthorizationResponse::parse`]: bounded, decoded strictly, each known parameter once at most.
//! 2. [`AuthorizationResponse::state`], which the caller opens to find the attempt. Everything else is read only if
//!    that works.
//! 3. [`AuthorizationResponse::outcome`]: `iss`, then a code or an error.
//!
//! The functions at the end say what an error of the provider's means: for the next trip, and for the person.

use std::borrow::Cow;

use crate::error::{Error, ErrorCode, printable};
use crate::protocol::authn_request::Prompt;
use crate::web::form::{self, decode};

/// The longest response that is read, in bytes: longer than any answer of a provider, short enough for every URL.
pub(crate) const MAX_LENGTH: usize = 16 * 1024;
/// How many parameters are walked through. Known or not, each costs a look.
const MAX_PARAMETERS: usize = 64;
/// The longest code, in bytes.
const MAX_CODE: usize = 4096;

/// The parameters that mean something to us; all others are ignored (RFC 6749 §4.1.2).
///
/// The two tokens and `response` (a JWT of JARM) belong to other flows: they are known in order to be refused.
const KNOWN: [&str; 9] = [
    "access_token",
    "code",
    "error",
    "error_description",
    "error_uri",
    "id_token",
    "iss",
    "response",
    "state",
];

/// An authorization response, with each known parameter once at most. `None` in a field is a parameter that is not
/// there.
#[derive(Default)]
pub(crate) struct AuthorizationResponse<'a> {
    /// The sealed attempt, if it is one of ours.
    state: Option<Value<'a>>,
    /// Whatever stands there: [`AuthorizationResponse::outcome`] checks it.
    code: Option<Value<'a>>,
    /// Who says that it answers (RFC 9207 §2).
    iss: Option<Value<'a>>,
    /// The code of an error.
    error: Option<Value<'a>>,
    /// The provider's own words, for the operator.
    error_description: Option<Value<'a>>,
    /// The name of a parameter that belongs to a flow we did not start. Its value is never kept.
    foreign: Option<&'static str>,
}

/// The value of a parameter that is there. `None` where it cannot be decoded: a percent sign without two
/// hexadecimal digits, or bytes that are no UTF-8.
type Value<'a> = Option<Cow<'a, str>>;

/// What a response says once `state` was found to be good.
#[derive(PartialEq, Eq)]
pub(crate) enum AuthorizationOutcome {
    /// A code to exchange: 1 to 4096 printable ASCII characters.
    Code(String),
    /// An error of the provider's (RFC 6749 §4.1.2.1), cut to printable characters.
    Refused { error: String, description: Option<String> },
}

impl<'a> AuthorizationResponse<'a> {
    /// Reads a query or a form. A known parameter that is there twice is refused, whatever it says (RFC 6749 §3.1):
    /// first or last would be a guess.
    ///
    /// # Errors
    /// `RequestMalformed` for a repeated parameter, and for more bytes or parameters than an answer has.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Error> {
        let malformed = |detail: String| Error::new(ErrorCode::RequestMalformed).detail(detail);
        if text.len() > MAX_LENGTH {
            return Err(malformed("longer than an authorization response can be".to_owned()));
        }
        let mut found = Self::default();
        let mut seen = [false; KNOWN.len()];
        for (count, (name, value)) in form::pairs(text).enumerate() {
            if count >= MAX_PARAMETERS {
                return Err(malformed("too many parameters".to_owned()));
            }
            let Some(name) = decode(name) else { continue };
            let Some((known, seen)) = KNOWN.iter().zip(&mut seen).find(|(known, _)| **known == name) else {
                continue;
            };
            if std::mem::replace(seen, true) {
                return Err(malformed(format!("{known} is there twice")));
            }
            let value = Some(decode(value));
            match *known {
                "state" => found.state = value,
                "code" => found.code = value,
                "iss" => found.iss = value,
                "error" => found.error = value,
                "error_description" => found.error_description = value,
                "error_uri" => {}
                other => found.foreign = Some(other),
            }
        }
        Ok(found)
    }

    /// `state`, which has to be looked at before anything else.
    ///
    /// # Errors
    /// `StateMismatch` where there is none: no sign-in of ours goes without.
    pub(crate) fn state(&self) -> Result<&str, Error> {
        match &self.state {
            Some(Some(state)) if !state.is_empty() => Ok(state),
            _ => Err(Error::new(ErrorCode::StateMismatch).detail("state is missing or cannot be read")),
        }
    }

    /// Whether there is nothing of an answer beside `state`. So comes the GET behind a response that was posted,
    /// which waits in a parameter of its own; see `flow::callback::posted`.
    pub(crate) fn is_bare(&self) -> bool {
        self.code.is_none() && self.error.is_none() && self.foreign.is_none() && self.iss.is_none()
    }

    /// What it says, from the issuer that was asked.
    ///
    /// `iss` is compared as a string, on errors too (RFC 9207 §2.4); where the provider promises it, its absence is
    /// refused. That is the defence against a mix-up, where a second provider makes a client take its codes to the
    /// first. A token in the front channel is refused: none was asked for.
    ///
    /// # Errors
    /// `IssuerMismatch` for another issuer or a missing one; `RequestMalformed` for an answer that says nothing,
    /// both, or something that cannot be.
    pub(crate) fn outcome(&self, issuer: &str, iss_promised: bool) -> Result<AuthorizationOutcome, Error> {
        match &self.iss {
            Some(Some(iss)) if iss == issuer => {}
            None if !iss_promised => {}
            None => {
                return Err(Error::new(ErrorCode::IssuerMismatch)
                    .detail("iss is missing although the provider's metadata promises it"));
            }
            Some(iss) => {
                let iss = printable(iss.as_deref().unwrap_or_default());
                return Err(
                    Error::new(ErrorCode::IssuerMismatch).detail(format!("iss is {iss:?}, not {issuer:?}"))
                );
            }
        }
        let malformed = |detail: &str| Err(Error::new(ErrorCode::RequestMalformed).detail(detail));
        if let Some(name) = self.foreign {
            return malformed(&format!("{name} in a response to response_type=code"));
        }
        match (&self.code, &self.error) {
            (Some(_), Some(_)) => malformed("both code and error"),
            (None, None) => malformed("neither code nor error"),
            (None, Some(error)) => Ok(AuthorizationOutcome::Refused {
                error: printable(error.as_deref().unwrap_or("unreadable")),
                description: self.error_description.as_ref().and_then(Option::as_deref).map(printable),
            }),
            (Some(None), None) => malformed("code cannot be read"),
            (Some(Some(code)), None) if code.is_empty() => malformed("code is empty"),
            (Some(Some(code)), None) if code.len() > MAX_CODE => malformed("code is too long"),
            // RFC 6749 Appendix A.11: VSCHAR.
            (Some(Some(code)), None) if !code.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) => {
                malformed("code holds characters that no code can")
            }
            (Some(Some(code)), None) => Ok(AuthorizationOutcome::Code(code.to_string())),
        }
    }

    /// The code as it was sent, whatever is wrong with the rest. For telling whether a finished attempt came again
    /// with the code it was finished with, never for exchanging it.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_ref().and_then(Option::as_deref)
    }

    /// The parameters that count, to be carried from the POST to the GET, where they must mean the same: what
    /// cannot be read here must not be gone there.
    ///
    /// `state` is not among them, since the GET has it in its own query. An unreadable value becomes `%`, which
    /// cannot be read either; a foreign parameter keeps its name and loses its value.
    pub(crate) fn to_query(&self) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        let known = [
            ("code", &self.code),
            ("iss", &self.iss),
            ("error", &self.error),
            ("error_description", &self.error_description),
        ];
        let mut unreadable = String::new();
        for (name, value) in known {
            match value {
                Some(Some(value)) => {
                    out.append_pair(name, value);
                }
                Some(None) => unreadable.extend(["&", name, "=%"]),
                None => {}
            }
        }
        if let Some(name) = self.foreign {
            out.append_pair(name, "");
        }
        out.finish() + &unreadable
    }
}

/// Whether an error means that the person has to be asked (OpenID Connect Core §3.1.2.6). After a sign-in that was
/// to show nothing it is no failure: the next trip may show something.
pub(crate) fn wants_interaction(error: &str) -> bool {
    error == "interaction_required" || needed_prompt(error).is_some()
}

/// What to ask for where an error says in which way the person has to be asked. `None` for `interaction_required`,
/// which leaves that open, and for errors of another kind.
pub(crate) fn needed_prompt(error: &str) -> Option<Prompt> {
    match error {
        "account_selection_required" => Some(Prompt::SelectAccount),
        "consent_required" => Some(Prompt::Consent),
        "login_required" => Some(Prompt::Login),
        _ => None,
    }
}

/// What an error of the provider's means for the sign-in (RFC 6749 §4.1.2.1). An error that nobody knows is
/// `ProviderRefused`: the remedy then points to the detail.
pub(crate) fn refusal(error: &str) -> ErrorCode {
    match error {
        "access_denied" => ErrorCode::SignInDeclined,
        "invalid_scope" => ErrorCode::ScopeRefused,
        "temporarily_unavailable" | "server_error" => ErrorCode::ProviderUnreachable,
        _ => ErrorCode::ProviderRefused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(query: &str) -> Result<AuthorizationOutcome, Error> {
        AuthorizationResponse::parse(query)?.outcome("https://op.example", false)
    }

    #[test]
    fn a_code_is_decoded_exactly_once() {
        let Ok(AuthorizationOutcome::Code(code)) = outcome("state=s&code=a%2Fb%2Bc%3D%20d%2525") else {
            panic!("no code")
        };
        assert_eq!(code, "a/b+c= d%25");
    }

    #[test]
    fn a_parameter_that_is_there_twice_is_refused_even_if_both_are_equal_or_one_is_encoded() {
        for query in ["code=a&code=a", "code=a&%63ode=b", "state=a&state=b", "iss=a&iss=a", "error=a&error=b"]
        {
            assert!(AuthorizationResponse::parse(query).is_err(), "{query}");
        }
        assert!(AuthorizationResponse::parse("foo=1&foo=2&code=x").is_ok());
    }

    #[test]
    fn what_cannot_be_read_in_a_posted_response_is_refused_after_the_bounce_too() {
        for body in ["state=s&code=c&iss=%ff", "state=s&code=c&error=%zz", "state=s&code=%ff"] {
            assert!(outcome(body).is_err(), "{body}");
            let carried = AuthorizationResponse::parse(body).map(|response| response.to_query()).unwrap();
            assert!(outcome(&carried).is_err(), "{body} becomes {carried}");
        }
    }

    #[test]
    fn garbage_is_refused_without_a_panic() {
        for query in
            ["", "&&&&", "code", "code=%zz", "code=%", "code=%ff", "code=a%0d%0ab", "code[]=x", "Code=x"]
        {
            assert!(outcome(query).is_err(), "{query}");
        }
        assert!(AuthorizationResponse::parse(&"a=1&".repeat(10_000)).is_err());
    }

    #[test]
    fn an_error_of_the_providers_is_cut_to_printable_characters() {
        let Ok(AuthorizationOutcome::Refused { error, .. }) = outcome("error=x%0d%0aINFO+ok") else {
            panic!("no error")
        };
        assert_eq!(error, "x??INFO ok");
    }
}
