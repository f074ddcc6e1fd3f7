//! What the adapters' own `TokenProxy` passes on to the core's inside it; see `visit/delegate.rs`.

/// The token proxy, around [`TokenProxy`](crate::TokenProxy).
#[doc(hidden)]
#[macro_export]
macro_rules! __token_proxy {
    ($TokenProxy:ident) => {
        impl $TokenProxy {
            /// Forwards what is at or below `prefix` to `upstream`, an https address, with a path if it has one: with
            /// `/api` and `https://api.example.com/v1`, `/api/orders?page=2` is
            /// `https://api.example.com/v1/orders?page=2`.
            ///
            /// # Errors
            /// When the prefix is no path of plain segments, or the upstream is neither https nor http on a loopback.
            pub fn new(prefix: &str, upstream: &str) -> Result<Self, $crate::ConfigError> {
                $crate::TokenProxy::new(prefix, upstream).map(Self)
            }

            /// How long it may take to connect, and how long nothing may move on a connection, in either direction.
            /// Default: 5 s and 60 s. There is no limit for a request as a whole.
            ///
            /// # Errors
            /// When one is zero, or longer than a day.
            pub fn timeouts(
                self,
                connect: ::std::time::Duration,
                idle: ::std::time::Duration,
            ) -> Result<Self, $crate::ConfigError> {
                self.0.timeouts(connect, idle).map(Self)
            }

            /// Demands more of whoever calls, as a guard does, and is answered as there; nothing is forwarded for who does
            /// not meet it.
            #[must_use]
            pub fn require(self, requirement: $crate::Requirement) -> Self {
                Self(self.0.require(requirement))
            }

            /// Passes this header of a browser's requests on to the upstream, although gateways say by such a name who
            /// asks: one of the API's own, which it believes of nobody. Called again: this one as well.
            ///
            /// # Errors
            /// When it is no header's name, or one that is never a browser's to say (Authorization, Cookie, Host, those
            /// for one hop and their like).
            pub fn pass_request_header(self, name: &str) -> Result<Self, $crate::ConfigError> {
                self.0.pass_request_header(name).map(Self)
            }

            /// Passes this header of the upstream's answers on to the browser, besides those that always pass. Called
            /// again: this one as well.
            ///
            /// # Errors
            /// When it is no header's name, or one that acts on the whole origin and is no upstream's to say.
            pub fn pass_response_header(self, name: &str) -> Result<Self, $crate::ConfigError> {
                self.0.pass_response_header(name).map(Self)
            }

            /// Trusts the certificates in this PEM file too, when the upstream is called.
            ///
            /// # Errors
            /// When the file cannot be read or holds no certificate.
            pub fn ca_file(self, file: impl AsRef<::std::path::Path>) -> Result<Self, $crate::ConfigError> {
                self.0.ca_file(file).map(Self)
            }
        }

        impl From<$crate::TokenProxy> for $TokenProxy {
            fn from(proxy: $crate::TokenProxy) -> Self {
                Self(proxy)
            }
        }
    };
}
