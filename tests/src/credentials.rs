//! An application that takes credentials beside sessions: what its hook says of which, and how often it was asked.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use landfall::{
    AuthLevel, CredentialScheme, CredentialsAnswer, CredentialsFailed, CredentialsRequest, Identity,
    RelyingPartyBuilder, Timestamp, danger,
};
use tokio::sync::Semaphore;

/// The application's challenge.
pub const CHALLENGE: &str = "Basic realm=\"test\", Bearer";

/// How often the application was asked, and what keeps some of its answers back.
#[derive(Clone, Debug)]
pub struct Asked {
    count: Arc<AtomicUsize>,
    /// One more for each request that is held and may be answered.
    pub may_answer: Arc<Semaphore>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { count: Arc::default(), may_answer: Arc::new(Semaphore::new(0)) }
    }
}

impl Asked {
    /// Every scheme there is; Basic not from browsers.
    pub fn all(&self, builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
        self.by(builder, ["Bearer".into(), "Basic".into(), CredentialScheme::secret_header("X-Api-Key")])
    }

    /// Basic, from browsers as well.
    pub fn browsers(&self, builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
        self.by(builder, ["Bearer".into(), danger::from_browsers("Basic")])
    }

    /// What a proxy at this address writes.
    pub fn proxy(&self, builder: RelyingPartyBuilder, address: &str) -> RelyingPartyBuilder {
        self.by(
            builder.trusted_proxies([address]),
            ["Bearer".into(), CredentialScheme::header("X-Remote-User")],
        )
    }

    /// These schemes.
    pub fn by<const N: usize>(
        &self,
        builder: RelyingPartyBuilder,
        schemes: [CredentialScheme; N],
    ) -> RelyingPartyBuilder {
        let this = self.clone();
        builder.on_credentials(schemes, CHALLENGE, move |request| {
            let this = this.clone();
            async move {
                this.count.fetch_add(1, Ordering::SeqCst);
                this.answer(&request).await
            }
        })
    }

    /// How often it was asked.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    async fn answer(&self, request: &CredentialsRequest) -> Result<CredentialsAnswer, CredentialsFailed> {
        let local = |name: &str| Identity::local(name).with_role("api");
        let said = match (request.scheme(), request.value()) {
            ("basic", _) => match request.basic() {
                Some((name, password)) if password.matches(b"secret") => Ok(local(&name)),
                _ => Err(CredentialsAnswer::refused()),
            },
            ("x-remote-user", name) => Ok(local(name)),
            ("x-api-key", "key") => {
                return Ok(CredentialsAnswer::identity(local("key")).cached_for(Duration::from_secs(60)));
            }
            ("bearer", "held") => {
                self.may_answer.acquire().await?.forget();
                Ok(local("held"))
            }
            ("bearer", "held and none") => {
                self.may_answer.acquire().await?.forget();
                Err(CredentialsAnswer::nothing())
            }
            ("bearer", "hangs") => pending().await,
            ("bearer", "panics") => panic!("the application's hook"),
            ("bearer", "away") => return Err(io::Error::other("the database is away").into()),
            ("bearer", "robot" | "other-robot") => Ok(local("robot")),
            ("bearer", "admin") => Ok(local("admin").with_role("admin")),
            ("bearer", "kept") => {
                let answer = CredentialsAnswer::identity(local("kept")).data(&"kept")?;
                return Ok(answer.cached_for(Duration::from_secs(60)));
            }
            ("bearer", "provider") => Ok(Identity::new("https://op.example", "ada")),
            ("bearer", "foreign") => Ok(Identity::new("https://evil.example", "ada")),
            ("bearer", "mighty") => {
                let at = Timestamp::from_secs(4_000_000_000);
                let scope = "files:read files:write offline_access";
                Ok(local("mighty")
                    .with_role("admin")
                    .with_scope(scope)
                    .with_authentication(AuthLevel::Aal3, at))
            }
            ("bearer" | "x-api-key", unknown) if unknown.starts_with("none") => {
                Err(CredentialsAnswer::nothing())
            }
            _ => Err(CredentialsAnswer::refused()),
        };
        Ok(said.map_or_else(|answer| answer, CredentialsAnswer::identity))
    }
}
