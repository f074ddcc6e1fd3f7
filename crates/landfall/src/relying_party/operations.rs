//! Our own endpoints as somebody else's documentation describes them: what each takes and what it answers.
//!
//! One table, in words for whoever calls an endpoint. `openapi` writes a document of it; a scenario holds it against what
//! the endpoints really answer, in both directions. What is left out: HEAD, which is answered as GET is, and preflights,
//! which are the browser's own matter.

use crate::context::endpoints::Endpoint;

/// One method at one endpoint.
pub(super) struct Operation {
    pub(super) endpoint: Endpoint,
    /// In lower case, as the document has it.
    pub(super) method: &'static str,
    /// Unique in whatever document this one is merged into.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// When the operation is there at all.
    pub(super) when: When,
    /// Name and meaning of what may be in the query.
    pub(super) query: &'static [(&'static str, &'static str)],
    pub(super) body: Body,
    pub(super) answers: &'static [Answer],
}

/// What a request brings.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Nothing,
    /// A form with these fields, each with its meaning; whether it has to be there.
    Form(bool, &'static [(&'static str, &'static str)]),
    /// JSON of this schema.
    Json(&'static str),
}

/// One status.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: Kind,
    pub(super) when: When,
    pub(super) meaning: &'static str,
}

/// What an answer holds.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Nothing but a `Location`.
    Redirect,
    /// A page.
    Page,
    /// A page for a person, else a problem document (RFC 9457).
    Refusal,
    /// A problem document.
    Problem,
    /// JSON of this schema.
    Json(&'static str),
    /// Nothing, or a word that nobody reads.
    Nothing,
}

/// What has to be configured for something to be so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Always,
    /// There is a provider.
    Provider,
    /// There is a store.
    Store,
    /// The provider posts its answer.
    FormPost,
    /// The session's cookie is `SameSite=Strict`.
    Strict,
    /// Credentials are taken beside sessions.
    Credentials,
    /// There are several base URLs.
    SeveralBaseUrls,
}

/// An answer that may always come.
const fn answer(status: u16, kind: Kind, meaning: &'static str) -> Answer {
    Answer { status, kind, when: When::Always, meaning }
}

/// The same, where something is configured.
const fn only(when: When, answer: Answer) -> Answer {
    Answer { when, ..answer }
}

/// What no endpoint reads on: two hosts, a parameter twice, what is no text.
const MALFORMED: Answer = answer(400, Kind::Refusal, "The request cannot be read, or names two hosts");
/// Bodies are bounded, each endpoint's by its own measure.
const TOO_LARGE: Answer = answer(413, Kind::Refusal, "The body is too large");
const NO_FORM: Answer = answer(415, Kind::Refusal, "The body is no form");
/// The store or the provider is away, or too many ask at once.
const AWAY: Answer = answer(503, Kind::Refusal, "Not possible right now: come again after Retry-After");
/// A hook of the application's failed, or it is not set up as it has to be.
const FAILED: Answer = answer(500, Kind::Refusal, "Something went wrong in the application");
/// What the provider says cannot be believed, or read.
const UNUSABLE: Answer =
    only(When::Provider, answer(502, Kind::Refusal, "The provider answered something that cannot be used"));
const TOO_LATE: Answer =
    only(When::Provider, answer(504, Kind::Refusal, "The provider did not answer in time"));

/// What every operation may answer.
pub(super) const EVERYWHERE: [Answer; 2] = [
    FAILED,
    only(When::SeveralBaseUrls, answer(421, Kind::Refusal, "The host is none of the application's")),
];

/// The one parameter that most endpoints share.
const RETURN_TO: (&str, &str) = ("return_to", "where to land: a path of the application's");

/// Every operation, in the order of the document.
#[rustfmt::skip]
pub(super) const OPERATIONS: [Operation; 13] = [
    Operation {
        endpoint: Endpoint::Login, method: "get", id: "landfall_login", when: When::Always,
        summary: "Start a sign-in",
        query: &[
            RETURN_TO,
            ("redirect_uri", "the route of a single-page application that takes the answer"),
            ("iss", "the provider, if a third party starts the sign-in"),
            ("login_hint", "whom the provider should sign in, with iss"),
            ("target_link_uri", "where to land, with iss"),
        ],
        body: Body::Nothing, answers: &[
            answer(303, Kind::Redirect, "To the provider, or to the application's sign-in page"),
            MALFORMED,
            answer(401, Kind::Refusal, "No page is being opened: what to open is in login_url, or in HX-Redirect"),
            UNUSABLE,
            only(When::Provider, AWAY),
            TOO_LATE,
        ],
    }, Operation {
        endpoint: Endpoint::Login, method: "post", id: "landfall_login_by_third_party", when: When::Always,
        summary: "Start a sign-in for a third party (OpenID Connect Core §4)",
        query: &[], body: Body::Form(
            true,
            &[("iss", "the provider"), ("login_hint", "whom"), ("target_link_uri", "where to land")],
        ),
        answers: &[
            answer(303, Kind::Redirect, "To the same address by GET"),
            MALFORMED,
            answer(405, Kind::Refusal, "The body is no form, or a script sent it"),
            TOO_LARGE,
        ],
    }, Operation {
        endpoint: Endpoint::Callback, method: "get", id: "landfall_callback", when: When::Provider,
        summary: "Take the provider's answer (OAuth 2.0 §4.1.2)",
        query: &[
            ("code", "the authorization code"),
            ("state", "what the sign-in was started with"),
            ("iss", "the provider (RFC 9207)"),
            ("error", "why there is no code"),
            ("error_description", "the same in words"),
        ],
        body: Body::Nothing, answers: &[
            only(When::Strict, answer(200, Kind::Page, "A page that goes on by itself")),
            answer(303, Kind::Redirect, "Signed in: to where the person was going; or once more to the provider; or to the application's sign-in page, which is told what failed"),
            answer(400, Kind::Refusal, "The answer belongs to no sign-in of this browser, or cannot be believed"),
            answer(403, Kind::Refusal, "The person, the provider or the application declined"),
            UNUSABLE,
            AWAY,
            TOO_LATE,
        ],
    }, Operation {
        endpoint: Endpoint::Callback, method: "post", id: "landfall_callback_by_form_post", when: When::FormPost,
        summary: "Take the provider's answer (OAuth 2.0 Form Post Response Mode)",
        query: &[], body: Body::Form(
            true,
            &[("code", "the authorization code"), ("state", "what the sign-in was started with")],
        ),
        answers: &[
            answer(303, Kind::Redirect, "To the same address by GET, with the answer sealed"),
            MALFORMED,
            TOO_LARGE,
            NO_FORM,
        ],
    }, Operation {
        endpoint: Endpoint::Logout, method: "get", id: "landfall_logout_page", when: When::Always,
        summary: "Ask whether to sign out",
        query: &[RETURN_TO], body: Body::Nothing, answers: &[
            answer(200, Kind::Page, "A page with a button; nothing has ended"),
            answer(303, Kind::Redirect, "Signed out, by a link that was made for this session"),
            MALFORMED,
            AWAY,
        ],
    }, Operation {
        endpoint: Endpoint::Logout, method: "post", id: "landfall_logout", when: When::Always,
        summary: "Sign out",
        query: &[RETURN_TO], body: Body::Form(false, &[RETURN_TO]),
        answers: &[
            answer(200, Kind::Nothing, "Signed out, told to htmx: what to open is in HX-Redirect"),
            answer(303, Kind::Redirect, "Signed out: to the provider, or back to a page"),
            MALFORMED,
            answer(403, Kind::Refusal, "Another site sent it"),
            TOO_LARGE,
            AWAY,
        ],
    }, Operation {
        endpoint: Endpoint::Session, method: "get", id: "landfall_session", when: When::Always,
        summary: "Say who is signed in",
        query: &[], body: Body::Nothing, answers: &[
            answer(200, Kind::Json("LandfallSession"), "Who is there; that it is nobody, too"),
            answer(400, Kind::Refusal, "The request names two hosts"),
            only(When::Credentials, answer(401, Kind::Problem, "The credentials that came are refused")),
            answer(403, Kind::Problem, "Another site asks"),
            AWAY,
        ],
    }, Operation {
        endpoint: Endpoint::Providers, method: "get", id: "landfall_providers", when: When::Always,
        summary: "Say what a sign-in page can offer",
        query: &[RETURN_TO], body: Body::Nothing, answers: &[
            answer(200, Kind::Json("LandfallProviders"), "The providers, and what failed in this browser"),
            MALFORMED,
            answer(403, Kind::Problem, "Another site asks"),
        ],
    }, Operation {
        endpoint: Endpoint::Exchange, method: "post", id: "landfall_exchange", when: When::Provider,
        summary: "Hand over the provider's answer from a single-page application's own route",
        query: &[], body: Body::Json("LandfallExchange"),
        answers: &[
            answer(200, Kind::Json("LandfallLanding"), "Signed in, or once more to the provider"),
            answer(400, Kind::Refusal, "The answer belongs to no sign-in of this browser, or cannot be read or believed"),
            answer(403, Kind::Problem, "Another site sent it, or somebody declined"),
            answer(413, Kind::Problem, "The body is too large"),
            answer(415, Kind::Problem, "The body is no JSON"),
            UNUSABLE,
            AWAY,
            TOO_LATE,
        ],
    }, Operation {
        endpoint: Endpoint::Resume, method: "get", id: "landfall_resume", when: When::Always,
        summary: "Offer to send a form that was kept across a sign-in",
        query: &[("form", "which form")],
        body: Body::Nothing, answers: &[
            answer(202, Kind::Page, "A page with a button that sends it"),
            answer(303, Kind::Redirect, "Nobody is signed in: to the sign-in"),
            MALFORMED,
            only(When::Credentials, answer(401, Kind::Refusal, "The credentials that came are refused")),
            only(When::Credentials, answer(403, Kind::Refusal, "Credentials came in place of a session")),
            answer(410, Kind::Page, "There is nothing left to send"),
            UNUSABLE,
            AWAY,
            TOO_LATE,
        ],
    }, Operation {
        endpoint: Endpoint::FrontchannelLogout, method: "get", id: "landfall_frontchannel_logout", when: When::Provider,
        summary: "End a session for the provider, through the browser (OpenID Connect Front-Channel Logout 1.0)",
        query: &[("iss", "the provider"), ("sid", "its name for the session")],
        body: Body::Nothing, answers: &[answer(200, Kind::Page, "Done, if there was anything to end"), MALFORMED, AWAY],
    },
    Operation {
        endpoint: Endpoint::BackchannelLogout, method: "post", id: "landfall_backchannel_logout", when: When::Store,
        summary: "End sessions for the provider (OpenID Connect Back-Channel Logout 1.0)",
        query: &[], body: Body::Form(true, &[("logout_token", "the provider's signed word")]),
        answers: &[
            answer(200, Kind::Nothing, "Done, if there was anything to end"),
            answer(400, Kind::Json("LandfallLogoutError"), "The token is no good; do not send it again"),
            answer(503, Kind::Json("LandfallLogoutError"), "Send it again after Retry-After"),
        ],
    }, Operation {
        endpoint: Endpoint::Webhook, method: "post", id: "landfall_webhook", when: When::Store,
        summary: "Take a delivery of the tenant's",
        query: &[], body: Body::Json("LandfallDelivery"),
        answers: &[
            answer(200, Kind::Nothing, "Done, or about something else"),
            answer(400, Kind::Problem, "The delivery cannot be read, or is too old"),
            answer(401, Kind::Problem, "The signature is missing or wrong"),
            answer(413, Kind::Problem, "The body is too large"),
            answer(503, Kind::Problem, "Send it again after Retry-After"),
        ],
    },
];
