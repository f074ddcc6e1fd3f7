//! Headers of an API's answers that do not pass, each told to the operator once: somebody will look for them in vain.
//!
//! The names are the upstream's to choose, so few are told and none that is long. What no setting would let pass is not
//! told: there is nothing to be done about it.

use std::sync::{Mutex, PoisonError};

use http::header::{CONNECTION, HeaderMap, HeaderName};

use super::hop_by_hop::HopByHop;
use super::response_names::{is_forbidden, passes};

/// How many names are told for one proxy.
const MOST: usize = 32;
/// The longest name that is told, in bytes.
const LONGEST: usize = 64;

/// What was told for one proxy.
#[derive(Debug, Default)]
pub(super) struct Dropped(Mutex<Vec<HeaderName>>);

impl Dropped {
    /// Looks at an answer's headers, `named` being those that the application has passed on; the log names what is new,
    /// and the setting that would let it pass.
    pub(super) fn look(&self, prefix: &str, headers: &HeaderMap, named: &[HeaderName]) {
        for header in self.news(headers, named) {
            tracing::info!(
                prefix,
                header = header.as_str(),
                "a header of the upstream's answers is left out; `pass_response_header` lets it pass"
            );
        }
    }

    /// The names that would be told now.
    fn news(&self, headers: &HeaderMap, named: &[HeaderName]) -> Vec<HeaderName> {
        let mut hop_by_hop = HopByHop::default();
        headers.get_all(CONNECTION).iter().for_each(|value| hop_by_hop.named_by(value.as_bytes()));
        let is_left_out = |header: &HeaderName| {
            let name = header.as_str();
            !passes(name) && !is_forbidden(name) && !named.contains(header) && !hop_by_hop.names(name)
        };
        let mut news = Vec::new();
        for header in headers.keys().filter(|header| is_left_out(header) && header.as_str().len() <= LONGEST)
        {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if told.len() < MOST && !told.contains(header) {
                told.push(header.clone());
                news.push(header.clone());
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(names: &[&str]) -> HeaderMap {
        let named =
            names.iter().map(|name| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_static("x")));
        named.collect()
    }

    #[test]
    fn each_header_that_a_setting_would_let_pass_is_told_once_and_few_are() {
        let dropped = Dropped::default();
        let answer =
            headers(&["etag", "x-total", "set-cookie", "server", "keep-alive", "server-timing", "tk"]);
        let named = [HeaderName::from_static("tk")];
        assert_eq!(dropped.news(&answer, &named), ["server-timing"]);
        assert!(dropped.news(&answer, &named).is_empty());
        assert!(dropped.news(&headers(&["a".repeat(65).as_str()]), &[]).is_empty());
        for number in 0..100 {
            dropped.news(&headers(&[format!("made-up-{number}").as_str()]), &[]);
        }
        assert_eq!(dropped.0.lock().unwrap().len(), MOST);
    }
}
