//! How an address is shown to the person: by the system's browser, or by a way of the application's own.

use std::fmt;
use std::io;

/// Opens an address where the person can see it. An application implements it where the system's browser is not the
/// right way.
///
/// ```
/// use landfall_native::{NativeClient, OpenBrowser};
///
/// /// For a terminal without a browser beside it.
/// #[derive(Debug)]
/// struct Print;
///
/// impl OpenBrowser for Print {
///     fn open(&self, url: &str) -> std::io::Result<()> {
///         println!("Open this address to sign in:\n{url}");
///         Ok(())
///     }
/// }
///
/// let builder = NativeClient::builder("https://acme.example", "client-id").browser(Print);
/// # let _ = builder;
/// ```
pub trait OpenBrowser: fmt::Debug + Send + Sync + 'static {
    /// Opens the address, or shows it to the person. It may block: it is called on a thread that may, and the answer is
    /// waited for meanwhile.
    ///
    /// # Errors
    /// When nothing could be started. The application is then given the address to show, by
    /// [`on_no_browser`](crate::NativeClientBuilder::on_no_browser); without that hook the sign-in ends with
    /// [`NativeError::Browser`](crate::NativeError::Browser). Neither repeats the words of the error, which may hold the
    /// address.
    fn open(&self, url: &str) -> io::Result<()>;
}

/// The browser that the person has chosen for this machine, in a process of its own, never one inside the
/// application (RFC 8252 §8.12).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemBrowser;

impl OpenBrowser for SystemBrowser {
    fn open(&self, url: &str) -> io::Result<()> {
        open::that_detached(url)
    }
}
