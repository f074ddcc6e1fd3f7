//! The userinfo endpoint (OpenID Connect Core §5.3).

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use serde_json::Value;

use super::core::Core;
use super::faults::Endpoint;
use super::request::SeenRequest;
use super::state::Grant;
use super::token::json_response;
use crate::lock::lock;

pub(crate) async fn userinfo(
    State(core): State<Arc<Core>>,
    Extension(seen): Extension<Arc<SeenRequest>>,
) -> Response {
    let Some(grant) = seen.credentials("Bearer").and_then(|token| core.grant_of(token)) else {
        let challenge = [(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    };
    if let Some(answer) = grant.faults.iter().find_map(|fault| fault.instead(Endpoint::Userinfo)) {
        return answer;
    }
    let mut claims = grant.person.claims_for(&grant.scopes);
    claims.insert("sub".into(), grant.person.subject.clone().into());
    core.edit_json(Endpoint::Userinfo, &grant.faults, &mut claims);
    json_response(&Value::Object(claims))
}

impl Core {
    fn grant_of(&self, access_token: &str) -> Option<Grant> {
        let state = lock(&self.state);
        let (id, expires) = state.access_tokens.get(access_token)?;
        (self.clock.now() < *expires).then(|| state.grants.get(id).cloned())?
    }
}
