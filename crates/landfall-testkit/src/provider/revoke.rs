//! The revocation endpoint (RFC 7009).

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::core::Core;
use super::request::SeenRequest;
use super::token::TokenError;
use crate::lock::lock;

pub(crate) async fn revoke(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    match core.revoke(&seen) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => error.into_response(),
    }
}

impl Core {
    /// A refresh token takes its whole family with it, an access token goes alone (RFC 7009 §2.1).
    fn revoke(&self, seen: &SeenRequest) -> Result<(), TokenError> {
        let form = seen.form();
        let client = self.authenticate(seen, &form)?;
        let token = form.one("token").ok_or(TokenError::new("invalid_request", "token is missing"))?;
        let mut state = lock(&self.state);
        let refresh = state.refresh_tokens.get(token).map(|token| token.grant);
        let access = state.access_tokens.get(token).map(|(grant, _)| *grant);
        let Some(grant) = refresh.or(access) else {
            return Ok(());
        };
        if state.grants.get(&grant).is_some_and(|grant| grant.client_id != client.id) {
            return Err(TokenError::new("invalid_grant", "the token belongs to another client"));
        }
        if refresh.is_some() {
            state.revoke(grant);
        } else {
            state.access_tokens.remove(token);
        }
        Ok(())
    }
}
