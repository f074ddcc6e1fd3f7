//! [`NoBrowser`]: what an application can do where no browser shows the person the provider's page.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use crate::device::DeviceCode;

/// Shows a device code; called once.
pub(crate) type ShowCode = Box<dyn FnOnce(DeviceCode<'_>) + Send>;
/// The application's hook, on a thread that may block.
pub(crate) type Hook = Arc<dyn Fn(NoBrowser) + Send + Sync>;

/// A sign-in that no browser shows, as far as is known: one could not be started, or nobody has come back from it for a
/// while. The application is given it by [`NativeClientBuilder::on_no_browser`](crate::NativeClientBuilder::on_no_browser),
/// and shows the person the address, a code for another device, or both; whichever they finish signs them in. The
/// listener is there meanwhile.
///
/// ```
/// use landfall_native::{NativeClient, NoBrowser};
///
/// fn show(no_browser: NoBrowser) {
///     println!("Sign in here, in a browser on this machine:\n{}", no_browser.url());
///     // Where the provider has codes for devices: for a machine that no browser is on.
///     no_browser.use_device(|code| {
///         println!("or on any other: open {} and enter {}", code.verification_uri(), code.user_code());
///     });
/// }
///
/// let builder = NativeClient::builder("https://acme.example", "client-id").on_no_browser(show);
/// # let _ = builder;
/// ```
pub struct NoBrowser {
    url: String,
    error: Option<io::Error>,
    /// `None` where the provider has no device authorization.
    codes: Option<Sender<ShowCode>>,
}

impl NoBrowser {
    pub(crate) fn new(url: &str, error: Option<io::Error>, codes: Option<Sender<ShowCode>>) -> Self {
        Self { url: url.to_owned(), error, codes }
    }

    /// The address to open, in a browser on this machine: the answer comes to its loopback. It is for the person alone,
    /// as it carries the `state` of this sign-in: keep it out of logs.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Why no browser could be started: the kind of the error, and the system's number of it. `None` where one was
    /// started, and nobody came back within
    /// [`browser_patience`](crate::NativeClientBuilder::browser_patience): it may have opened nothing, or the person
    /// may just take their time.
    pub fn error(&self) -> Option<&io::Error> {
        self.error.as_ref()
    }

    /// Whether the provider's metadata offer codes for devices (RFC 8628 §4).
    pub fn offers_device(&self) -> bool {
        self.codes.is_some()
    }

    /// Offers the person the way by another device as well: `show` is given a code, as with
    /// [`NativeClient::sign_in_on_device`](crate::NativeClient::sign_in_on_device). Once it is shown, the sign-in also
    /// ends when the code is declined or runs out, and no longer by the builder's
    /// [`patience`](crate::NativeClientBuilder::patience), which then only closes the listener. A provider that gives
    /// no code leaves the sign-in as it was, and the log says why.
    ///
    /// It may be called at once, or when the person presses a button. `false` where it is of no use: the provider has
    /// no codes for devices, the sign-in is over, or a code is shown already.
    pub fn use_device(&self, show: impl FnOnce(DeviceCode<'_>) + Send + 'static) -> bool {
        self.codes.as_ref().is_some_and(|codes| codes.try_send(Box::new(show)).is_ok())
    }
}

/// Without the address.
impl fmt::Debug for NoBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoBrowser")
            .field("error", &self.error)
            .field("offers_device", &self.offers_device())
            .finish_non_exhaustive()
    }
}

/// What may be said of an error: its words may hold the address, as those of programs that failed to open it do.
pub(crate) fn without_words(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
