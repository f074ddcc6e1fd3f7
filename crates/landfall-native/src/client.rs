//! [`NativeClient`]: the one object that a native application makes.

use std::fmt;

use landfall::native::{Attempt, Grant, NativeRelyingParty};
use landfall::{Error, Identity, SignInWanted};

use crate::device::{self, DeviceCode};
use crate::error::NativeError;
use crate::redirect;
use crate::sign_in::{BrowserSignIn, Came};
use crate::tokens::{AccessToken, Tokens};

/// Signs a person in to an application on their own machine. Clones share the sign-in.
///
/// Its work runs on a thread of its own, so it can be awaited in any runtime. A future of it that is dropped stops what
/// it was about: the listener is closed, the device is not asked about any more.
///
/// ```no_run
/// # async fn run() -> Result<(), landfall_native::NativeError> {
/// use landfall_native::NativeClient;
///
/// let client = NativeClient::builder("https://acme.example", "client-id").build()?;
/// let user = client.sign_in().await?;
/// println!("Hello, {}", user.name().unwrap_or(user.subject()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NativeClient {
    relying_party: NativeRelyingParty,
    tokens: Tokens,
    browser: BrowserSignIn,
}

impl NativeClient {
    pub(crate) fn new(tokens: Tokens, browser: BrowserSignIn) -> Self {
        Self { relying_party: browser.relying_party.clone(), tokens, browser }
    }

    /// Signs in by the system's browser: opens it, listens on loopback for the one answer, and tells the person in the
    /// browser how it ended. Register `http://127.0.0.1/callback` at the provider, which leaves the port open (RFC 8252
    /// §7.3); or configure what is registered, by
    /// [`loopback_redirect`](crate::NativeClientBuilder::loopback_redirect).
    ///
    /// Where no browser can be started, or it opens nothing, the application can show the address, and a code for
    /// another device: see [`on_no_browser`](crate::NativeClientBuilder::on_no_browser).
    ///
    /// # Errors
    /// When no port can be had, no browser can be started and there is no such hook, nobody comes back in time, the
    /// provider or its answer is refused, or the storage cannot keep what came: see [`NativeError`].
    pub async fn sign_in(&self) -> Result<Identity, NativeError> {
        self.sign_in_with(SignInWanted::new()).await
    }

    /// Signs in by the system's browser, as [`NativeClient::sign_in`] does, and asks the provider for more: another
    /// account, a fresh sign-in, a level, further scopes.
    ///
    /// # Errors
    /// As [`NativeClient::sign_in`].
    ///
    /// ```no_run
    /// # async fn run(client: landfall_native::NativeClient) -> Result<(), landfall_native::NativeError> {
    /// use landfall_native::{Prompt, SignInWanted};
    ///
    /// let user = client.sign_in_with(SignInWanted::new().prompt(Prompt::SelectAccount)).await?;
    /// # let _ = user;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_in_with(&self, wanted: SignInWanted) -> Result<Identity, NativeError> {
        let this = self.clone();
        let lost = || NativeError::Listener(std::io::Error::other("the work panicked"));
        // Sockets belong to the runtime they were opened on.
        self.relying_party
            .spawn_scoped(async move { this.by_browser(wanted).await })
            .await
            .ok_or_else(lost)?
    }

    async fn by_browser(&self, wanted: SignInWanted) -> Result<Identity, NativeError> {
        let (attempt, answered) = match self.browser.wait(wanted).await? {
            Came::Answer(attempt, answered) => (attempt, answered),
            Came::Grant(grant) => return self.keep(grant).await,
        };
        // Before the page says so: it tells the truth.
        let signed_in = match self.relying_party.finish(&attempt, &answered.query).await {
            Ok(grant) => self.keep(grant).await,
            Err(error) => Err(error.into()),
        };
        let page = match &signed_in {
            Ok(_) => {
                let sentence = "You can close this window and go back to the application.";
                NativeRelyingParty::page(200, "You are signed in", sentence, None)
            }
            Err(NativeError::SignIn(error)) => {
                let (code, reference) = (error.code(), self.relying_party.tell(error));
                let sentence = format!("{} Go back to the application and try again.", code.sentence());
                NativeRelyingParty::page(code.status(), "You are not signed in", &sentence, Some(&reference))
            }
            Err(_) => {
                let sentence =
                    "The application could not keep the sign-in. Go back to it and see what it says.";
                NativeRelyingParty::page(500, "You are not signed in", sentence, None)
            }
        };
        answered.show(page).await;
        signed_in
    }

    /// Begins a sign-in whose answer comes to a redirect URI of the application's own: a custom scheme such as
    /// `com.example.app://callback`, or an https address that the system hands over (RFC 8252 §7.1, §7.2). Open
    /// [`SignInAttempt::url`] in the system's browser, and hand what comes back to [`NativeClient::finish`].
    ///
    /// # Errors
    /// When the redirect URI is of a scheme that any application may claim, or the provider cannot be reached.
    ///
    /// ```no_run
    /// # async fn run(client: landfall_native::NativeClient) -> Result<(), landfall_native::NativeError> {
    /// let attempt = client.begin("com.example.app://callback").await?;
    /// // open attempt.url() by the shell's own means; it is handed the answer:
    /// # let came = "com.example.app://callback?code=…";
    /// let user = client.finish(&attempt, came).await?;
    /// # let _ = user;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn begin(&self, redirect_uri: &str) -> Result<SignInAttempt, NativeError> {
        self.begin_with(redirect_uri, SignInWanted::new()).await
    }

    /// Begins a sign-in, as [`NativeClient::begin`] does, and asks the provider for more: another account, a fresh
    /// sign-in, a level, further scopes.
    ///
    /// # Errors
    /// As [`NativeClient::begin`].
    pub async fn begin_with(
        &self,
        redirect_uri: &str,
        wanted: SignInWanted,
    ) -> Result<SignInAttempt, NativeError> {
        redirect::check(redirect_uri)?;
        Ok(SignInAttempt(self.relying_party.begin(redirect_uri, wanted).await?))
    }

    /// Finishes a sign-in with the address that the system handed over. Any program can hand over any address: one
    /// that is not the answer to this very attempt is an error and leaves the attempt as it is.
    ///
    /// # Errors
    /// [`ErrorCode::StateMismatch`](landfall::ErrorCode::StateMismatch) for the answer to another attempt. Otherwise
    /// when the provider refused, what it gave cannot be believed, or the storage cannot keep it: see [`NativeError`].
    pub async fn finish(&self, attempt: &SignInAttempt, came: &str) -> Result<Identity, NativeError> {
        let query = redirect::query(attempt.0.redirect_uri(), came)?;
        match self.relying_party.finish(&attempt.0, query).await {
            Ok(grant) => self.keep(grant).await,
            Err(error) => Err(self.told(error)),
        }
    }

    /// Signs in without a browser beside the application: `show` is given a code, the person enters it elsewhere, and
    /// the provider is asked until they are done (RFC 8628).
    ///
    /// # Errors
    /// [`ErrorCode::SignInDeclined`](landfall::ErrorCode::SignInDeclined) when the person says no,
    /// [`ErrorCode::AttemptExpired`](landfall::ErrorCode::AttemptExpired) when the code runs out; else see
    /// [`NativeError`].
    ///
    /// ```no_run
    /// # async fn run(client: landfall_native::NativeClient) -> Result<(), landfall_native::NativeError> {
    /// let user = client
    ///     .sign_in_on_device(|code| println!("Enter {} on {}", code.user_code(), code.verification_uri()))
    ///     .await?;
    /// # let _ = user;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn sign_in_on_device(
        &self,
        show: impl FnOnce(DeviceCode<'_>) + Send,
    ) -> Result<Identity, NativeError> {
        let device = self.relying_party.device(SignInWanted::new()).await?;
        match device::wait(&self.relying_party, &device, &self.browser.pause, show).await {
            Ok(grant) => self.keep(grant).await,
            Err(error) => Err(self.told(error)),
        }
    }

    /// Who is signed in, from this run of the application or an earlier one; `None` when nobody is. Nothing is asked of
    /// the network.
    ///
    /// ```no_run
    /// # async fn run(client: landfall_native::NativeClient) -> Result<(), landfall_native::NativeError> {
    /// let user = match client.signed_in().await? {
    ///     Some(user) => user,
    ///     None => client.sign_in().await?,
    /// };
    /// # let _ = user;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the storage cannot be read.
    pub async fn signed_in(&self) -> Result<Option<Identity>, NativeError> {
        Ok(self.tokens.grant().await?.map(|grant| grant.identity().clone()))
    }

    /// An access token to call an API with: good for at least another minute, or for half of its lifetime if that is
    /// less. It is refreshed when it is due (RFC 6749 §6), once, however many ask at the same time. New tokens are in
    /// the storage before they are handed out.
    ///
    /// ```no_run
    /// # async fn run(client: landfall_native::NativeClient) -> Result<(), landfall_native::NativeError> {
    /// let token = client.access_token().await?;
    /// let authorization = format!("Bearer {}", token.secret()); // RFC 6750 §2.1
    /// # let _ = authorization;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NativeError::SignedOut`] when nobody is signed in (any more). [`NativeError::SignIn`] when the token has expired
    /// and the provider cannot be asked now; [`NativeError::Storage`] when new tokens cannot be kept.
    pub async fn access_token(&self) -> Result<AccessToken, NativeError> {
        self.tokens.access().await
    }

    /// Signs out: forgets the tokens, and gives them back to the provider (RFC 7009). What comes is an address to open
    /// where the person shall be signed out at the provider as well (OpenID Connect RP-Initiated Logout 1.0); `None` when
    /// nobody was signed in, or the provider has no such address.
    ///
    /// # Errors
    /// When the storage cannot forget them.
    pub async fn sign_out(&self) -> Result<Option<String>, NativeError> {
        let Some(grant) = self.tokens.take().await? else { return Ok(None) };
        self.relying_party.revoke(&grant).await;
        Ok(self.relying_party.end_session_url(&grant, None).await)
    }

    async fn keep(&self, grant: Grant) -> Result<Identity, NativeError> {
        let identity = grant.identity().clone();
        self.tokens.put(grant).await?;
        Ok(identity)
    }

    fn told(&self, error: Error) -> NativeError {
        self.relying_party.tell(&error);
        error.into()
    }
}

impl fmt::Debug for NativeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeClient")
            .field("issuer", &self.relying_party.issuer())
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// A sign-in that waits for its answer: made by [`NativeClient::begin`], good for one [`NativeClient::finish`].
#[derive(Debug)]
pub struct SignInAttempt(Attempt);

impl SignInAttempt {
    /// The address to open in the system's browser.
    pub fn url(&self) -> &str {
        self.0.authorization_url()
    }
}
