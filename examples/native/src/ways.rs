//! The ways to sign in.

use std::io;

use landfall_native::{Identity, NativeClient, NativeError, OpenBrowser, SystemBrowser};
use tokio::sync::oneshot;

/// A mobile or desktop shell registers the scheme with the system; see the documentation of yours.
pub(crate) const SCHEME: &str = "com.example.app://callback";

/// How somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    /// In the system's browser, which comes back to a listener on loopback.
    Browser,
    /// The same in a browser that the person opens.
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

    pub(crate) async fn sign_in(self, client: &NativeClient) -> Result<Identity, NativeError> {
        match self {
            Self::Browser | Self::NoBrowser => client.sign_in().await,
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
            println!("Open {} and enter the code {}", code.verification_uri(), code.user_code());
            if let Some(url) = code.verification_uri_complete() {
                println!("or open {url} and compare the code");
            }
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

impl OpenBrowser for Way {
    fn open(&self, url: &str) -> io::Result<()> {
        println!("Sign in at {url}");
        wait();
        // A terminal without a browser beside it: the address above is enough.
        if *self == Self::Browser && SystemBrowser.open(url).is_err() {
            println!("No browser could be started: open the address yourself");
        }
        Ok(())
    }
}

fn wait() {
    println!("Waiting for you to finish there ... (Ctrl-C to stop)");
}
