//! TLS, with certificates of authorities that nobody else knows.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use landfall::store::{SessionStore as _, StoreOpener as _};
use landfall_redis::redis::{Client, TlsCertificates};
use landfall_redis::{RedisStore, opener};
use landfall_testkit::VirtualClock;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;

use crate::kit::{key, record};
use crate::server::{Server, free_port};
use crate::setup::works;

/// An authority and the servers that it has made certificates for.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Else every authority would have the same one.
        params.distinguished_name.push(DnType::CommonName, format!("Authority {}", free_port()));
        let pem = params.self_signed(&key).unwrap().pem();
        let this = Self { issuer: Issuer::new(params, key), pem, folder: TempDir::new().unwrap() };
        fs::write(this.file(), &this.pem).unwrap();
        this
    }

    /// Its own certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for this name, changed like this, and its key: their files.
    fn certificate(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let number = free_port();
        let files = ["cert", "key"].map(|kind| self.folder.path().join(format!("{number}.{kind}")));
        fs::write(&files[0], params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(&files[1], key.serialize_pem()).unwrap();
        files.map(|file| file.to_str().unwrap().to_owned())
    }

    /// A server whose certificate is for this name, changed like this; its port for TLS.
    pub(crate) async fn server(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (Server, u16) {
        let [certificate, key] = self.certificate(name, change);
        let port = free_port();
        let port_text = port.to_string();
        let arguments = ["--tls-port", &port_text, "--tls-auth-clients", "no", "--tls-cert-file"];
        let arguments: Vec<_> =
            arguments.into_iter().chain([certificate.as_str(), "--tls-key-file", &key]).collect();
        (Server::start(&arguments).await, port)
    }

    /// A Sentinel on `localhost` that watches the primary at this port, over TLS where it knows an authority to believe;
    /// its port for TLS.
    pub(crate) async fn sentinel(&self, primary: u16, believes: Option<&Self>) -> (Server, u16) {
        let [certificate, key] = self.certificate("localhost", |_| {});
        let port = free_port();
        let over_tls = match believes {
            Some(authority) => {
                format!("tls-replication yes\ntls-ca-cert-file {}\n", authority.file().display())
            }
            None => String::new(),
        };
        let settings = format!(
            "tls-port {port}\ntls-auth-clients no\ntls-cert-file {certificate}\ntls-key-file {key}\n{over_tls}\
             sentinel monitor main 127.0.0.1 {primary} 1\n"
        );
        (Server::start_sentinel(&settings).await, port)
    }
}

/// What a store at this address says, when it is asked.
pub(crate) async fn refusal(address: &str) -> String {
    let store = opener().open(address, Arc::new(VirtualClock::default())).unwrap();
    store.load(key(1)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_certificate_of_ones_own_authority_is_believed_and_no_other_one_by_client_and_by_address() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (_server, port) = ours.server("localhost", |_| {}).await;
    let (clock, address) = (VirtualClock::default(), format!("rediss://localhost:{port}/"));

    let root_cert = Some(ours.pem.clone().into_bytes());
    let client =
        Client::build_with_tls(address.clone(), TlsCertificates { client_tls: None, root_cert }).unwrap();
    works(RedisStore::new(client), &clock).await;

    let named = |authority: &Authority| format!("{address}?ca_file={}", authority.file().display());
    // A file that an address can only name percent-encoded.
    fs::copy(ours.file(), ours.folder.path().join("our ca & more.pem")).unwrap();
    let encoded = named(&ours).replace("ca.pem", "our%20ca%20%26%20more.pem");
    let store = opener().open(&encoded, Arc::new(clock.clone())).unwrap();
    assert!(store.load(key(1)).await.unwrap().is_none());

    let store = opener().open(&named(&ours), Arc::new(clock.clone())).unwrap();
    store.create(key(2), record(&clock, 2)).await.unwrap();
    assert!(store.load(key(2)).await.unwrap().is_some());

    for address in [&address, &named(&other)] {
        let error = refusal(address).await;
        assert!(error.contains("UnknownIssuer") && error.contains("ca_file"), "{error}");
        assert!(error.contains(&format!("Redis at localhost:{port}")), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_the_past_is_refused_and_the_reason_is_told() {
    let ours = Authority::new();
    let (_elsewhere, elsewhere) = ours.server("elsewhere.example", |_| {}).await;
    let past = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    };
    let (_expired, expired) = ours.server("localhost", past).await;
    for (port, told) in [(elsewhere, "not valid for name"), (expired, "expired")] {
        let error = refusal(&format!("rediss://localhost:{port}/?ca_file={}", ours.file().display())).await;
        assert!(error.contains("certificate") && error.contains(told), "{error}");
    }
}
