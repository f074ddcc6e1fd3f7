//! The least axum application with axum-oidc. It is counted and built, not run.

use axum::error_handling::HandleErrorLayer;
use axum::{Router, http::Uri, response::IntoResponse, routing::get};
use axum_oidc::error::MiddlewareError;
use axum_oidc::{EmptyAdditionalClaims, OidcAuthLayer, OidcClaims, OidcLoginLayer};
use tower::ServiceBuilder;
use tower_sessions::{MemoryStore, SessionManagerLayer};

async fn dashboard(claims: OidcClaims<EmptyAdditionalClaims>) -> String {
    claims.subject().to_string()
}

async fn failed(error: MiddlewareError) -> impl IntoResponse {
    error.into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let setting = std::env::var;
    let auth = OidcAuthLayer::<EmptyAdditionalClaims>::discover_client(
        setting("BASE_URL")?.parse::<Uri>()?,
        setting("ISSUER")?,
        setting("CLIENT_ID")?,
        setting("CLIENT_SECRET").ok(),
        vec!["profile".to_owned()],
    );
    let auth = ServiceBuilder::new().layer(HandleErrorLayer::new(failed)).layer(auth.await?);
    let login = OidcLoginLayer::<EmptyAdditionalClaims>::new();
    let login = ServiceBuilder::new().layer(HandleErrorLayer::new(failed)).layer(login);
    let sessions = SessionManagerLayer::new(MemoryStore::default());
    let app = Router::new().route("/", get(dashboard)).layer(login).layer(auth).layer(sessions);
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?)
}
