//! TLS to a real server, and whom it believes.

use std::sync::Arc;

use landfall::store::{Change, SessionStore, StoreOpener as _};
use landfall_sqlx::opener;
use landfall_testkit::VirtualClock;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::kit::{Told, key, record};
use crate::server::{Server, shared};

/// An authority of the test's own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// A certificate for this name, and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

fn open(address: &str, clock: &VirtualClock) -> Arc<dyn SessionStore> {
    opener().migrating().open(address, Arc::new(clock.clone())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_full_believes_the_authority_that_is_named_for_the_name_in_the_address_and_nobody_else() {
    let (own, other) = (Authority::new(), Authority::new());
    let folder = TempDir::new().unwrap();
    let file = |authority: &Authority, name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, &authority.certificate).unwrap();
        path.display().to_string()
    };
    let (own_file, other_file) = (file(&own, "own.pem"), file(&other, "other.pem"));
    let (certificate, private) = own.sign("localhost");
    let server = Server::with_tls(&certificate, &private).await;
    let clock = VirtualClock::default();
    let at = |host: &str, root: &str| {
        format!("postgres://postgres@{host}:{}/postgres?sslmode=verify-full{root}", server.port())
    };

    let store = open(&at("localhost", &format!("&sslrootcert={own_file}")), &clock);
    let told = Told::watch(&store);
    store.create(key(1), record(&clock, 1)).await.unwrap();
    told.hears(Change::Everything).await;
    assert!(store.remove(key(1)).await.unwrap());
    told.hears(Change::Record(key(1))).await;

    for (address, why) in [
        (at("127.0.0.1", &format!("&sslrootcert={own_file}")), "for another name"),
        (at("localhost", &format!("&sslrootcert={other_file}")), "sslrootcert"),
        (at("localhost", ""), "sslrootcert"),
        (
            format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=verify-full", shared().await.port()),
            "speaks no TLS",
        ),
    ] {
        let said = open(&address, &clock).load(key(1)).await.unwrap_err().to_string();
        assert!(said.contains(why) && said.contains("PostgreSQL at "), "{address}: {said}");
    }
}
