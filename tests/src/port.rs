//! A loopback port that is known before the application on it is built.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use landfall::{RelyingParty, TokenProxy};

use crate::Framework;

/// A free port of 127.0.0.1, held. Connections wait until it is served.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Takes one.
    ///
    /// # Panics
    /// When there is none.
    pub fn bind() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of an application that browsers reach here, without anything in between.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves the application here, within a runtime.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn serve(self, framework: Framework, auth: RelyingParty) -> SocketAddr {
        self.serve_with(framework, auth, &[])
    }

    /// The same with token proxies, two at most, between the application and what signs people in.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn serve_with(self, framework: Framework, auth: RelyingParty, proxies: &[TokenProxy]) -> SocketAddr {
        match framework {
            Framework::Axum => crate::axum_app::serve(self.listener, auth, proxies),
            Framework::Actix => crate::actix_app::serve(self.listener, auth, proxies),
        }
        self.address
    }
}
