//! The sign-in of this application: kept through restarts, and refreshed when its access token is due.

use std::fmt;
use std::sync::Arc;

use landfall::native::{Grant, GrantRefreshError, NativeRelyingParty};
use landfall::{Secret, Timestamp};
use tokio::sync::Mutex;

use crate::error::NativeError;
use crate::storage::{StorageError, TokenStorage};

/// An access token to call an API with: good for at least another minute, or for half of its lifetime if that is less.
#[derive(Clone, Debug)]
pub struct AccessToken {
    token: Secret<String>,
    expires_at: Timestamp,
}

impl AccessToken {
    /// The token itself, to put behind `Authorization: Bearer `. Keep it out of logs.
    pub fn secret(&self) -> &str {
        self.token.expose()
    }

    /// When it expires. Where the provider did not say, an hour is assumed.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

/// What this process knows of the sign-in.
#[derive(Clone, Debug, Default)]
enum Known {
    /// The storage was not looked at yet.
    #[default]
    Nothing,
    Nobody,
    Somebody(Box<Grant>),
    /// Somebody, refreshed since, whose new tokens the storage did not take yet: there is no other copy.
    Unkept(Box<Grant>),
}

/// The sign-in of this application, and where it is kept.
#[derive(Clone)]
pub(crate) struct Tokens {
    relying_party: NativeRelyingParty,
    storage: Arc<dyn TokenStorage>,
    // Held while the provider is asked: whoever wants a token meanwhile waits for that answer.
    known: Arc<Mutex<Known>>,
}

impl Tokens {
    pub(crate) fn new(relying_party: NativeRelyingParty, storage: Arc<dyn TokenStorage>) -> Self {
        Self { relying_party, storage, known: Arc::default() }
    }

    /// Who is signed in.
    pub(crate) async fn grant(&self) -> Result<Option<Grant>, NativeError> {
        let mut known = self.known.lock().await;
        self.look(&mut known).await
    }

    /// Keeps a new sign-in in place of any other.
    pub(crate) async fn put(&self, grant: Grant) -> Result<(), NativeError> {
        let this = self.clone();
        self.whole(async move {
            let mut known = this.known.lock().await;
            this.save(&grant).await?;
            *known = Known::Somebody(Box::new(grant));
            Ok(())
        })
        .await
    }

    /// Forgets the sign-in, and returns what it was.
    pub(crate) async fn take(&self) -> Result<Option<Grant>, NativeError> {
        let this = self.clone();
        self.whole(async move {
            let mut known = this.known.lock().await;
            let grant = this.look(&mut known).await?;
            this.forget(&mut known).await?;
            Ok(grant)
        })
        .await
    }

    /// An access token that is good for a while; see [`crate::NativeClient::access_token`].
    pub(crate) async fn access(&self) -> Result<AccessToken, NativeError> {
        let this = self.clone();
        // It goes on when nobody waits any more: a refresh token that was spent and not kept is a lost sign-in.
        self.whole(async move {
            let mut known = this.known.lock().await;
            this.keep(&mut known).await?;
            let grant = this.look(&mut known).await?.ok_or(NativeError::SignedOut)?;
            let now = this.relying_party.clock().now();
            if grant.lasts_a_while(now) {
                return handed_out(&grant);
            }
            // Another program with the same storage may have spent the refresh token since, or signed out.
            let grant = this.look_again(&mut known).await?.ok_or(NativeError::SignedOut)?;
            if grant.lasts_a_while(now) {
                return handed_out(&grant);
            }
            match this.relying_party.refresh(&grant).await {
                Ok(fresh) => {
                    let token = handed_out(&fresh);
                    *known = Known::Unkept(Box::new(fresh));
                    this.keep(&mut known).await?;
                    token
                }
                Err(GrantRefreshError::Failed(error)) if grant.is_good(now) => {
                    tracing::warn!(code = error.code().name(), %error, "the token could not be refreshed yet");
                    handed_out(&grant)
                }
                Err(GrantRefreshError::Failed(error)) => Err(error.into()),
                Err(GrantRefreshError::NoRefreshToken) if grant.is_good(now) => handed_out(&grant),
                Err(over) => {
                    // What somebody else got in this very moment is not thrown away.
                    let kept = this.look_again(&mut known).await?;
                    if let Some(newer) = kept.filter(|kept| kept.obtained_at() != grant.obtained_at() && kept.is_good(now)) {
                        return handed_out(&newer);
                    }
                    tracing::info!(why = %over, "the sign-in is over");
                    this.forget(&mut known).await?;
                    Err(NativeError::SignedOut)
                }
            }
        })
        .await
    }

    /// Who is signed in, as the storage says now. A storage that cannot be read changes nothing.
    async fn look_again(&self, known: &mut Known) -> Result<Option<Grant>, NativeError> {
        let before = std::mem::take(known);
        let looked = self.look(known).await;
        if looked.is_err() {
            *known = before;
            return self.look(known).await;
        }
        looked
    }

    async fn look(&self, known: &mut Known) -> Result<Option<Grant>, NativeError> {
        if matches!(known, Known::Nothing) {
            let kept = self.blocking(TokenStorage::load).await?;
            let grant =
                kept.as_ref().map(|bytes| Grant::from_bytes(bytes.expose(), self.relying_party.issuer()));
            if matches!(grant, Some(None)) {
                tracing::warn!("what is kept is no sign-in of this application: it is left as it is");
            }
            *known = grant.flatten().map_or(Known::Nobody, |grant| Known::Somebody(Box::new(grant)));
        }
        let now = self.relying_party.clock().now();
        Ok(match known {
            Known::Somebody(grant) | Known::Unkept(grant) if now < grant.ends_at() => Some((**grant).clone()),
            _ => None,
        })
    }

    /// Keeps what is not kept yet.
    async fn keep(&self, known: &mut Known) -> Result<(), NativeError> {
        if let Known::Unkept(grant) = known {
            self.save(grant).await?;
            *known = Known::Somebody(grant.clone());
        }
        Ok(())
    }

    async fn save(&self, grant: &Grant) -> Result<(), NativeError> {
        let bytes = grant.to_bytes()?;
        Ok(self.blocking(move |storage| storage.save(&bytes)).await?)
    }

    async fn forget(&self, known: &mut Known) -> Result<(), NativeError> {
        self.blocking(TokenStorage::remove).await?;
        *known = Known::Nobody;
        Ok(())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&dyn TokenStorage) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, StorageError> {
        let storage = Arc::clone(&self.storage);
        // On the relying_party's runtime, whatever runtime the caller has.
        let called = self
            .relying_party
            .spawn_detached(async move { tokio::task::spawn_blocking(move || call(&*storage)).await.ok() });
        let lost = || StorageError::new("the storage", "it panicked");
        called.await.flatten().ok_or_else(lost)?
    }

    async fn whole<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, NativeError>> + Send + 'static,
    ) -> Result<T, NativeError> {
        let lost = || StorageError::new("the storage", "the work panicked");
        self.relying_party.spawn_detached(work).await.ok_or_else(lost)?
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("storage", &self.storage).finish_non_exhaustive()
    }
}

fn handed_out(grant: &Grant) -> Result<AccessToken, NativeError> {
    match (grant.access_token(), grant.access_expires_at()) {
        (Some(token), Some(expires_at)) => Ok(AccessToken { token: token.clone(), expires_at }),
        _ => Err(NativeError::SignedOut),
    }
}
