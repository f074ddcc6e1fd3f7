//! The least axum application with axum-login, and openidconnect for the sign-in. It is counted and built, not run.

use std::error::Error;

use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::{Router, routing::get};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId, login_required};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, TokenResponse, reqwest,
};
use serde::{Deserialize, Serialize};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

#[derive(Clone)]
struct Provider {
    client: Client,
    http: reqwest::Client,
}

/// What is kept between the two halves of a sign-in.
#[derive(Deserialize, Serialize)]
struct Pending {
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

#[derive(Deserialize)]
struct Answer {
    code: AuthorizationCode,
    state: CsrfToken,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Person(String);

impl AuthUser for Person {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl AuthnBackend for Provider {
    type User = Person;
    type Credentials = (Pending, Answer);
    type Error = Failure;

    async fn authenticate(&self, (pending, answer): Self::Credentials) -> Result<Option<Person>, Failure> {
        if pending.state.secret() != answer.state.secret() {
            return Ok(None);
        }
        let request = self.client.exchange_code(answer.code).map_err(failed)?;
        let tokens = request.set_pkce_verifier(pending.verifier).request_async(&self.http).await;
        let tokens = tokens.map_err(failed)?;
        let Some(token) = tokens.id_token() else { return Ok(None) };
        let claims = token.claims(&self.client.id_token_verifier(), &pending.nonce).map_err(failed)?;
        Ok(Some(Person(claims.subject().to_string())))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<Person>, Failure> {
        Ok(Some(Person(id.clone())))
    }
}

#[derive(Debug)]
struct Failure(String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failure {}

fn failed(error: impl Error) -> Failure {
    Failure(error.to_string())
}

async fn login(auth: AuthSession<Provider>, session: Session) -> Result<Redirect, StatusCode> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let request = auth.backend.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
    let pending = session.insert("pending", Pending { state, nonce, verifier });
    pending.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to(url.as_str()))
}

async fn callback(
    mut auth: AuthSession<Provider>,
    session: Session,
    Query(answer): Query<Answer>,
) -> Result<Redirect, StatusCode> {
    let pending = session.remove("pending").await.ok().flatten().ok_or(StatusCode::BAD_REQUEST)?;
    let person = auth.authenticate((pending, answer)).await.ok().flatten().ok_or(StatusCode::FORBIDDEN)?;
    auth.login(&person).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Redirect::to("/"))
}

async fn dashboard(auth: AuthSession<Provider>) -> impl IntoResponse {
    auth.user.map(|person| person.0).unwrap_or_default()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = std::env::var;
    let http = reqwest::ClientBuilder::new().redirect(reqwest::redirect::Policy::none()).build()?;
    let provider = CoreProviderMetadata::discover_async(IssuerUrl::new(setting("ISSUER")?)?, &http).await?;
    let (id, secret) = (ClientId::new(setting("CLIENT_ID")?), ClientSecret::new(setting("CLIENT_SECRET")?));
    let client = CoreClient::from_provider_metadata(provider, id, Some(secret));
    let client = client.set_redirect_uri(RedirectUrl::new(setting("CALLBACK")?)?);
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    let auth = AuthManagerLayerBuilder::new(Provider { client, http }, sessions).build();
    let app = Router::new()
        .route("/", get(dashboard))
        .layer(login_required!(Provider, login_url = "/login"))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .layer(auth);
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
