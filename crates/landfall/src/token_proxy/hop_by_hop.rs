//! Headers that are for the next hop alone (RFC 9110 §7.6.1).
//!
//! Both directions leave them out. A message can name more of them than there are by itself, in its Connection
//! header, so the set is made for each message. Whoever uses it for a request has more to leave out: see
//! `request_headers`.

/// What this message's Connection header names, beside those that every message has. In lower case.
#[derive(Debug, Default)]
pub(super) struct HopByHop(Vec<String>);

impl HopByHop {
    /// Takes the names of one Connection header; there may be several.
    pub(super) fn named_by(&mut self, connection: &[u8]) {
        let names = connection.split(|byte| *byte == b',').filter_map(|name| std::str::from_utf8(name).ok());
        self.0.extend(names.map(|name| name.trim().to_ascii_lowercase()));
    }

    /// Whether this header, in lower case, is for the next hop alone.
    pub(super) fn names(&self, header: &str) -> bool {
        matches!(header, "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade")
            || header.starts_with("proxy-")
            || self.0.iter().any(|name| name == header)
    }
}
