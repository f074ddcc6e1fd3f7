//! The application's name: what every seal and every index of it is derived from.
//!
//! It must stay what it is for as long as sessions are to be found: under another name no cookie opens and no record is
//! found, and everybody is signed out.

/// What keeps an application's seals and indexes apart from those of others that share its keys or its store.
///
/// It is the application's, not a provider's: whoever signs in by a second provider, or by none, is sealed and found
/// under the same name.
#[derive(Clone, Debug)]
pub(crate) struct ApplicationName {
    /// Issuer and client id, or a fixed word and the name that was given.
    parts: [Box<[u8]>; 2],
}

impl ApplicationName {
    /// The name where nobody gave one: that of the first client, at its issuer.
    pub(crate) fn of_client(issuer: &str, client_id: &str) -> Self {
        Self { parts: [issuer, client_id].map(|part| part.as_bytes().into()) }
    }

    /// A name that the application was given. No issuer is called `application`, so it is never a client's.
    pub(crate) fn given(name: &str) -> Self {
        Self { parts: ["application", name].map(|part| part.as_bytes().into()) }
    }

    /// What a key or an index is derived from: the name, and what tells it from others of the application.
    pub(crate) fn context<'a>(&'a self, rest: &[&'a [u8]]) -> Vec<&'a [u8]> {
        self.parts.iter().map(|part| &**part).chain(rest.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_holds_the_name_and_what_follows_it_in_order() {
        let client = ApplicationName::of_client("https://op.example", "app");
        assert_eq!(client.context(&[b"a", b"b"]), [&b"https://op.example"[..], b"app", b"a", b"b"]);
        let given = ApplicationName::given("app");
        assert_eq!(given.context(&[]), [&b"application"[..], b"app"]);
    }
}
