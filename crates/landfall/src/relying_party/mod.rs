//! The front door: the one object an application makes, and what it does with a request.

mod callback;
mod dispatch;
mod login;
mod login_query;
mod logout;
mod provider_logout;
mod resume;
pub(crate) mod sessions;
mod silent;
mod spa;
pub(crate) mod step;

use std::sync::Arc;

use self::sessions::Sessions;
use crate::context::{Context, runtime_gone};
use crate::error::Error;
use crate::visit::Visit;

/// The one object an application makes: it signs people in at one provider.
///
/// A clone is the same relying party. Nothing in it asks the network until somebody signs in.
///
/// ```
/// use landfall::{CookieKey, RelyingParty};
///
/// let auth = RelyingParty::builder("https://acme.example")
///     .client("client-id", "client-secret")
///     .base_url("https://app.example.com")
///     .cookie_keys([CookieKey::generate()?])
///     .build()?;
/// # let _ = auth;
/// # Ok::<(), landfall::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RelyingParty {
    pub(crate) context: Arc<Context>,
}

impl RelyingParty {
    pub(crate) fn of(context: Context) -> Self {
        Self { context: Arc::new(context) }
    }

    /// Sessions that the application itself begins, lists or ends.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions::of(&self.context)
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.context.clients.first().issuer
    }

    /// The redirect URIs to register at the provider, byte for byte; one for each base URL, and those of
    /// single-page applications.
    pub fn redirect_uris(&self) -> impl Iterator<Item = String> {
        let client = self.context.clients.first();
        let spa = self.context.settings.spa_callbacks.iter().map(|callback| callback.literal.clone());
        self.context.sites.iter().map(|site| client.redirect_uri(&site.base)).chain(spa)
    }

    pub(crate) async fn connect(&self) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        let metadata = async move { context.clients.first().metadata().await.map(drop) };
        self.context.runtime.run(metadata, || Err(runtime_gone())).await
    }
}

impl Visit {
    /// For adapters: who made this visit, and so answers for it.
    pub fn relying_party(&self) -> RelyingParty {
        RelyingParty { context: Arc::clone(self.context()) }
    }
}
