//! Whose certificates count: of the authorities in a file that an address names by `ca_file`, or of the system's.

use landfall::store::StoreError;
use percent_encoding::percent_decode_str;
use redis::Client;
use redis::cluster::ClusterClientBuilder;
use redis::sentinel::SentinelClientBuilder;
#[cfg(feature = "tls")]
use redis::{TlsCertificates, TlsMode};

/// The authorities that an address names, if it names any.
pub(crate) struct Authorities {
    #[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "nothing is verified without TLS"))]
    pem: Option<Vec<u8>>,
}

impl Authorities {
    /// Takes `ca_file` out of an address.
    ///
    /// # Errors
    /// When it is there without TLS, or names no file of certificates.
    pub(crate) fn split(rest: &str, secure: bool) -> Result<(String, Self), StoreError> {
        let Some((before, query)) = rest.split_once('?') else {
            return Ok((rest.to_owned(), Self { pem: None }));
        };
        let mut pem = None;
        let mut others = Vec::new();
        for pair in query.split('&') {
            match pair.strip_prefix("ca_file=") {
                Some(_) if !secure => {
                    return Err(StoreError::new("ca_file is for an address that begins with rediss"));
                }
                Some(file) => pem = Some(certificates(file)?),
                None => others.push(pair),
            }
        }
        let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
        Ok((format!("{before}{query}"), Self { pem }))
    }
}

/// What a file of certificates holds, named as addresses name things: percent-encoded (RFC 3986 §2.1).
fn certificates(written: &str) -> Result<Vec<u8>, StoreError> {
    let wrong = |problem: String| StoreError::new(format!("ca_file {written:?} {problem}"));
    let file = percent_decode_str(written).decode_utf8();
    let file = file.map_err(|_| wrong("is no path in UTF-8, once it is percent-decoded".to_owned()))?;
    let pem = std::fs::read(&*file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let begin = b"-----BEGIN CERTIFICATE-----";
    if pem.windows(begin.len()).any(|window| window == begin) {
        Ok(pem)
    } else {
        Err(wrong("holds no certificate in PEM".to_owned()))
    }
}

#[cfg(not(feature = "tls"))]
#[allow(clippy::unused_self, reason = "with TLS, it is what they take certificates from")]
impl Authorities {
    pub(crate) fn client(self, address: &str) -> Option<Client> {
        Client::open(address).ok()
    }

    pub(crate) fn cluster(self, builder: ClusterClientBuilder) -> ClusterClientBuilder {
        builder
    }

    pub(crate) fn sentinel(self, builder: SentinelClientBuilder, _: bool) -> SentinelClientBuilder {
        builder
    }
}

#[cfg(feature = "tls")]
impl Authorities {
    fn certificates(self) -> Option<TlsCertificates> {
        Some(TlsCertificates { client_tls: None, root_cert: Some(self.pem?) })
    }

    pub(crate) fn client(self, address: &str) -> Option<Client> {
        match self.certificates() {
            Some(certificates) => Client::build_with_tls(address, certificates).ok(),
            None => Client::open(address).ok(),
        }
    }

    pub(crate) fn cluster(self, builder: ClusterClientBuilder) -> ClusterClientBuilder {
        match self.certificates() {
            Some(certificates) => builder.certs(certificates),
            None => builder,
        }
    }

    pub(crate) fn sentinel(self, mut builder: SentinelClientBuilder, secure: bool) -> SentinelClientBuilder {
        if secure {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        match self.certificates() {
            Some(certificates) => builder
                .set_client_to_sentinel_certificates(certificates.clone())
                .set_client_to_redis_certificates(certificates),
            None => builder,
        }
    }
}

#[cfg(not(feature = "tls"))]
pub(crate) fn tls() -> Result<(), StoreError> {
    Err(StoreError::new("rediss:// needs the feature `tls` of landfall-redis"))
}

/// The client takes the process's TLS provider, and panics where several are compiled in and none was chosen.
#[cfg(feature = "tls")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature it is an error")]
pub(crate) fn tls() -> Result<(), StoreError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails when somebody else was faster, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_certificates_is_named_percent_encoded_or_as_it_is() {
        let folder = tempfile::TempDir::new().unwrap();
        let pem = "-----BEGIN CERTIFICATE-----";
        for (name, written) in [
            ("our ca.pem", "our%20ca.pem"),
            ("a&b?c#d.pem", "a%26b%3Fc%23d.pem"),
            ("plain+.pem", "plain+.pem"),
        ] {
            let file = folder.path().join(name);
            std::fs::write(&file, pem).unwrap();
            let path = folder.path().display();
            let (rest, ca) = Authorities::split(&format!("host/?ca_file={path}/{written}"), true).unwrap();
            assert_eq!((rest.as_str(), ca.pem.as_deref()), ("host/", Some(pem.as_bytes())), "{name}");
        }
    }
}
