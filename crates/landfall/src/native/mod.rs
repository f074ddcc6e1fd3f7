//! What `landfall-native` signs in with: the flows of a web application without its cookies, paths and guards.
//!
//! Not part of the API: use the crate `landfall-native`. It is behind a feature and hidden from the documentation, so
//! it may change with any release.
//!
//! An application on somebody's own machine (RFC 8252) has no cookies, no paths and no guards, but it needs the same
//! checks. So this room puts a whole relying party together and uses of it what every leg shares. In its order:
//!
//! 1. [`NativeRelyingParty::begin`] gives an [`Attempt`], which stays in memory where a web application has a cookie.
//! 2. The system's browser comes to the redirect URI. How that is heard (a loopback listener, a scheme of its own) is
//!    the other crate's.
//! 3. [`NativeRelyingParty::finish`] makes a [`Grant`] of the answer. Or, without a browser at all:
//!    [`NativeRelyingParty::device`], then [`NativeRelyingParty::poll`] until it is granted (RFC 8628).
//! 4. [`NativeRelyingParty::refresh`] gives the next grant, [`NativeRelyingParty::revoke`] gives one back.
//!
//! The steps themselves are in `flow.rs`; here they are put on the relying party's runtime. What is deliberately not
//! here: storage of tokens, and any lock around a refresh. Both are the other crate's.

mod flow;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::flow::{DeviceAnswer, DeviceSignIn, StartedSignIn};
use crate::builder::RelyingPartyBuilder;
use crate::clock::{Clock, Timestamp};
use crate::context::events::{EventKind, Told, WayIn};
use crate::context::{Context, no_runtime};
use crate::crypto::seal::CookieKey;
use crate::crypto::secret::Secret;
use crate::error::{ConfigError, Error, ErrorCode};
use crate::flow::logout;
use crate::flow::refresh::RefreshError;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::relying_party::FrontDoor;
use crate::runtime::under_way::Work;
use crate::session::{ClientRef, Identity, Session, Tokens, record};
use crate::web::pages;
use crate::web::reply::{Reply, Waiting};

/// Signs in without cookies. A clone shares everything with its original. Work runs on the runtime of the relying party
/// inside, so it can be awaited anywhere.
#[derive(Clone, Debug)]
pub struct NativeRelyingParty {
    /// Never mounted: no request reaches its endpoints.
    relying_party: FrontDoor,
}

impl NativeRelyingParty {
    /// From a builder without base URL, cookie keys and store. Those that the environment named are dropped, and a key
    /// is made up: what it seals does not outlive the process.
    ///
    /// # Errors
    /// As [`RelyingPartyBuilder::build`].
    pub fn new(mut builder: RelyingPartyBuilder) -> Result<Self, ConfigError> {
        builder.is_native = true;
        // Nothing is mounted under it; seals are derived for it.
        builder.forget_what_is_for_the_web();
        let builder = builder.base_url("http://127.0.0.1").cookie_keys([CookieKey::generate()?]);
        Ok(Self { relying_party: builder.front_door()? })
    }

    /// The issuer identifier of the provider.
    pub fn issuer(&self) -> &str {
        self.relying_party.issuer()
    }

    /// The clock that everything is judged by: whether tokens, codes and attempts are over.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.context().clock)
    }

    /// Is ready when the span has passed; needs no runtime of the caller's. By a monotonic clock, whatever
    /// [`Self::clock`] says.
    pub fn sleep(&self, span: Duration) -> Waiting<()> {
        self.context().runtime.timer(span)
    }

    /// Starts work on the engine's own runtime and gives what it brings; it ends when the waiting is dropped. `None` if
    /// it panicked.
    pub fn spawn_scoped<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Waiting<Option<T>> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let held = self.context().runtime.run_while_held(async move {
            // Nobody waits any more: then it ends here, too.
            let _ = sender.send(work.await);
        });
        Box::pin(async move {
            let brought = receiver.await.ok();
            drop(held);
            brought
        })
    }

    /// Starts work that must come to its end, whether or not anybody waits: a token that has been refreshed has to be
    /// kept. `None` if it panicked.
    pub fn spawn_detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Waiting<Option<T>> {
        let runtime = &self.context().runtime;
        runtime.run(runtime.enter(Work::Other), async move { Some(work.await) }, || None)
    }

    /// A page of ours for the person who comes back, as a whole HTTP response. `reference` is the one that
    /// [`Self::tell`] gave.
    pub fn page(status: u16, title: &str, sentence: &str, reference: Option<&str>) -> Reply {
        pages::page(status, title, sentence, &pages::Next::Nothing, reference)
    }

    /// Logs a failure, tells the application's event hook of it, and gives the reference under which it was logged.
    pub fn tell(&self, error: &Error) -> String {
        let reference = self.context().reference();
        crate::context::error_reply::log(error, &reference, &self.context().names);
        let kind = EventKind::SignInFailed(error.code());
        let provider = self.context().clients.first().map(|client| &client.issuer);
        let told = Told { provider, reference: Some(&reference), ..Told::new(kind, WayIn::Native) };
        self.context().events.tell_of(&told, self.context().clock.now());
        reference
    }

    /// Tells the application's event hook that the address of a sign-in was given away to be shown. The event does not
    /// hold it.
    pub fn address_given(&self) {
        self.context().events.tell(EventKind::AddressGiven, None, None);
    }

    /// Begins a sign-in whose answer comes to this redirect URI, byte for byte. Nothing is sent to the provider yet,
    /// but for its metadata.
    ///
    /// # Errors
    /// When the provider's metadata cannot be had, or the random source fails.
    pub async fn begin(&self, redirect_uri: &str, wanted: SignInWanted) -> Result<Attempt, Error> {
        let redirect_uri = redirect_uri.to_owned();
        let started =
            self.run(async move |context| flow::begin(&context, &redirect_uri, wanted).await).await?;
        Ok(Attempt { started: Arc::new(started), sent: AtomicBool::new(false) })
    }

    /// Finishes a sign-in with the query that came to its redirect URI. It is good for one answer with its `state`;
    /// what carries another `state` leaves it as it is.
    ///
    /// # Errors
    /// Whatever is wrong with the answer, or with what the provider gives for it. [`ErrorCode::AttemptReplayed`] for a
    /// second answer, however the first ended.
    pub async fn finish(&self, attempt: &Attempt, response: &str) -> Result<Grant, Error> {
        if attempt.is_answered_by(response) && attempt.sent.swap(true, Ordering::SeqCst) {
            return Err(Error::new(ErrorCode::AttemptReplayed));
        }
        let (started, response) = (Arc::clone(&attempt.started), response.to_owned());
        self.run(async move |context| flow::finish(&context, &started, &response).await)
            .await
            .map(|session| Grant { session })
    }

    /// Gets new tokens. The refresh token is spent when the provider rotates them: ask one at a time, and keep what
    /// comes. The identity stays that of the sign-in, but for the scopes, which the provider may narrow.
    ///
    /// # Errors
    /// See [`GrantRefreshError`].
    pub async fn refresh(&self, grant: &Grant) -> Result<Grant, GrantRefreshError> {
        let session = grant.session.clone();
        let refreshed = self
            .run(async move |context| match flow::refresh(&context, &session).await {
                Ok(Some(session)) => Ok(Ok(Grant { session })),
                Ok(None) => Ok(Err(GrantRefreshError::NoRefreshToken)),
                Err(RefreshError::Over(error)) => Ok(Err(GrantRefreshError::Ended(error))),
                Err(RefreshError::Failed(error)) => Err(error),
            })
            .await;
        refreshed.map_err(GrantRefreshError::Failed)?
    }

    /// Gives the tokens back at the provider (RFC 7009), where it takes them. No answer is waited for beyond the
    /// deadline of one call, and a failure is not told: the caller forgets the tokens either way.
    pub async fn revoke(&self, grant: &Grant) {
        let Some(tokens) = grant.session.tokens.clone() else { return };
        let revoked = self.run(async move |context| {
            logout::revoke(context.client_for_login()?, &tokens).await;
            Ok(())
        });
        // A courtesy.
        let _ = revoked.await;
    }

    /// Where the person's session at the provider ends (OpenID Connect RP-Initiated Logout 1.0 §2); `None` where the
    /// provider names no such place, or cannot be asked. `back` is a registered post-logout redirect URI and the
    /// `state` to come back with.
    pub async fn end_session_url(&self, grant: &Grant, back: Option<(&str, &str)>) -> Option<String> {
        let session = grant.session.clone();
        let back = back.map(|(uri, state)| (uri.to_owned(), state.to_owned()));
        let url = self.run(async move |context| {
            let back = back.as_ref().map(|(uri, state)| (uri.as_str(), state.as_str()));
            Ok(logout::end_session_url(context.client_for_login()?, &session, back).await)
        });
        url.await.unwrap_or_default()
    }

    /// Whether the provider gives codes for devices, by its metadata; `false` where they cannot be had.
    pub async fn offers_device_codes(&self) -> bool {
        let offers = self.run(async move |context| {
            Ok(context.client_for_login()?.metadata().await?.device_authorization_endpoint.is_some())
        });
        offers.await.unwrap_or_default()
    }

    /// Asks for a code for a device without a browser (RFC 8628 §3.1). Show it to the person, then
    /// [`poll`](Self::poll).
    ///
    /// # Errors
    /// When the provider has no such endpoint, refuses, or cannot be reached.
    pub async fn device(&self, wanted: SignInWanted) -> Result<Device, Error> {
        let sign_in = self.run(async move |context| flow::device(&context, wanted).await).await?;
        Ok(Device { sign_in: Arc::new(sign_in) })
    }

    /// Asks once whether the person has entered the code (RFC 8628 §3.4). Wait for the interval between two
    /// questions, and five seconds longer from each [`Poll::SlowDown`] on.
    ///
    /// # Errors
    /// [`ErrorCode::SignInDeclined`] and [`ErrorCode::AttemptExpired`] end it. After
    /// [`ErrorCode::ProviderUnreachable`] and [`ErrorCode::ProviderTimeout`] it may be asked again, less often.
    pub async fn poll(&self, device: &Device) -> Result<Poll, Error> {
        let sign_in = Arc::clone(&device.sign_in);
        let polled = self.run(async move |context| flow::poll(&context, &sign_in).await).await?;
        Ok(match polled {
            DeviceAnswer::Pending => Poll::Pending,
            DeviceAnswer::SlowDown => Poll::SlowDown,
            DeviceAnswer::Failed(error) => Poll::Failed(error),
            DeviceAnswer::Session(session) => Poll::Granted(Box::new(Grant { session: *session })),
        })
    }

    /// What every leg shares, of the relying party inside.
    fn context(&self) -> &Arc<Context> {
        &self.relying_party.context
    }

    /// Runs a step on the relying party's runtime. It goes on when nobody waits any more.
    async fn run<T, F>(&self, work: impl FnOnce(Arc<Context>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let lost = || Err(no_runtime());
        let runtime = &self.context().runtime;
        runtime.run(runtime.enter(Work::Other), work(Arc::clone(self.context())), lost).await
    }
}

/// The error of an address that came to the application and is no answer: errors of the core are made in the core
/// alone.
pub fn malformed(detail: &str) -> Error {
    Error::new(ErrorCode::RequestMalformed).detail(detail)
}

/// The error of a setting of the other crate's that cannot work.
pub fn config_error(setting: &str, problem: &str, remedy: &str) -> ConfigError {
    ConfigError::new(setting, problem, remedy)
}

/// A sign-in that was begun: what a web application seals into a cookie. It holds the PKCE verifier and the nonce, so
/// it is never written down, and `Debug` leaves them out.
pub struct Attempt {
    started: Arc<StartedSignIn>,
    /// Its answer came: a code is sent once.
    sent: AtomicBool,
}

impl Attempt {
    /// The address to open in the system's browser, and in no view inside the application (RFC 8252 §8.12).
    pub fn authorization_url(&self) -> &str {
        &self.started.url
    }

    /// The redirect URI that it was started with.
    pub fn redirect_uri(&self) -> &str {
        &self.started.pending.redirect_uri
    }

    /// Whether a query is the answer to this very sign-in, by its `state`, whatever it says. A listener on loopback
    /// hears anything that any page or program on the machine sends it; what is no answer leaves the attempt as it is.
    pub fn is_answered_by(&self, response: &str) -> bool {
        flow::is_answer(&self.started, response)
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("redirect_uri", &self.redirect_uri()).finish_non_exhaustive()
    }
}

/// What a person is asked to enter elsewhere, and the device code that it is for, which is not shown.
pub struct Device {
    sign_in: Arc<DeviceSignIn>,
}

impl Device {
    /// The code to show: printable ASCII, 64 characters at most.
    pub fn user_code(&self) -> &str {
        &self.sign_in.code.user_code
    }

    /// The page to enter it on.
    pub fn verification_uri(&self) -> &str {
        self.sign_in.code.verification_uri.as_str()
    }

    /// The page with the code filled in, for a link or a QR code; `None` where the provider gives none.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.sign_in.code.verification_uri_complete.as_ref().map(url::Url::as_str)
    }

    /// How long to wait between two questions: what the provider says, 5 seconds where it says nothing, 300 at most.
    pub fn interval(&self) -> Duration {
        self.sign_in.code.interval
    }

    /// When the code is no good any more, by [`NativeRelyingParty::clock`].
    pub fn expires_at(&self) -> Timestamp {
        self.sign_in.expires_at
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").field("expires_at", &self.expires_at()).finish_non_exhaustive()
    }
}

/// What one question to the provider brought, while it could be asked at all.
#[derive(Debug)]
#[non_exhaustive]
pub enum Poll {
    /// The person has not entered the code yet: ask again.
    Pending,
    /// The provider wants to be asked less often: five seconds more between two questions (RFC 8628 §3.5).
    SlowDown,
    /// The person is done and the code is spent, but what came for it could not be made a sign-in. Do not ask again.
    Failed(Error),
    /// The person is done, and signed in.
    Granted(Box<Grant>),
}

/// Stands between issuer and record in [`Grant::to_bytes`]: an issuer is a URL, and no URL holds a line break.
const AFTER_ISSUER: &[u8] = b"\n";

/// Who signed in, and the tokens: what a web application calls a session.
///
/// It ends when the provider says so (`session_expiry`), and otherwise when its tokens cannot be refreshed; the
/// lifetimes of web sessions do not count.
#[derive(Clone, Debug)]
pub struct Grant {
    /// With tokens, and in no store.
    session: Session,
}

impl Grant {
    /// Who it is, as verified at sign-in.
    pub fn identity(&self) -> &Identity {
        &self.session.identity
    }

    /// The access token, however old; ask [`Self::is_good`] first. Every grant has one.
    pub fn access_token(&self) -> Option<&Secret<String>> {
        self.tokens().map(|tokens| &tokens.access)
    }

    /// When the access token expires. Where the provider did not say, an hour is assumed.
    pub fn access_expires_at(&self) -> Option<Timestamp> {
        self.tokens().map(|tokens| tokens.access_expires_at)
    }

    /// Whether the access token has not expired.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.tokens().is_some_and(|tokens| tokens.is_good(now))
    }

    /// Whether the access token is good for a while, and is handed out without a refresh.
    pub fn lasts_a_while(&self, now: Timestamp) -> bool {
        self.tokens().is_some_and(|tokens| tokens.lasts_a_while(now))
    }

    /// When the access token was obtained. Two grants of one sign-in are told apart by it.
    pub fn obtained_at(&self) -> Option<Timestamp> {
        self.tokens().map(|tokens| tokens.obtained_at)
    }

    /// Whether there is a refresh token. Without one, [`NativeRelyingParty::refresh`] asks nobody.
    pub fn has_refresh_token(&self) -> bool {
        self.tokens().is_some_and(|tokens| tokens.refresh.is_some())
    }

    /// When the provider wants the sign-in to end, whatever happens; where it said nothing, a day in 2106.
    pub fn ends_at(&self) -> Timestamp {
        self.session.expires_at
    }

    /// All of it, tokens and issuer included, to be kept where nobody else can read it.
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when it cannot be written.
    pub fn to_bytes(&self) -> Result<Secret<Vec<u8>>, Error> {
        let record = record::write(&self.session)?;
        // Whose tokens they are: no other provider may be sent them.
        let issuer = self.identity().issuer().as_bytes();
        Ok(Secret::new([issuer, AFTER_ISSUER, record.as_slice()].concat()))
    }

    /// What was kept, for this issuer; `None` for anything else. The bytes are believed as they are: keep them where
    /// nobody else can write, either.
    pub fn from_bytes(bytes: &[u8], issuer: &str) -> Option<Self> {
        let record = bytes.strip_prefix(issuer.as_bytes())?.strip_prefix(AFTER_ISSUER)?;
        let client = ClientRef { issuer: Arc::from(issuer), client_id: Arc::from("") };
        let session = record::read(record, Some(&client))?;
        session.tokens.is_some().then_some(Self { session })
    }

    /// The tokens, which every grant has.
    fn tokens(&self) -> Option<&Tokens> {
        self.session.tokens.as_ref()
    }
}

/// Why there are no new tokens. What to do differs, so a caller must match: only [`Self::Ended`] is a reason to forget
/// the grant at once.
#[derive(Debug)]
#[non_exhaustive]
pub enum GrantRefreshError {
    /// The grant is over, or what came for it cannot be believed: sign in again. The old tokens are of no use.
    Ended(Error),
    /// The provider could not be reached or did not answer properly. It may work another time; the grant stands.
    Failed(Error),
    /// The provider gave no refresh token: when the access token is over, sign in again.
    NoRefreshToken,
}

impl fmt::Display for GrantRefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(error) | Self::Failed(error) => error.fmt(f),
            Self::NoRefreshToken => f.write_str("there is no refresh token"),
        }
    }
}

impl std::error::Error for GrantRefreshError {}
