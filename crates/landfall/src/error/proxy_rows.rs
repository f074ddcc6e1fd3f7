//! The rows of the table for what the token proxy meets: requests that it does not forward, and an API that it cannot use.
//!
//! They are part of the table in [`codes`](super::codes), which has their documentation; here are their columns. None of
//! them is about a sign-in: the person is signed in, and the service behind the application is what fails. So none offers
//! another sign-in, but where the API refuses the token itself.

use tracing::Level;

use super::fault::Fault;
use super::row::Row;

/// Of [`ErrorCode::UpstreamInvalid`](super::ErrorCode::UpstreamInvalid): what it said cannot be passed on.
pub(super) static INVALID: Row = Row {
    name: "upstream_invalid",
    status: 502,
    public_code: "upstream_invalid",
    fault: Fault::Upstream,
    recoverable: false,
    log_level: Level::ERROR,
    title: "Please try again in a moment",
    sentence: "The service behind this application gave an answer that cannot be passed on.",
    remedy: "see the detail; a redirect must stay on the upstream's own path or lead to another https address",
};

/// Of [`ErrorCode::UpstreamRefusedToken`](super::ErrorCode::UpstreamRefusedToken): it did not take the access token.
pub(super) static TOKEN_REFUSED: Row = Row {
    name: "upstream_refused_token",
    status: 502,
    public_code: "upstream_refused_token",
    fault: Fault::Upstream,
    recoverable: true,
    log_level: Level::ERROR,
    title: "Please try again in a moment",
    sentence: "The service behind this application did not accept your sign-in.",
    remedy: "the API must accept access tokens of this provider: compare their audience (`audience`) and scopes with what it expects",
};

/// Of [`ErrorCode::UpstreamTimeout`](super::ErrorCode::UpstreamTimeout): it took too long.
pub(super) static TIMEOUT: Row = Row {
    name: "upstream_timeout",
    status: 504,
    public_code: "upstream_timeout",
    fault: Fault::Upstream,
    recoverable: false,
    log_level: Level::ERROR,
    title: "Please try again in a moment",
    sentence: "The service behind this application took too long to answer.",
    remedy: "check the upstream's health; raise the proxy's timeouts if it needs longer",
};

/// Of [`ErrorCode::UpstreamUnreachable`](super::ErrorCode::UpstreamUnreachable): nothing could be sent to it.
pub(super) static UNREACHABLE: Row = Row {
    name: "upstream_unreachable",
    status: 502,
    public_code: "upstream_unreachable",
    fault: Fault::Upstream,
    recoverable: false,
    log_level: Level::ERROR,
    title: "Please try again in a moment",
    sentence: "The service behind this application cannot be reached right now.",
    remedy: "check the upstream's address, name resolution, TLS trust (`TokenProxy::ca_file`) and the network between",
};

/// Of [`ErrorCode::UpgradeRefused`](super::ErrorCode::UpgradeRefused): a protocol that is not forwarded.
pub(super) static UPGRADE_REFUSED: Row = Row {
    name: "upgrade_refused",
    status: 501,
    public_code: "upgrade_refused",
    fault: Fault::Visitor,
    recoverable: false,
    log_level: Level::INFO,
    title: "Not possible here",
    sentence: "This connection cannot be passed on.",
    remedy: "the token proxy forwards requests alone; let a handler of the application's take the WebSocket",
};

/// Of [`ErrorCode::ForwardRefused`](super::ErrorCode::ForwardRefused): a request that could be read in two ways.
pub(super) static FORWARD_REFUSED: Row = Row {
    name: "forward_refused",
    status: 400,
    public_code: "forward_refused",
    fault: Fault::Visitor,
    recoverable: false,
    log_level: Level::INFO,
    title: "Request refused",
    sentence: "This request cannot be passed on.",
    remedy: "nothing to mend unless the application itself sends it: see the detail",
};
