//! The table of error codes: one row for each, in alphabetical order.
//!
//! A new code is one row here and nothing elsewhere: its documentation, its variant, and a [`Row`] with all
//! columns. The compiler tells of a column that is forgotten, `columns_tests.rs` of a value that does not fit.
//!
//! What to think of in a new row: the documentation says what happened, in one sentence, with the section of the
//! specification that it breaks. The sentence is for a person who did nothing wrong. The remedy names the setting
//! or the place to look at. What the columns mean is said in `row.rs`. The rows of what the token proxy meets are in
//! `proxy_rows.rs`, since a file has its length.

use tracing::Level;

use super::fault::Fault;
use super::proxy_rows;
use super::row::{Row, error_codes};

error_codes! {
    /// Something of the application's own failed while somebody signed in: the hook given to `on_sign_in` returned
    /// an error, did not come to an end in time, or answered what it may not. No session began. Also where the hook given to
    /// `on_provider_logout` failed: the provider is told to come again.
    ApplicationFailed => Row {
        name: "application_failed", status: 500, public_code: "application_failed",
        fault: Fault::Configuration, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "This application could not finish your sign-in.",
        remedy: "the hook given to `on_sign_in`, or to `on_provider_logout`, failed: see the detail and the cause",
    },

    /// The pending login's cookie did not come back with the callback: cookies are blocked, the sign-in was started
    /// in another browser, or under another address. Without it nothing ties the answer to this browser, so it is
    /// not taken (RFC 6749 §10.12).
    AttemptCookieMissing => Row {
        name: "attempt_cookie_missing", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "Your browser did not bring back what this sign-in was started with.",
        remedy: "the sign-in was started in another browser or on another host name (localhost and 127.0.0.1 are two), or cookies are blocked: compare `base_url` with the address in the browser",
    },

    /// The sign-in took longer than a pending login lives, or than a device code does.
    AttemptExpired => Row {
        name: "attempt_expired", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "This sign-in took too long and has expired.",
        remedy: "nothing to mend; raise `login_lifetime` if people need longer at the provider",
    },

    /// The callback came a second time, with another code than the attempt was finished with. With the code it was
    /// finished with it is a reload, which is no error and leads on.
    AttemptReplayed => Row {
        name: "attempt_replayed", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "This sign-in link was already used.",
        remedy: "a finished sign-in was sent again with another code; if it happens often, somebody is trying codes",
    },

    /// The provider did not authenticate the person as recently or as strongly as was asked (`max_age`,
    /// `acr_values`, a level).
    AuthenticationInsufficient => Row {
        name: "authentication_insufficient", status: 403, public_code: "authentication_insufficient",
        fault: Fault::Provider, recoverable: false, log_level: Level::ERROR,
        title: "More is needed",
        sentence: "Your sign-in was not recent or strong enough for this page.",
        remedy: "the provider did not honour max_age or acr_values: check that it supports what is asked",
    },

    /// The request's body is larger than this endpoint takes. What is beyond the limit is not read.
    BodyTooLarge => Row {
        name: "body_too_large", status: 413, public_code: "body_too_large",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Not possible here",
        sentence: "The request was too large.",
        remedy: "nothing to mend; an authorization response is a few kilobytes at most",
    },

    /// The provider refused this client's credentials (`invalid_client`, `unauthorized_client`). A secret that is
    /// read from a file is read again first.
    ClientRefused => Row {
        name: "client_refused", status: 502, public_code: "temporarily_unavailable",
        fault: Fault::Configuration, recoverable: false, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "This application could not identify itself to the sign-in service.",
        remedy: "check the client id, the client secret (not the one in the other's place, no quotes around them) and `client_auth` against the provider's settings",
    },

    /// The hook given to `on_credentials` panicked.
    CredentialsFailed => Row {
        name: "credentials_failed", status: 500, public_code: "credentials_failed",
        fault: Fault::Configuration, recoverable: false, log_level: Level::ERROR,
        title: "Something went wrong",
        sentence: "This application could not look at the credentials that came with the request.",
        remedy: "the hook given to `on_credentials` failed: see the detail and the cause",
    },

    /// The request brought credentials that the application refuses: an API token that is over, a wrong password. Whatever
    /// else it brought does not count.
    CredentialsRefused => Row {
        name: "credentials_refused", status: 401, public_code: "credentials_refused",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Credentials refused",
        sentence: "The credentials that came with the request are not accepted.",
        remedy: "nothing to mend; if it happens often, somebody is trying credentials, or a program has old ones",
    },

    /// The application cannot say whose credentials these are: something of its own is away, or its hook did not answer in
    /// time. Nothing is said against them.
    CredentialsUnavailable => Row {
        name: "credentials_unavailable", status: 503, public_code: "temporarily_unavailable",
        fault: Fault::Store, recoverable: true, log_level: Level::ERROR,
        title: "Please try again in a moment",
        sentence: "This application cannot look at the credentials that came with the request right now.",
        remedy: "what the hook given to `on_credentials` asks is away or slow: see the detail and the cause",
    },

    /// Another site sent a request that only this site may send: cross-site request forgery, or a form that is
    /// meant to come from elsewhere. Also a request without the header that `required_header` asks for.
    CrossSite => Row {
        name: "cross_site", status: 403, public_code: "cross_site",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Request refused",
        sentence: "This request came from another site and was refused.",
        remedy: "if the request is meant to come from another site, name its path with danger::allow_cross_site",
    },

    /// The person is signed in, and may not: a guard demands a role, or a condition of the application's own, that
    /// they do not meet.
    Forbidden => Row {
        name: "forbidden", status: 403, public_code: "forbidden",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "No access",
        sentence: "You are signed in, but this page is not open to you.",
        remedy: "nothing to mend if it is meant so; else see the detail, and which claim holds the roles (`role_claim`)",
    },

    /// The proxy does not forward a request like this one: its path is a trick, or its framing is.
    ForwardRefused => proxy_rows::FORWARD_REFUSED,

    /// A trusted proxy sent a forwarded header that cannot be read. Without it nobody knows under which base URL to
    /// answer, so none is guessed.
    ForwardedMalformed => Row {
        name: "forwarded_malformed", status: 400, public_code: "forwarded_malformed",
        fault: Fault::Visitor, recoverable: false, log_level: Level::WARN,
        title: "Unknown address",
        sentence: "This application cannot tell under which address it was opened.",
        remedy: "see the detail: the proxy in front has to write the forwarded header itself, in place of what comes from outside",
    },

    /// The callback came under another base URL than the sign-in was started with. The cookie that the sign-in
    /// needs is with the other one.
    HostMismatch => Row {
        name: "host_mismatch", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "This sign-in was started under another address of this application.",
        remedy: "send people to one address; localhost and 127.0.0.1 are two, and cookies do not go from one to the other",
    },

    /// The ID token did not pass validation (OpenID Connect Core §3.1.3.7). The detail names the rule.
    IdTokenRejected => Row {
        name: "id_token_rejected", status: 400, public_code: "sign_in_failed",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service's answer could not be verified.",
        remedy: "see the detail; check issuer, client id, the algorithms allowed and the clocks on both sides",
    },

    /// A scope was asked for, and the provider or the person did not grant it (RFC 6750 §3.1). The page offers to
    /// ask once more.
    InsufficientScope => Row {
        name: "insufficient_scope", status: 403, public_code: "insufficient_scope",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "More is needed",
        sentence: "This page needs a permission that was not given.",
        remedy: "the person or the provider's policy did not grant the scope: see the detail",
    },

    /// The callback names another issuer than the sign-in was started with, or none although the provider promises
    /// it (RFC 9207 §2.4). That is what a mix-up of two providers looks like.
    IssuerMismatch => Row {
        name: "issuer_mismatch", status: 400, public_code: "sign_in_failed",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in was answered by a different service than it was started with.",
        remedy: "the iss parameter of the callback must equal `issuer`, byte for byte; if it always differs, the provider's own setting for its public address is wrong",
    },

    /// A token is signed with a key that is not known, and unknown keys were looked up too often a moment ago to look this
    /// one up. Nothing is said against the token: it may come again.
    KeyLookupsSpent => Row {
        name: "key_lookups_spent", status: 503, public_code: "temporarily_unavailable",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Please try again in a moment",
        sentence: "The sign-in service's answer cannot be verified right now.",
        remedy: "look who sends tokens of unknown keys, and whether the provider publishes every key that it signs with",
    },

    /// The provider's keys (JWKS) cannot be used: the answer is no key set, or holds no key that can be used where
    /// the one before did.
    KeysInvalid => Row {
        name: "keys_invalid", status: 502, public_code: "temporarily_unavailable",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service's answer could not be verified.",
        remedy: "fetch the provider's jwks_uri and look: it must be JSON with a keys array",
    },

    /// A logout token did not pass validation (OpenID Connect Back-Channel Logout 1.0 §2.6), or came a second time.
    LogoutTokenRejected => Row {
        name: "logout_token_rejected", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "The sign-out could not be verified.",
        remedy: "see the detail; if the provider sends it, check issuer, client id, the algorithms allowed and the clocks on both sides",
    },

    /// The provider's metadata cannot be used (OpenID Connect Discovery §4.3): another issuer, an endpoint that is
    /// not https, or no PKCE by S256.
    MetadataInvalid => Row {
        name: "metadata_invalid", status: 502, public_code: "temporarily_unavailable",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service is not set up correctly.",
        remedy: "see the detail; `issuer` must be what its own /.well-known/openid-configuration says behind \"issuer\", byte for byte",
    },

    /// The endpoint does not take this method. The answer's `Allow` header names those that it takes.
    MethodNotAllowed => Row {
        name: "method_not_allowed", status: 405, public_code: "method_not_allowed",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Not possible here",
        sentence: "This address does not take this kind of request.",
        remedy: "nothing to mend",
    },

    /// The application is put together wrongly, found at run time: what the builder could not see, such as a layer
    /// that is missing. The detail says what.
    Misconfigured => Row {
        name: "misconfigured", status: 500, public_code: "misconfigured",
        fault: Fault::Configuration, recoverable: false, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "This application is not set up correctly.",
        remedy: "see the detail",
    },

    /// The application goes without a provider, and this is for one: a callback, a logout token, a token. People sign in
    /// on the application's own page.
    NoProvider => Row {
        name: "no_provider", status: 404, public_code: "no_provider",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Not possible here",
        sentence: "This application has no sign-in service of its own to ask.",
        remedy: "nothing to mend if the application is meant to go without a provider; else name it by `issuer`",
    },

    /// Sign-in is not set up: the application was given no relying party, and something needs somebody. It stays closed.
    NotSetUp => Row {
        name: "not_set_up", status: 503, public_code: "not_set_up",
        fault: Fault::Configuration, recoverable: false, log_level: Level::WARN,
        title: "Not available",
        sentence: "In this application, sign-in is not set up.",
        remedy: "give the layer a relying party, or leave the guard out where nobody is needed",
    },

    /// More came at once than is worked on: logout tokens, logouts through the browser or codes that wait for their turn,
    /// or posted forms that wait to be kept, or credentials that are to be looked at. The detail says which.
    Overloaded => Row {
        name: "overloaded", status: 503, public_code: "temporarily_unavailable",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "There is too much to do right now.",
        remedy: "look who sends so much of what the detail names; the provider sends its logout tokens again, and a code that was not sent is good for another try",
    },

    /// The provider answered the authorization request with an error that has no code of its own here (RFC 6749
    /// §4.1.2.1). The detail repeats the provider's words.
    ProviderRefused => Row {
        name: "provider_refused", status: 400, public_code: "sign_in_failed",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service could not complete this sign-in.",
        remedy: "see the provider's error code in the detail and the provider's own log",
    },

    /// The provider took longer to answer than the deadline of one call, see `http_timeouts`.
    ProviderTimeout => Row {
        name: "provider_timeout", status: 504, public_code: "temporarily_unavailable",
        fault: Fault::Unreachable, recoverable: true, log_level: Level::ERROR,
        title: "Please try again in a moment",
        sentence: "The sign-in service took too long to answer.",
        remedy: "check the provider's health and the network between",
    },

    /// The provider cannot be reached, or answered that it is in trouble (a 5xx, a 429, `temporarily_unavailable`).
    ProviderUnreachable => Row {
        name: "provider_unreachable", status: 503, public_code: "temporarily_unavailable",
        fault: Fault::Unreachable, recoverable: true, log_level: Level::ERROR,
        title: "Please try again in a moment",
        sentence: "The sign-in service cannot be reached right now.",
        remedy: "check `issuer`, name resolution, TLS trust (`ca_file`) and the network between; where the provider has another address from here, `provider_address`",
    },

    /// The random source failed. Without it nothing is sealed and no attempt begins.
    RandomnessFailed => Row {
        name: "randomness_failed", status: 500, public_code: "randomness_failed",
        fault: Fault::Configuration, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "This application cannot sign anyone in right now.",
        remedy: "the operating system's random source failed",
    },

    /// A parameter is missing, wrong or there twice (RFC 6749 §3.1). Which of two was meant would be a guess.
    RequestMalformed => Row {
        name: "request_malformed", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "This sign-in link is not complete.",
        remedy: "nothing to mend, unless the provider sends it: then see the detail",
    },

    /// The provider does not let this client ask for these scopes (`invalid_scope`). The person can do nothing
    /// about it.
    ScopeRefused => Row {
        name: "scope_refused", status: 403, public_code: "scope_refused",
        fault: Fault::Configuration, recoverable: false, log_level: Level::ERROR,
        title: "More is needed",
        sentence: "This application may not ask for the permission that this page needs.",
        remedy: "the provider answered invalid_scope: put the scope on this client's list there, or ask for less",
    },

    /// The session does not fit into a cookie. With a store this does not happen: the cookie then holds an id.
    SessionTooLarge => Row {
        name: "session_too_large", status: 500, public_code: "session_too_large",
        fault: Fault::Configuration, recoverable: false, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "This application could not keep your sign-in.",
        remedy: "the kept claims do not fit into a cookie: keep fewer with `keep_claims`, or give a `store`",
    },

    /// Somebody is here by credentials, and what they ask for takes a session: tokens or a step-up of the provider's, a kept
    /// form, a sign-in or a sign-out, a part of the application that says so. No trip to the provider brings one.
    SessionRequired => Row {
        name: "session_required", status: 403, public_code: "session_required",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "A session is required",
        sentence: "This is open to somebody who signed in with a browser, and to no program.",
        remedy: "nothing to mend if it is meant so: see the detail; programs need an address that asks for less",
    },

    /// The process is about to end, and begins nothing that could be lost with it: see
    /// [`RelyingParty::drain`](crate::RelyingParty::drain). Nothing was sent to the provider, and another instance, or the
    /// same one after its restart, does what was asked.
    ShuttingDown => Row {
        name: "shutting_down", status: 503, public_code: "temporarily_unavailable",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Please try again in a moment",
        sentence: "This application is being restarted.",
        remedy: "nothing to mend; if it happens often, take the instance out of the load balancer before it is stopped",
    },

    /// The person, or the provider's policy, declined (`access_denied`).
    SignInDeclined => Row {
        name: "sign_in_declined", status: 403, public_code: "sign_in_declined",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in was cancelled",
        sentence: "The sign-in was cancelled or not allowed.",
        remedy: "nothing to mend; if nobody cancelled, look at the provider's access policy for this application",
    },

    /// The application turned the person away: the hook given to `on_sign_in` declined.
    SignInRejected => Row {
        name: "sign_in_rejected", status: 403, public_code: "sign_in_rejected",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "This application does not let you sign in.",
        remedy: "nothing to mend if it is meant so: the application's own hook said it",
    },

    /// `state` is missing, changed, or not from here (RFC 6749 §10.12): an answer that nobody here asked for.
    StateMismatch => Row {
        name: "state_mismatch", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "This sign-in was not started here.",
        remedy: "an old link, a changed cookie key, or somebody else's link; several instances need the same `cookie_keys`",
    },

    /// The session store failed, or took longer than `store_timeout`. Nobody is signed out by it: sessions are
    /// there again when the store is.
    StoreUnavailable => Row {
        name: "store_unavailable", status: 503, public_code: "temporarily_unavailable",
        fault: Fault::Store, recoverable: true, log_level: Level::ERROR,
        title: "Please try again in a moment",
        sentence: "Your session cannot be read right now.",
        remedy: "see the cause: `store` has to be there, and to let this application read and write",
    },

    /// The token endpoint's answer cannot be used (RFC 6749 §5.1).
    TokenResponseInvalid => Row {
        name: "token_response_invalid", status: 502, public_code: "temporarily_unavailable",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service gave an answer that could not be used.",
        remedy: "see the detail; the token endpoint must answer as in RFC 6749 §5.1, with an ID token",
    },

    /// The token endpoint refused the code (`invalid_grant` and others, RFC 6749 §5.2), mostly because it was used
    /// before or is too old.
    TokenRefused => Row {
        name: "token_refused", status: 400, public_code: "sign_in_failed",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service did not accept this sign-in any more.",
        remedy: "see the provider's error code in the detail; invalid_grant usually means that the code was used or too old",
    },

    /// One sign-in was started over too often: a loop between application and provider, which ends on a page
    /// instead of going on.
    TooManyAttempts => Row {
        name: "too_many_attempts", status: 400, public_code: "sign_in_failed",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "Signing in did not succeed after several tries.",
        remedy: "the provider sends people back without what was asked, their cookies do not stay, or the store loses their sessions: see the causes logged before this one",
    },

    /// The request names two hosts: in two Host headers, or in its target and its Host header. No browser sends that;
    /// it was made to be read in two ways.
    TwoHosts => Row {
        name: "two_hosts", status: 400, public_code: "two_hosts",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "This request cannot be read",
        sentence: "The request names two hosts.",
        remedy: "nothing to mend, unless a proxy of yours adds a Host header: it has to put one in its place",
    },

    /// The person has as many sessions as one subject may, and a further one is refused (`sessions_per_subject`).
    TooManySessions => Row {
        name: "too_many_sessions", status: 403, public_code: "too_many_sessions",
        fault: Fault::Visitor, recoverable: true, log_level: Level::INFO,
        title: "Sign-in did not succeed",
        sentence: "You are signed in in too many places. Please sign out in one of them first.",
        remedy: "nothing to mend if it is meant so; else raise `sessions_per_subject`, or let the oldest session end in its place",
    },

    /// The body is of another media type than this endpoint takes. What cannot be read as one thing is not tried as
    /// another.
    UnsupportedMediaType => Row {
        name: "unsupported_media_type", status: 415, public_code: "unsupported_media_type",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Not possible here",
        sentence: "This address does not take this kind of request.",
        remedy: "the provider must post application/x-www-form-urlencoded",
    },

    /// The proxy takes no WebSocket, nor any other protocol (RFC 9110 §7.8): it forwards requests and their answers
    /// alone.
    UpgradeRefused => proxy_rows::UPGRADE_REFUSED,

    /// The API behind the proxy answered something that cannot be passed on: not HTTP, a status that is no final
    /// answer, or a redirect to where no browser may follow.
    UpstreamInvalid => proxy_rows::INVALID,

    /// The API behind the proxy did not take the access token (RFC 6750 §3.1). To the browser that is a 502: it has
    /// never seen the token, and a 401 would say that it has to sign in.
    UpstreamRefusedToken => proxy_rows::TOKEN_REFUSED,

    /// The API behind the proxy took too long: nothing moved on the connection for the proxy's idle timeout.
    UpstreamTimeout => proxy_rows::TIMEOUT,

    /// The API behind the proxy cannot be reached: no connection came about, or not within the proxy's connect
    /// timeout.
    UpstreamUnreachable => proxy_rows::UNREACHABLE,

    /// The userinfo answer cannot be used (OpenID Connect Core §5.3.2). With `Userinfo::Auto` the sign-in goes on
    /// without it.
    UserinfoInvalid => Row {
        name: "userinfo_invalid", status: 502, public_code: "temporarily_unavailable",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service gave an answer that could not be used.",
        remedy: "see the detail; the userinfo endpoint must answer with a JSON object",
    },

    /// The userinfo answer is about another subject than the ID token (OpenID Connect Core §5.3.4). It is never
    /// used, whatever the setting.
    UserinfoSubjectMismatch => Row {
        name: "userinfo_subject_mismatch", status: 400, public_code: "sign_in_failed",
        fault: Fault::Provider, recoverable: true, log_level: Level::ERROR,
        title: "Sign-in did not succeed",
        sentence: "The sign-in service's answer could not be verified.",
        remedy: "the userinfo endpoint answered about another subject than the ID token: tell the provider",
    },

    /// A webhook that is stale or cannot be read. No session ended.
    WebhookRejected => Row {
        name: "webhook_rejected", status: 400, public_code: "webhook_rejected",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Request refused",
        sentence: "The event could not be used.",
        remedy: "see the detail; if the tenant sends it, compare the clocks on both sides",
    },

    /// A webhook that none of the secrets signed. It is not read any further.
    WebhookUnsigned => Row {
        name: "webhook_unsigned", status: 401, public_code: "webhook_unsigned",
        fault: Fault::Visitor, recoverable: false, log_level: Level::INFO,
        title: "Request refused",
        sentence: "The event could not be verified.",
        remedy: "compare `webhook_secret` with the secret that the tenant shows for this webhook",
    },

    /// The request is for a host that is none of several base URLs. With a single one there is nothing to choose,
    /// and every host is answered under it.
    WrongHost => Row {
        name: "wrong_host", status: 421, public_code: "wrong_host",
        fault: Fault::Visitor, recoverable: false, log_level: Level::WARN,
        title: "Unknown address",
        sentence: "This application does not answer under this address.",
        remedy: "give the address as one more `base_url`, or open the application under one of them",
    },
}
