//! The ways to sign in.

use std::io;

use landfall_native::{Identity, NativeClient, NativeClientBuilder, NativeError};
use tokio::sync::oneshot;

use crate::no_browser::{NotHere, show, show_code};

/// A mobile or desktop shell registers the scheme with the system; see the documentation of yours.
pub(crate) const SCHEME: &str = "com.example.app://callback";

/// How somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    /// In the system's browser, which comes back to a listener on loopback.
    Browser,
    /// The same where none can be started: the person opens one, here or on another device.
    NoBrowser,
    /// On another device, with a code.
    Device,
    /// By an address of our own, which the system would call us with.
    Scheme,
}

impl Way {
    pub(crate) fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let way = match arguments.next().as_deref() {
            None => Self::Browser,
            Some("--no-browser") => Self::NoBrowser,
            Some("--device") => Self::Device,
            Some("--scheme") => Self::Scheme,
            Some(unknown) => return Err(not_known(unknown)),
        };
        arguments.next().map_or(Ok(way), |more| Err(not_known(&more)))
    }

    /// Says what is to be done where no browser comes up.
    pub(crate) fn configured(self, builder: NativeClientBuilder) -> NativeClientBuilder {
        let builder = builder.on_no_browser(show);
        if self == Self::NoBrowser { builder.browser(NotHere) } else { builder }
    }

    pub(crate) async fn sign_in(self, client: &NativeClient) -> Result<Identity, NativeError> {
        match self {
            Self::Browser | Self::NoBrowser => {
                wait();
                client.sign_in().await
            }
            Self::Device => on_device(client).await,
            Self::Scheme => by_scheme(client).await,
        }
    }
}

fn not_known(argument: &str) -> String {
    format!("{argument}: not known; say --no-browser, --device, --scheme, or nothing")
}

async fn on_device(client: &NativeClient) -> Result<Identity, NativeError> {
    client
        .sign_in_on_device(|code| {
            show_code(&code);
            wait();
        })
        .await
}

async fn by_scheme(client: &NativeClient) -> Result<Identity, NativeError> {
    let attempt = client.begin(SCHEME).await?;
    println!("Sign in at {}", attempt.url());
    println!("The browser is then sent to {SCHEME}, where the system would call this program.");
    println!("Enter the whole address here (from its message or its developer tools): ");
    let came = line().await.unwrap_or_default();
    client.finish(&attempt, came.trim()).await
}

/// A line of the person's, read on a thread that nobody waits for when the program is stopped.
async fn line() -> Option<String> {
    let (sender, line) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = sender.send(io::stdin().read_line(&mut line).map(|_| line));
    });
    line.await.ok()?.ok()
}

fn wait() {
    println!("Waiting for you to sign in ... (Ctrl-C to stop)");
}
