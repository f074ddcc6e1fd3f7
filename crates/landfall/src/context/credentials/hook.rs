//! The application's say in credentials: what its hook sees, what it may answer, and the hook itself.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::context::incoming::Incoming;
use crate::crypto::secret::Secret;
use crate::error::{Error, ErrorCode};
use crate::session::Identity;

/// Credentials that came with a request, as the hook is asked about them; see
/// [`RelyingPartyBuilder::on_credentials`](crate::RelyingPartyBuilder::on_credentials).
///
/// `Debug` does not show the credentials.
#[derive(Debug)]
pub struct CredentialsRequest {
    scheme: Box<str>,
    value: Secret<String>,
    method: Box<str>,
    path: Box<str>,
    base_url: Box<str>,
}

impl CredentialsRequest {
    pub(super) fn new(scheme: &str, value: &str, incoming: &Incoming<'_>) -> Self {
        Self {
            scheme: scheme.into(),
            value: Secret::from(value),
            method: incoming.method.into(),
            path: incoming.path.into(),
            base_url: incoming.site.base.literal.as_str().into(),
        }
    }

    /// The scheme in lower case, or the header's name: `bearer`, `x-api-key`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What stands behind the scheme, or in the header. Keep it out of logs, and compare secrets by a digest or by
    /// [`Secret::matches`].
    pub fn value(&self) -> &str {
        self.value.expose()
    }

    /// Name and password of the Basic scheme (RFC 7617 §2); `None` where the value is none such.
    pub fn basic(&self) -> Option<(String, Secret<String>)> {
        let decoded = String::from_utf8(STANDARD.decode(self.value()).ok()?).ok()?;
        let (name, password) = decoded.split_once(':')?;
        Some((name.to_owned(), Secret::from(password)))
    }

    /// The request's method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The request's path, below the base path and as it was sent. Whoever decides by it lets no answer be remembered.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The base URL that the request came by.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

/// What the application says of credentials: whose they are, nothing, or that they are bad.
///
/// ```
/// use std::time::Duration;
///
/// use landfall::{CredentialsAnswer, Identity};
///
/// let robot = Identity::local("robot-7").with_role("deploy");
/// let answer = CredentialsAnswer::identity(robot).cached_for(Duration::from_secs(30));
/// # let _ = answer;
/// ```
#[derive(Debug)]
#[must_use]
pub struct CredentialsAnswer(pub(crate) Said);

/// The three.
#[derive(Debug)]
pub(crate) enum Said {
    Somebody {
        identity: Box<Identity>,
        /// How long it may be remembered.
        keep: Duration,
    },
    Nothing,
    Refused,
}

impl CredentialsAnswer {
    /// They are this person's, or this program's: one of the application's own ([`Identity::local`]), or of the configured
    /// provider's. Scopes, level and times of an authentication are left out: those are a provider's to say. Roles count.
    pub fn identity(identity: Identity) -> Self {
        Self(Said::Somebody { identity: Box::new(identity), keep: Duration::ZERO })
    }

    /// They are none that the application knows of, so the request is as if it had not brought them: its cookie counts.
    pub fn nothing() -> Self {
        Self(Said::Nothing)
    }

    /// They are bad: 401, whatever else the request brought. Never remembered.
    pub fn refused() -> Self {
        Self(Said::Refused)
    }

    /// Lets it be remembered for so long, on this instance, under a keyed digest of the whole header: requests with the same
    /// header under the same base URL are then not asked about, whatever their path. For so long a token that was taken
    /// away may still be good elsewhere; here [`Credentials::forget`](crate::Credentials::forget) ends it at once. Default: not at all. Only who it
    /// is, is remembered.
    pub fn cached_for(mut self, span: Duration) -> Self {
        if let Said::Somebody { keep, .. } = &mut self.0 {
            *keep = span;
        }
        self
    }

    /// Has [`SignedIn::data`](crate::SignedIn::data) give this.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn data<T: Serialize>(mut self, data: &T) -> Result<Self, Error> {
        if let Said::Somebody { identity, .. } = &mut self.0 {
            identity.data = serde_json::to_string(data).map_err(|error| {
                Error::new(ErrorCode::Misconfigured)
                    .detail("the data of credentials is no JSON")
                    .source(error)
            })?;
        }
        Ok(self)
    }
}

/// Why the application cannot say: something of its own is away, its database above all.
///
/// Made by `?` of any error, of what collects errors (a `Box<dyn Error + Send + Sync>`, anyhow's) and of a text. The request
/// is answered with a 503, and nobody is told that the credentials are bad: whoever means that answers
/// [`CredentialsAnswer::refused`]. So a record that can not be read, and [`data`](CredentialsAnswer::data) that is no JSON, are
/// a 503 as well where `?` stands behind them.
///
/// ```
/// use std::error::Error;
///
/// use landfall::{CredentialsAnswer, CredentialsFailed, Identity};
///
/// fn look_up(token: &str) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
///     # let _ = token;
///     Err("the database is away".into())
/// }
///
/// fn answer(token: &str) -> Result<CredentialsAnswer, CredentialsFailed> {
///     let owner = look_up(token)?;
///     Ok(owner.map_or_else(CredentialsAnswer::refused, |owner| CredentialsAnswer::identity(Identity::local(owner))))
/// }
/// # assert!(answer("a token").is_err());
/// ```
#[derive(Debug)]
pub struct CredentialsFailed(pub(crate) Error);

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for CredentialsFailed {
    fn from(error: E) -> Self {
        Self(Error::new(ErrorCode::CredentialsUnavailable).source(error))
    }
}

/// What the hook's future brings.
type Answer = Pin<Box<dyn Future<Output = Result<CredentialsAnswer, CredentialsFailed>> + Send>>;

/// What the application does with credentials, whatever type its function has.
pub(crate) struct CredentialsHook(Box<dyn Fn(CredentialsRequest) -> Answer + Send + Sync>);

impl CredentialsHook {
    pub(crate) fn new<F>(hook: impl Fn(CredentialsRequest) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<CredentialsAnswer, CredentialsFailed>> + Send + 'static,
    {
        Self(Box::new(move |request| Box::pin(hook(request))))
    }

    /// Asks the application. Whoever calls it bounds the time, and looks at whose identity comes back.
    pub(crate) async fn ask(
        &self,
        request: CredentialsRequest,
    ) -> Result<CredentialsAnswer, CredentialsFailed> {
        (self.0)(request).await
    }
}

impl fmt::Debug for CredentialsHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialsHook")
    }
}
