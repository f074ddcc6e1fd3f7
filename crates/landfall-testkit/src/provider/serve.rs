//! The two ways in, over the same routes: real HTTP on a loopback port, and calls within the process.

use std::future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use hyper_util::rt::TokioIo;
use landfall::{ClientAuth, HttpClient, HttpError, HttpErrorKind};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt as _;
use url::Url;

use super::authorize::authorize;
use super::core::Core;
use super::desk::{decide, desk};
use super::device::{self, ACTIVATE, activate, device_authorization};
use super::faults::{Endpoint, Silence, no_answer};
use super::flow::sign_in;
use super::keys::Algorithm;
use super::level::AuthLevel;
use super::logout::logout;
use super::request::SeenRequest;
use super::revoke::revoke;
use super::token::{DEVICE_GRANT, json_response, token};
use super::userinfo::userinfo;
use super::{LocalProvider, StartError};
use crate::browser::Target;
use crate::lock::lock;

const MAX_BODY: usize = 1024 * 1024;

pub(crate) fn router(core: &Arc<Core>) -> Router {
    let at = |endpoint: Endpoint| format!("{}{}", core.prefix, endpoint.path());
    Router::new()
        .route(&format!("{}/", core.prefix), get(desk).post(decide))
        .route(&at(Endpoint::Discovery), get(discovery))
        .route(&at(Endpoint::Jwks), get(jwks))
        .route(&at(Endpoint::Authorize), get(authorize).post(authorize))
        .route(&format!("{}/sign-in", core.prefix), post(sign_in))
        .route(&at(Endpoint::Token), post(token))
        .route(&at(Endpoint::DeviceAuthorization), post(device_authorization))
        .route(&format!("{}{ACTIVATE}", core.prefix), get(activate).post(device::decide))
        .route(&at(Endpoint::Userinfo), get(userinfo).post(userinfo))
        .route(&at(Endpoint::Revoke), post(revoke))
        .route(&at(Endpoint::Logout), get(logout).post(logout))
        .layer(from_fn_with_state(Arc::clone(core), front))
        .with_state(Arc::clone(core))
}

/// Sees every request first: keeps it in the log, and lets the faults speak that need no more than the address.
async fn front(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let seen = SeenRequest {
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.clone(),
        body: body.clone(),
    };
    core.remember(seen.clone());
    if core.down.load(Ordering::SeqCst) {
        return no_answer(HttpErrorKind::Unreachable);
    }
    let below = seen.path.strip_prefix(&core.prefix).unwrap_or_default();
    let endpoint = Endpoint::ALL.into_iter().find(|endpoint| endpoint.path() == below);
    if let Some(endpoint) = endpoint {
        core.doors.pass(endpoint).await;
    }
    if let Some(answer) = endpoint.and_then(|at| core.faults.first(|fault| fault.instead(at))) {
        return answer;
    }
    let mut request = Request::from_parts(parts, Body::from(body));
    request.extensions_mut().insert(Arc::new(seen));
    let answer = next.run(request).await;
    match endpoint.and_then(|at| core.faults.first(|fault| fault.loses_answer(at))) {
        Some(()) => no_answer(HttpErrorKind::Broken),
        None => answer,
    }
}

async fn discovery(State(core): State<Arc<Core>>, _: Extension<Arc<SeenRequest>>) -> Response {
    let issuer = &core.issuer;
    let at = |endpoint: Endpoint| format!("{issuer}{}", endpoint.path());
    let mut algorithms: Vec<&str> =
        core.algorithms().into_iter().chain([Algorithm::Rs256]).map(Algorithm::name).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let mut methods = vec!["client_secret_basic", "client_secret_post", "none"];
    if lock(&core.clients).iter().all(|client| client.auth == Some(ClientAuth::ClientSecretPost)) {
        methods.retain(|method| *method == "client_secret_post");
    }
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": at(Endpoint::Authorize),
        "token_endpoint": at(Endpoint::Token),
        "userinfo_endpoint": at(Endpoint::Userinfo),
        "revocation_endpoint": at(Endpoint::Revoke),
        "end_session_endpoint": at(Endpoint::Logout),
        "jwks_uri": at(Endpoint::Jwks),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "device_authorization_endpoint": at(Endpoint::DeviceAuthorization),
        "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "acr_values_supported": core.highest_level().up_to().map(AuthLevel::acr).collect::<Vec<_>>(),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": core.options.iss_parameter,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    edited(&core, Endpoint::Discovery, document)
}

async fn jwks(State(core): State<Arc<Core>>) -> Response {
    let document = lock(&core.keys).jwks();
    edited(&core, Endpoint::Jwks, document)
}

fn edited(core: &Core, at: Endpoint, mut document: Value) -> Response {
    if let Some(members) = document.as_object_mut() {
        core.edit_json(at, &[], members);
    }
    json_response(&document)
}

/// Calls the provider without a network. Answers for its own origin alone.
#[derive(Clone, Debug)]
pub(crate) struct InProcess {
    router: Router,
    origin: url::Origin,
}

impl InProcess {
    pub(crate) fn new(core: &Arc<Core>) -> Result<Self, StartError> {
        let origin = Url::parse(&core.issuer).map_err(|_| StartError::Issuer(core.issuer.clone()))?.origin();
        Ok(Self { router: router(core), origin })
    }
}

impl From<&LocalProvider> for Target {
    fn from(provider: &LocalProvider) -> Self {
        Self::InProcess(provider.http_client())
    }
}

#[async_trait]
impl HttpClient for InProcess {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (mut parts, body) = request.into_parts();
        let asked = parts.uri.to_string();
        if Url::parse(&asked).map(|url| url.origin()) != Ok(self.origin.clone()) {
            let detail = format!("{} is not the local provider", parts.uri.host().unwrap_or("the host"));
            return Err(HttpError::new(HttpErrorKind::Unreachable, detail));
        }
        // A server sees the origin form (RFC 9112 §3.2.1).
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        if let Ok(origin_form) = path.parse() {
            parts.uri = origin_form;
        }
        let Ok(response) = self.router.clone().oneshot(Request::from_parts(parts, Body::from(body))).await;
        if let Some(Silence(kind)) = response.extensions().get() {
            return Err(HttpError::new(*kind, "the local provider was told not to answer"));
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await;
        let body =
            body.map_err(|_| HttpError::new(HttpErrorKind::Broken, "the local provider's answer broke off"))?;
        if body.len() > MAX_BODY {
            return Err(HttpError::new(HttpErrorKind::TooLarge, "the local provider's answer is over 1 MiB"));
        }
        Ok(http::Response::from_parts(parts, body))
    }
}

/// A running server; stops when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Nothing is ever sent: the thread ends when this is dropped.
    _stop: watch::Sender<()>,
}

impl Server {
    /// Serves on a thread of its own, so that it works under any runtime and outlives none of its handles.
    pub(crate) fn start(listener: TcpListener, core: &Arc<Core>) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(StartError::Bind)?;
        listener.set_nonblocking(true).map_err(StartError::Bind)?;
        let (stop, stopped) = watch::channel(());
        let router = router(core);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
        thread::Builder::new()
            .name("local-provider".to_owned())
            .spawn(move || runtime.block_on(accept(listener, router, stopped)))
            .map_err(StartError::Thread)?;
        Ok(Self { address, _stop: stop })
    }
}

async fn accept(listener: TcpListener, router: Router, mut stopped: watch::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "the local provider cannot listen"),
    };
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the local provider could not accept a connection");
                    continue;
                }
            },
            _ = stopped.changed() => return,
        };
        let router = router.clone();
        let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let router = router.clone();
            async move {
                let Ok(response) = router.oneshot(request.map(Body::new)).await;
                match response.extensions().get() {
                    Some(Silence(HttpErrorKind::TimedOut)) => future::pending().await,
                    // An error makes the server close the connection without a word.
                    Some(Silence(_)) => Err(std::io::Error::other("told not to answer")),
                    None => Ok(response),
                }
            }
        });
        tokio::spawn(async move {
            let served =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection to the local provider ended");
            }
        });
    }
}
