//! A real reverse proxy in front of an application.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use rcgen::CertifiedKey;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

use super::{Process, program, until};

/// The port for the next one is looked for without holding it: one start at a time.
static STARTING: Mutex<()> = Mutex::const_new(());

/// nginx, with TLS ending in it, on a port and a folder of its own. It ends when this is dropped.
#[derive(Debug)]
pub struct Nginx {
    /// Where it takes TLS.
    pub address: SocketAddr,
    certificate: CertificateDer<'static>,
    // Dropped in this order: the program before the folder it writes to.
    _process: Process,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it with a certificate for these names and these locations, as they stand in its configuration.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(names: &[&str], locations: &str) -> Self {
        let _turn = STARTING.lock().await;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let folder = TempDir::with_prefix("landfall-nginx-").unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        fs::write(folder.path().join("certificate.pem"), cert.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
        let configuration = folder.path().join("nginx.conf");
        fs::write(&configuration, configure(address, locations)).unwrap();
        let mut command = Command::new(program("LANDFALL_TEST_NGINX"));
        command.arg("-p").arg(folder.path()).arg("-c").arg(&configuration).args(["-e", "stderr"]);
        let process = Process::start(&mut command);
        until("nginx listens", async || TcpStream::connect(address).await.ok()).await;
        Self { address, certificate: cert.into(), _process: process, _folder: folder }
    }

    /// A plain port that leads to it over TLS, for a client without: it asks for this name, and checks that it gets it.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn unwrapped(&self, name: &str) -> SocketAddr {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, target) = (listener.local_addr().unwrap(), self.address);
        tokio::spawn(async move {
            while let Ok((mut plain, _)) = listener.accept().await {
                let (connector, name) = (connector.clone(), name.clone());
                tokio::spawn(async move {
                    // From an address that is not the proxy's: who is trusted is told apart.
                    let socket = TcpSocket::new_v4()?;
                    socket.bind(SocketAddr::from(([127, 0, 0, 2], 0)))?;
                    let mut secure = connector.connect(name, socket.connect(target).await?).await?;
                    copy_bidirectional(&mut plain, &mut secure).await
                });
            }
        });
        port
    }
}

/// One process: what is killed leaves no workers behind. All that it writes is in its own folder.
fn configure(address: SocketAddr, locations: &str) -> String {
    format!(
        "daemon off; master_process off; error_log stderr; pid nginx.pid; events {{}}
        http {{
            access_log off;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
            uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            server {{
                listen {address} ssl;
                ssl_certificate certificate.pem; ssl_certificate_key key.pem;
                {locations}
            }}
        }}\n"
    )
}
