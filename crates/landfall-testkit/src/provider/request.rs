//! Requests as the provider saw them: kept in the log, and read by the endpoints.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method};

/// A request the provider saw.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SeenRequest {
    /// The method.
    pub method: Method,
    /// The path, with the issuer's own path in front.
    pub path: String,
    /// The query, raw; empty if there was none.
    pub query: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl SeenRequest {
    /// A parameter from the form in the body, or else from the query.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let find = |parameters: Parameters| parameters.one(name).map(str::to_owned);
        find(self.form()).or_else(|| find(Parameters::parse(self.query.as_bytes())))
    }

    /// The value of a header, if it is there and printable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn form(&self) -> Parameters {
        let media = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        let essence = media.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Parameters::parse(&self.body)
        } else {
            Parameters::default()
        }
    }

    /// The form of a POST, the query of anything else.
    pub(crate) fn parameters(&self) -> Parameters {
        if self.method == Method::POST { self.form() } else { Parameters::parse(self.query.as_bytes()) }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split("; ")).find_map(|pair| match pair.split_once('=') {
            Some((known, value)) if known == name => Some(value),
            _ => None,
        })
    }

    /// The credentials of this scheme in `Authorization`.
    pub(crate) fn credentials(&self, scheme: &str) -> Option<&str> {
        let (found, rest) = self.header(AUTHORIZATION.as_str())?.split_once(' ')?;
        found.eq_ignore_ascii_case(scheme).then(|| rest.trim())
    }
}

/// Names and values, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The value, if it is there and not empty (RFC 6749 §3.1: empty is as good as absent).
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// A name that is there more than once.
    pub(crate) fn duplicate(&self) -> Option<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(*a),
            _ => None,
        })
    }

    pub(crate) fn repeats(&self, name: &str) -> bool {
        self.0.iter().filter(|(known, _)| known == name).count() > 1
    }
}
