//! [`NativeError`]: what can go wrong, and what to do about it.

use std::io;
use std::net::SocketAddr;

use landfall::{ConfigError, Error, ErrorCode};

use crate::storage::StorageError;

/// Why somebody is not signed in, or has no token.
///
/// ```no_run
/// # async fn run(client: landfall_native::NativeClient) {
/// if let Err(error) = client.sign_in().await {
///     eprintln!("{error}\nWhat to do: {}", error.remedy());
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NativeError {
    /// A setting is missing or cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The sign-in failed: its [`code`](NativeError::code) says why.
    #[error(transparent)]
    SignIn(#[from] Error),
    /// No browser could be started, and there is no
    /// [`on_no_browser`](crate::NativeClientBuilder::on_no_browser) to show the address. The listener is closed. Of the
    /// error, kind and number are left: its words may hold the address.
    #[error("no browser could be started: {0}")]
    Browser(#[source] io::Error),
    /// The [port](crate::NativeClientBuilder::port) that was configured is taken by another program.
    #[error("port {0} is taken by another program; end it, or let the system choose a port")]
    PortTaken(u16),
    /// The redirect URI says `localhost`, which is two addresses, and one of them cannot be had: another program could
    /// answer there. Nothing is listened on.
    #[error("localhost means 127.0.0.1 and [::1], and {address} cannot be had: {source}")]
    Localhost {
        /// The one that cannot be had.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no loopback address to listen on.
    #[error("cannot listen on loopback: {0}")]
    Listener(#[source] io::Error),
    /// Nobody came back within the builder's [`patience`](crate::NativeClientBuilder::patience): the browser was closed,
    /// perhaps.
    #[error("nobody came back from the browser in time")]
    TimedOut,
    /// Nobody is signed in, or the sign-in is over.
    #[error("nobody is signed in")]
    SignedOut,
    /// Tokens could not be kept, or be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl NativeError {
    /// The code of a sign-in that failed; `None` for every other error.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::SignIn(error) => Some(error.code()),
            _ => None,
        }
    }

    /// What somebody can do about it, for the log or the terminal.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Config(error) => &error.remedy,
            Self::SignIn(error) if error.code() == ErrorCode::StateMismatch => {
                "hand over the address that this very sign-in came back with, or begin another"
            }
            Self::SignIn(error) => error.code().remedy(),
            Self::Browser(_) => {
                "show the address by the builder's on_no_browser, or sign in on another device"
            }
            Self::Localhost { .. } => {
                "end the program that listens there; or register http://127.0.0.1 and configure it as loopback_redirect"
            }
            Self::PortTaken(_) => "end the other program, or configure no port",
            Self::Listener(_) => "allow the application to listen on 127.0.0.1 or ::1",
            Self::TimedOut | Self::SignedOut => "sign in again",
            Self::Storage(_) => "see whether the place can be written to",
        }
    }
}
