//! The codes: whose fault each is, its status, its sentence and its remedy.

use std::fmt;

use super::Fault;

/// What went wrong, to match on: codes are stable, messages are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// Something of the application's own failed while somebody signed in.
    ApplicationFailed,
    /// The pending login's cookie did not come back with the callback.
    AttemptCookieMissing,
    /// The sign-in took longer than a pending login lives.
    AttemptExpired,
    /// The callback came a second time, with another code.
    AttemptReplayed,
    /// The provider did not authenticate the person as recently or as strongly as was asked.
    AuthenticationInsufficient,
    /// The request's body is larger than this endpoint takes.
    BodyTooLarge,
    /// The provider refused this client's credentials (`invalid_client`, `unauthorized_client`).
    ClientRefused,
    /// Another site sent a request that only this site may send.
    CrossSite,
    /// The person is signed in, and may not.
    Forbidden,
    /// The proxy does not forward a request like this one: its path is a trick, or its framing is.
    ForwardRefused,
    /// A trusted proxy sent a forwarded header that cannot be read.
    ForwardedMalformed,
    /// The callback came under another base URL than the sign-in was started with.
    HostMismatch,
    /// The ID token did not pass validation (OpenID Connect Core §3.1.3.7).
    IdTokenRejected,
    /// A scope was asked for, and the provider or the person did not grant it (RFC 6750 §3.1).
    InsufficientScope,
    /// The callback names another issuer than the sign-in was started with (RFC 9207 §2.4).
    IssuerMismatch,
    /// The provider's keys (JWKS) cannot be used.
    KeysInvalid,
    /// A logout token did not pass validation (OpenID Connect Back-Channel Logout 1.0 §2.6).
    LogoutTokenRejected,
    /// The provider's metadata cannot be used (OpenID Connect Discovery §4.3).
    MetadataInvalid,
    /// The endpoint does not take this method.
    MethodNotAllowed,
    /// The application is put together wrongly, found at run time.
    Misconfigured,
    /// More came at once than is worked on.
    Overloaded,
    /// The provider answered the authorization request with an error.
    ProviderRefused,
    /// The provider took too long.
    ProviderTimeout,
    /// The provider cannot be reached.
    ProviderUnreachable,
    /// The random source failed.
    RandomnessFailed,
    /// A parameter is missing, wrong or there twice (RFC 6749 §3.1).
    RequestMalformed,
    /// The provider does not let this client ask for these scopes (`invalid_scope`).
    ScopeRefused,
    /// The session does not fit into a cookie.
    SessionTooLarge,
    /// The person, or the provider's policy, declined (`access_denied`).
    SignInDeclined,
    /// The application turned the person away.
    SignInRejected,
    /// `state` is missing, changed, or not from here (RFC 6749 §10.12).
    StateMismatch,
    /// The session store failed.
    StoreUnavailable,
    /// The token endpoint's answer cannot be used (RFC 6749 §5.1).
    TokenResponseInvalid,
    /// The token endpoint refused the code (`invalid_grant` and others, RFC 6749 §5.2).
    TokenRefused,
    /// The same sign-in was started over too often.
    TooManyAttempts,
    /// The body is of another media type than this endpoint takes.
    UnsupportedMediaType,
    /// The proxy takes no WebSocket, nor any other protocol (RFC 9110 §7.8).
    UpgradeRefused,
    /// The API behind the proxy answered something that cannot be passed on.
    UpstreamInvalid,
    /// The API behind the proxy did not take the access token (RFC 6750 §3.1).
    UpstreamRefusedToken,
    /// The API behind the proxy took too long.
    UpstreamTimeout,
    /// The API behind the proxy cannot be reached.
    UpstreamUnreachable,
    /// The userinfo answer cannot be used (OpenID Connect Core §5.3.2).
    UserinfoInvalid,
    /// The userinfo answer is about another subject (OpenID Connect Core §5.3.4).
    UserinfoSubjectMismatch,
    /// A webhook that is stale or cannot be read.
    WebhookRejected,
    /// A webhook that none of the secrets signed.
    WebhookUnsigned,
    /// The request is for a host that is no base URL of this application.
    WrongHost,
}

struct Facts {
    name: &'static str,
    fault: Fault,
    status: u16,
    recoverable: bool,
    sentence: &'static str,
    remedy: &'static str,
}

impl ErrorCode {
    /// The code as it stands in logs and in problem+json.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Who can mend it.
    pub fn fault(self) -> Fault {
        self.facts().fault
    }

    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        self.facts().status
    }

    /// Whether signing in again may succeed.
    pub fn is_recoverable(self) -> bool {
        self.facts().recoverable
    }

    /// The sentence a person may read: true, and no help to an attacker.
    pub fn sentence(self) -> &'static str {
        self.facts().sentence
    }

    /// What the operator can do.
    pub fn remedy(self) -> &'static str {
        self.facts().remedy
    }

    #[allow(clippy::too_many_lines, reason = "one table is easier to read than several")]
    fn facts(self) -> Facts {
        const fn facts(
            name: &'static str,
            fault: Fault,
            status: u16,
            recoverable: bool,
            sentence: &'static str,
            remedy: &'static str,
        ) -> Facts {
            Facts { name, fault, status, recoverable, sentence, remedy }
        }
        use Fault::{Configuration, Provider, Store, Unreachable, Upstream, Visitor};
        match self {
            Self::ApplicationFailed => facts(
                "application_failed",
                Configuration,
                500,
                true,
                "This application could not finish your sign-in.",
                "the hook given to on_sign_in failed: see the detail and the cause",
            ),
            Self::AttemptCookieMissing => facts(
                "attempt_cookie_missing",
                Visitor,
                400,
                true,
                "Your browser did not bring back what this sign-in was started with.",
                "the sign-in was started in another browser or on another host name (localhost and 127.0.0.1 are two), or cookies are blocked: compare the base URL with the address in the browser",
            ),
            Self::AttemptExpired => facts(
                "attempt_expired",
                Visitor,
                400,
                true,
                "This sign-in took too long and has expired.",
                "nothing to mend; raise `login_lifetime` if people need longer at the provider",
            ),
            Self::AttemptReplayed => facts(
                "attempt_replayed",
                Visitor,
                400,
                true,
                "This sign-in link was already used.",
                "a finished sign-in was sent again with another code; if it happens often, somebody is trying codes",
            ),
            Self::AuthenticationInsufficient => facts(
                "authentication_insufficient",
                Provider,
                403,
                false,
                "Your sign-in was not recent or strong enough for this page.",
                "the provider did not honour max_age or acr_values: check that it supports what is asked",
            ),
            Self::BodyTooLarge => facts(
                "body_too_large",
                Visitor,
                413,
                false,
                "The request was too large.",
                "nothing to mend; an authorization response is a few kilobytes at most",
            ),
            Self::ClientRefused => facts(
                "client_refused",
                Configuration,
                502,
                false,
                "This application could not identify itself to the sign-in service.",
                "check the client id, the client secret and the client authentication method against the provider's settings",
            ),
            Self::CrossSite => facts(
                "cross_site",
                Visitor,
                403,
                false,
                "This request came from another site and was refused.",
                "if the request is meant to come from another site, name its path with danger::allow_cross_site",
            ),
            Self::Forbidden => facts(
                "forbidden",
                Visitor,
                403,
                false,
                "You are signed in, but this page is not open to you.",
                "nothing to mend if it is meant so; else see the detail, and which claim holds the roles (role_claim)",
            ),
            Self::ForwardRefused => facts(
                "forward_refused",
                Visitor,
                400,
                false,
                "This request cannot be passed on.",
                "nothing to mend unless the application itself sends it: see the detail",
            ),
            Self::ForwardedMalformed => facts(
                "forwarded_malformed",
                Visitor,
                400,
                false,
                "This application cannot tell under which address it was opened.",
                "see the detail: the proxy in front has to write the forwarded header itself, in place of what comes from outside",
            ),
            Self::HostMismatch => facts(
                "host_mismatch",
                Visitor,
                400,
                true,
                "This sign-in was started under another address of this application.",
                "send people to one address; localhost and 127.0.0.1 are two, and cookies do not go from one to the other",
            ),
            Self::IdTokenRejected => facts(
                "id_token_rejected",
                Provider,
                400,
                true,
                "The sign-in service's answer could not be verified.",
                "see the detail; check issuer, client id, the algorithms allowed and the clocks on both sides",
            ),
            Self::InsufficientScope => facts(
                "insufficient_scope",
                Visitor,
                403,
                false,
                "This page needs a permission that was not given.",
                "the person or the provider's policy did not grant the scope: see the detail",
            ),
            Self::IssuerMismatch => facts(
                "issuer_mismatch",
                Provider,
                400,
                true,
                "The sign-in was answered by a different service than it was started with.",
                "the iss parameter of the callback must equal the configured issuer, byte for byte; if it always differs, copy the issuer from the provider's metadata",
            ),
            Self::KeysInvalid => facts(
                "keys_invalid",
                Provider,
                502,
                true,
                "The sign-in service's answer could not be verified.",
                "fetch the provider's jwks_uri and look: it must be JSON with a keys array",
            ),
            Self::LogoutTokenRejected => facts(
                "logout_token_rejected",
                Visitor,
                400,
                false,
                "The sign-out could not be verified.",
                "see the detail; if the provider sends it, check issuer, client id, the algorithms allowed and the clocks on both sides",
            ),
            Self::MetadataInvalid => facts(
                "metadata_invalid",
                Provider,
                502,
                true,
                "The sign-in service is not set up correctly.",
                "fetch the issuer's /.well-known/openid-configuration and compare its issuer with the configured one, byte for byte",
            ),
            Self::MethodNotAllowed => facts(
                "method_not_allowed",
                Visitor,
                405,
                false,
                "This address does not take this kind of request.",
                "nothing to mend",
            ),
            Self::Misconfigured => facts(
                "misconfigured",
                Configuration,
                500,
                false,
                "This application is not set up correctly.",
                "see the detail",
            ),
            Self::Overloaded => facts(
                "overloaded",
                Visitor,
                503,
                true,
                "There is too much to do right now.",
                "look who sends so much; the provider sends its logout tokens again",
            ),
            Self::ProviderRefused => facts(
                "provider_refused",
                Provider,
                400,
                true,
                "The sign-in service could not complete this sign-in.",
                "see the provider's error code in the detail and the provider's own log",
            ),
            Self::ProviderTimeout => facts(
                "provider_timeout",
                Unreachable,
                504,
                true,
                "The sign-in service took too long to answer.",
                "check the provider's health and the network between",
            ),
            Self::ProviderUnreachable => facts(
                "provider_unreachable",
                Unreachable,
                503,
                true,
                "The sign-in service cannot be reached right now.",
                "check the issuer URL, name resolution, TLS trust (LANDFALL_CA_FILE) and the network between",
            ),
            Self::RandomnessFailed => facts(
                "randomness_failed",
                Configuration,
                500,
                true,
                "This application cannot sign anyone in right now.",
                "the operating system's random source failed",
            ),
            Self::RequestMalformed => facts(
                "request_malformed",
                Visitor,
                400,
                true,
                "This sign-in link is not complete.",
                "nothing to mend, unless the provider sends it: then see the detail",
            ),
            Self::ScopeRefused => facts(
                "scope_refused",
                Configuration,
                403,
                false,
                "This application may not ask for the permission that this page needs.",
                "the provider answered invalid_scope: put the scope on this client's list there, or ask for less",
            ),
            Self::SessionTooLarge => facts(
                "session_too_large",
                Configuration,
                500,
                false,
                "This application could not keep your sign-in.",
                "the kept claims do not fit into a cookie: keep fewer with keep_claims, or give the builder a store",
            ),
            Self::SignInDeclined => facts(
                "sign_in_declined",
                Visitor,
                403,
                true,
                "The sign-in was cancelled or not allowed.",
                "nothing to mend; if nobody cancelled, look at the provider's access policy for this application",
            ),
            Self::SignInRejected => facts(
                "sign_in_rejected",
                Visitor,
                403,
                true,
                "This application does not let you sign in.",
                "nothing to mend if it is meant so: the application's own hook said it",
            ),
            Self::StateMismatch => facts(
                "state_mismatch",
                Visitor,
                400,
                true,
                "This sign-in was not started here.",
                "an old link, a changed cookie key, or somebody else's link; several instances need the same cookie keys",
            ),
            Self::StoreUnavailable => facts(
                "store_unavailable",
                Store,
                503,
                true,
                "Your session cannot be read right now.",
                "check the session store",
            ),
            Self::TokenResponseInvalid => facts(
                "token_response_invalid",
                Provider,
                502,
                true,
                "The sign-in service gave an answer that could not be used.",
                "see the detail; the token endpoint must answer as in RFC 6749 §5.1, with an ID token",
            ),
            Self::TokenRefused => facts(
                "token_refused",
                Provider,
                400,
                true,
                "The sign-in service did not accept this sign-in any more.",
                "see the provider's error code in the detail; invalid_grant usually means that the code was used or too old",
            ),
            Self::TooManyAttempts => facts(
                "too_many_attempts",
                Visitor,
                400,
                true,
                "Signing in did not succeed after several tries.",
                "the provider sends people back without what was asked, or their cookies do not stay: see the causes logged before this one",
            ),
            Self::UnsupportedMediaType => facts(
                "unsupported_media_type",
                Visitor,
                415,
                false,
                "This address does not take this kind of request.",
                "the provider must post application/x-www-form-urlencoded",
            ),
            Self::UpgradeRefused => facts(
                "upgrade_refused",
                Visitor,
                501,
                false,
                "This connection cannot be passed on.",
                "the token proxy forwards requests alone; let a handler of the application's take the WebSocket",
            ),
            Self::UpstreamInvalid => facts(
                "upstream_invalid",
                Upstream,
                502,
                false,
                "The service behind this application gave an answer that cannot be passed on.",
                "see the detail; a redirect must stay on the upstream's own path or lead to another https address",
            ),
            Self::UpstreamRefusedToken => facts(
                "upstream_refused_token",
                Upstream,
                502,
                true,
                "The service behind this application did not accept your sign-in.",
                "the API must accept access tokens of this provider: compare their audience (`audience`) and scopes with what it expects",
            ),
            Self::UpstreamTimeout => facts(
                "upstream_timeout",
                Upstream,
                504,
                false,
                "The service behind this application took too long to answer.",
                "check the upstream's health; raise the proxy's timeouts if it needs longer",
            ),
            Self::UpstreamUnreachable => facts(
                "upstream_unreachable",
                Upstream,
                502,
                false,
                "The service behind this application cannot be reached right now.",
                "check the upstream's address, name resolution, TLS trust (ca_file) and the network between",
            ),
            Self::UserinfoInvalid => facts(
                "userinfo_invalid",
                Provider,
                502,
                true,
                "The sign-in service gave an answer that could not be used.",
                "see the detail; the userinfo endpoint must answer with a JSON object",
            ),
            Self::UserinfoSubjectMismatch => facts(
                "userinfo_subject_mismatch",
                Provider,
                400,
                true,
                "The sign-in service's answer could not be verified.",
                "the userinfo endpoint answered about another subject than the ID token: tell the provider",
            ),
            Self::WebhookRejected => facts(
                "webhook_rejected",
                Visitor,
                400,
                false,
                "The event could not be used.",
                "see the detail; if the tenant sends it, compare the clocks on both sides",
            ),
            Self::WebhookUnsigned => facts(
                "webhook_unsigned",
                Visitor,
                401,
                false,
                "The event could not be verified.",
                "compare LANDFALL_WEBHOOK_SECRET with the secret that the tenant shows for this webhook",
            ),
            Self::WrongHost => facts(
                "wrong_host",
                Visitor,
                421,
                false,
                "This application does not answer under this address.",
                "add the address to the base URLs, or open the application under one of them",
            ),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
