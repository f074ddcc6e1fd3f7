//! What a token proxy was told. It is kept whole, so that each setting can build the client anew.

use std::time::Duration;

use http::HeaderName;

use super::path::Mapping;
use super::response_names::is_forbidden;
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
    /// Headers of an answer that pass besides those that always do.
    pub(super) passed: Vec<HeaderName>,
}

impl ProxySettings {
    /// With every default.
    pub(super) fn new(mapping: Mapping) -> Self {
        let requirement = Requirement::new();
        let (connect, idle) = (CONNECT_TIMEOUT, IDLE_TIMEOUT);
        Self { mapping, connect, idle, root: None, requirement, passed: Vec::new() }
    }

    /// With this header of an answer passed on, too.
    ///
    /// # Errors
    /// Names `pass_response_header`, and why it is none to pass.
    pub(super) fn passing(mut self, name: &str) -> Result<Self, ConfigError> {
        let wrong = |problem: &str, remedy: &str| {
            let problem = format!("{:?} {problem}", printable(name));
            ConfigError::new("pass_response_header", problem, remedy)
        };
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| wrong("is no header's name", "write it as the upstream does"))?;
        if is_forbidden(header.as_str()) {
            return Err(wrong(
                "would act on the whole origin, or on what stands in front",
                "let the application itself say it, where it is meant",
            ));
        }
        self.passed.push(header);
        Ok(self)
    }
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
            let error = settings().passing(bad).map(drop).unwrap_err();
            assert_eq!(error.setting, "pass_response_header", "{bad}");
        }
        let passed =
            settings().passing("Server-Timing").and_then(|it| it.passing("request-context")).unwrap().passed;
        assert_eq!(passed, ["server-timing", "request-context"]);
    }
}
