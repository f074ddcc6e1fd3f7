//! What a token proxy was told. It is kept whole, so that each setting can build the client anew.

use std::time::Duration;

use http::HeaderName;

use super::path::Mapping;
use super::{request_names, response_names};
use crate::error::{ConfigError, printable};
use crate::visit::requirement::Requirement;

/// How long it may take to connect: as long as the calls to the provider.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long nothing may move: as proxies in front of applications have it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Everything but the connections.
#[derive(Clone)]
pub(super) struct ProxySettings {
    /// The local prefix, and the upstream that it leads to.
    pub(super) mapping: Mapping,
    /// How long it may take to connect.
    pub(super) connect: Duration,
    /// How long nothing may move on a connection.
    pub(super) idle: Duration,
    /// A further root certificate, as PEM.
    pub(super) root: Option<Vec<u8>>,
    /// What somebody has to meet, beyond being signed in.
    pub(super) requirement: Requirement,
    /// Headers of a request that pass although gateways say by such who asks.
    pub(super) passed_there: Vec<HeaderName>,
    /// Headers of an answer that pass besides those that always do.
    pub(super) passed_back: Vec<HeaderName>,
}

impl ProxySettings {
    /// With every default.
    pub(super) fn new(mapping: Mapping) -> Self {
        let requirement = Requirement::new();
        let (connect, idle) = (CONNECT_TIMEOUT, IDLE_TIMEOUT);
        Self {
            mapping,
            connect,
            idle,
            root: None,
            requirement,
            passed_there: Vec::new(),
            passed_back: Vec::new(),
        }
    }

    /// With this header of a request passed on, too.
    ///
    /// # Errors
    /// Names `pass_request_header`, and why it is none to pass.
    pub(super) fn passing_there(mut self, name: &str) -> Result<Self, ConfigError> {
        let (problem, remedy) = (
            "is no browser's to say to an API, or is between two hops",
            "let the API take another name for it",
        );
        let header = header("pass_request_header", name, request_names::is_forbidden, (problem, remedy))?;
        self.passed_there.push(header);
        Ok(self)
    }

    /// With this header of an answer passed on, too.
    ///
    /// # Errors
    /// Names `pass_response_header`, and why it is none to pass.
    pub(super) fn passing_back(mut self, name: &str) -> Result<Self, ConfigError> {
        let (problem, remedy) = (
            "would act on the whole origin, or on what stands in front",
            "let the application itself say it, where it is meant",
        );
        let header = header("pass_response_header", name, response_names::is_forbidden, (problem, remedy))?;
        self.passed_back.push(header);
        Ok(self)
    }
}

/// The header of this name, unless it is none to pass.
///
/// # Errors
/// Names the setting, with what is wrong with a forbidden header and the remedy.
fn header(
    setting: &'static str,
    name: &str,
    is_forbidden: fn(&str) -> bool,
    (problem, remedy): (&str, &str),
) -> Result<HeaderName, ConfigError> {
    let wrong = |problem: &str, remedy: &str| {
        ConfigError::new(setting, format!("{:?} {problem}", printable(name)), remedy)
    };
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| wrong("is no header's name", "write it as the API does"))?;
    if is_forbidden(header.as_str()) { Err(wrong(problem, remedy)) } else { Ok(header) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_acts_on_the_whole_origin_is_passed_on_by_no_name() {
        let settings = || ProxySettings::new(Mapping::new("/api", "https://api.example.com", false).unwrap());
        for bad in [
            "Set-Cookie",
            "access-control-allow-origin",
            "Clear-Site-Data",
            "Sec-Session-Registration",
            "Speculation-Rules",
            "a b",
            "",
        ] {
            let error = settings().passing_back(bad).map(drop).unwrap_err();
            assert_eq!(error.setting, "pass_response_header", "{bad}");
        }
        let passed =
            settings().passing_back("Server-Timing").and_then(|it| it.passing_back("request-context"));
        assert_eq!(passed.unwrap().passed_back, ["server-timing", "request-context"]);
    }

    #[test]
    fn a_header_that_is_never_a_browsers_to_say_is_passed_on_by_no_name() {
        let settings = || ProxySettings::new(Mapping::new("/api", "https://api.example.com", false).unwrap());
        for bad in [
            "Authorization",
            "Cookie",
            "Host",
            "Content-Length",
            "Transfer_Encoding",
            "Connection",
            "Proxy-Authorization",
            "Upgrade",
            "TE",
            "Origin",
            "Sec-Fetch-Site",
            "X-Original-URL",
            "X_HTTP_Method_Override",
            "a b",
            "",
        ] {
            let error = settings().passing_there(bad).map(drop).unwrap_err();
            assert_eq!(error.setting, "pass_request_header", "{bad}");
        }
        let passed = settings().passing_there("X-Group-By").and_then(|it| it.passing_there("Remote-User"));
        assert_eq!(passed.unwrap().passed_there, ["x-group-by", "remote-user"]);
    }
}
