//! TLS in front of an application, as a reverse proxy has it.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A port where TLS ends, with a certificate for `localhost` that nobody has signed. It ends with the runtime.
#[derive(Debug)]
pub struct TlsFront {
    listener: TcpListener,
    port: u16,
    base_url: String,
}

impl TlsFront {
    /// Takes a port; nothing is served yet.
    ///
    /// # Panics
    /// When there is none.
    pub async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port, base_url: format!("https://localhost:{port}") }
    }

    /// Its port: a browser of ours finds every host below `.test` here as well.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where browsers reach it.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Hands on what comes to `application`.
    ///
    /// # Panics
    /// When no certificate can be made.
    pub fn serve(self, application: SocketAddr) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((connection, _)) = self.listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(connection).await?;
                    let mut inside = TcpStream::connect(application).await?;
                    copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
    }
}
