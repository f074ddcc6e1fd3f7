//! A sign-in by a browser, until an answer is there: the listener, the browser, and what is done where there is none.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use landfall::SignInWanted;
use landfall::native::{Attempt, Grant, NativeRelyingParty};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::browser::OpenBrowser;
use crate::device::{self, Pause};
use crate::error::NativeError;
use crate::listener::{Answered, Listener};
use crate::loopback::LoopbackRedirect;
use crate::no_browser::{Hook, NoBrowser, ShowCode, without_words};

/// What every sign-in by a browser needs.
#[derive(Clone)]
pub(crate) struct BrowserSignIn {
    pub(crate) relying_party: NativeRelyingParty,
    pub(crate) browser: Arc<dyn OpenBrowser>,
    pub(crate) redirect: LoopbackRedirect,
    pub(crate) on_no_browser: Option<Hook>,
    /// How long an opened browser is believed to be one.
    pub(crate) browser_patience: Duration,
    /// How long the listener is there.
    pub(crate) patience: Duration,
    pub(crate) pause: Pause,
}

/// What ended the waiting.
#[allow(clippy::large_enum_variant, reason = "there is one for each sign-in")]
pub(crate) enum Came {
    /// The browser, which waits for a page.
    Answer(Arc<Attempt>, Answered),
    /// The person, by another device.
    Grant(Grant),
}

impl BrowserSignIn {
    /// Listens, opens the browser, and waits for whichever way the person takes. The listener is closed when this is
    /// done, before anything else is.
    ///
    /// # Errors
    /// When nothing can be listened on or begun, no browser can be started and nobody can be told, nobody comes in
    /// time, or the person's code on another device is declined or runs out.
    pub(crate) async fn wait(&self, wanted: SignInWanted) -> Result<Came, NativeError> {
        let listener = Listener::bind(&self.redirect).await?;
        let attempt = Arc::new(self.relying_party.begin(&listener.redirect_uri(), wanted.clone()).await?);
        let (codes, asked) = mpsc::channel(1);
        let is_code_shown = AtomicBool::new(false);
        let mut by_device = pin!(self.by_device(wanted, asked, &is_code_shown));
        let by_browser = async {
            tokio::select! {
                answered = listener.answer(Arc::clone(&attempt)) => answered,
                source = self.not_opened(&attempt, codes) => Err(NativeError::Browser(source)),
                () = (self.pause)(self.patience) => Err(NativeError::TimedOut),
            }
        };
        let answered = tokio::select! {
            answered = by_browser => answered,
            grant = &mut by_device => return grant.map(Came::Grant),
        };
        match answered {
            // Whoever holds a code has the time that the provider gives it.
            Err(NativeError::TimedOut) if is_code_shown.load(Ordering::Relaxed) => {
                by_device.await.map(Came::Grant)
            }
            answered => answered.map(|answered| Came::Answer(attempt, answered)),
        }
    }

    /// Opens the browser, and comes back only if that fails and nobody can be told: with a hook, the application shows
    /// the address instead, and the listener goes on.
    async fn not_opened(&self, attempt: &Attempt, codes: Sender<ShowCode>) -> io::Error {
        let url = attempt.authorization_url();
        let failed = self.open(url.to_owned()).await;
        let Some(hook) = &self.on_no_browser else {
            return match failed {
                Some(error) => error,
                None => std::future::pending().await,
            };
        };
        if let Some(error) = &failed {
            tracing::warn!(%error, "no browser could be started; the application is given the address");
        } else {
            (self.pause)(self.browser_patience).await;
            tracing::info!("nobody came back from the browser yet; the application is given the address");
        }
        self.relying_party.address_given();
        let codes = if self.relying_party.offers_device_codes().await { Some(codes) } else { None };
        let (hook, no_browser) = (Arc::clone(hook), NoBrowser::new(url, failed, codes));
        // It may ask the person something, and is not waited for.
        tokio::task::spawn_blocking(move || hook(no_browser));
        std::future::pending().await
    }

    /// Opens the browser; what is left of the error if that fails. One that runs in the terminal holds its thread for as
    /// long as it is used.
    async fn open(&self, url: String) -> Option<io::Error> {
        let browser = Arc::clone(&self.browser);
        match tokio::task::spawn_blocking(move || browser.open(&url)).await {
            Ok(opened) => opened.err().map(|error| without_words(&error)),
            Err(_) => Some(io::Error::other("opening it panicked")),
        }
    }

    /// Waits for the application to ask for a code, and then for the person who enters it.
    async fn by_device(
        &self,
        wanted: SignInWanted,
        mut asked: Receiver<ShowCode>,
        is_code_shown: &AtomicBool,
    ) -> Result<Grant, NativeError> {
        while let Some(show) = asked.recv().await {
            match self.relying_party.device(wanted.clone()).await {
                Ok(device) => {
                    is_code_shown.store(true, Ordering::Relaxed);
                    asked.close();
                    let waited = device::wait(&self.relying_party, &device, &self.pause, show).await;
                    return waited.map_err(|error| {
                        self.relying_party.tell(&error);
                        error.into()
                    });
                }
                // The listener is there still.
                Err(error) => drop(self.relying_party.tell(&error)),
            }
        }
        std::future::pending().await
    }
}
