//! Our own endpoints as an OpenAPI document, for whoever describes the whole application by one.
//!
//! What is in it is the table of [`operations`](super::operations), with paths as they are configured and without what is
//! not in use.

use serde_json::{Map, Value, json};

use super::operations::{Answer, Body, EVERYWHERE, Kind, OPERATIONS, Operation, When};
use super::{FrontDoor, RelyingParty};
use crate::context::endpoints::Endpoint;

impl RelyingParty {
    /// The endpoints that Landfall answers itself, as an OpenAPI 3.1 document: paths as they are configured, with
    /// statuses and bodies. Operations and schemas have names of their own (`landfall_…`, `Landfall…`), so that it can be
    /// merged into the application's document.
    ///
    /// Paths are below the base URL, as those of the application's own routes are. An endpoint that is not in use is left
    /// out, and without a provider all that is a provider's; where sign-in is not set up there are no paths.
    ///
    /// With utoipa: `let ours: utoipa::openapi::OpenApi = serde_json::from_value(auth.openapi())?; document.merge(ours);`
    ///
    /// ```
    /// use landfall::{CookieKey, RelyingParty};
    ///
    /// let auth = RelyingParty::builder("https://acme.example")
    ///     .client("client-id", "client-secret")
    ///     .base_url("https://app.example.com")
    ///     .cookie_keys([CookieKey::generate()?])
    ///     .logout_path("/bye")
    ///     .build()?;
    /// let document = auth.openapi();
    /// assert_eq!(document["paths"]["/bye"]["post"]["operationId"], "landfall_logout");
    /// # Ok::<(), landfall::ConfigError>(())
    /// ```
    pub fn openapi(&self) -> Value {
        let paths = self.front.as_ref().map(FrontDoor::described).unwrap_or_default();
        json!({
            "openapi": "3.1.0",
            "info": { "title": "Sign-in", "version": env!("CARGO_PKG_VERSION") },
            "paths": paths,
            "components": { "schemas": schemas() },
        })
    }
}

impl FrontDoor {
    /// The paths that are in use, each with its operations.
    fn described(&self) -> Map<String, Value> {
        let mut paths = Map::new();
        for operation in &OPERATIONS {
            let path = self.context.settings.paths.path(operation.endpoint);
            if !self.is_so(operation.when) || !self.is_in_use(operation.endpoint, path) {
                continue;
            }
            let methods = paths.entry(path).or_insert_with(|| json!({}));
            if let Some(methods) = methods.as_object_mut() {
                methods.insert(operation.method.to_owned(), self.operation(operation));
            }
        }
        paths
    }

    /// Whether requests to this path come to the endpoint. One of the provider's answers that it has none, where there is
    /// none: that is no operation.
    fn is_in_use(&self, endpoint: Endpoint, path: &str) -> bool {
        let has_provider = self.context.clients.first().is_some();
        // The callback is told by its query where it shares a path.
        let is_ours = endpoint == Endpoint::Callback || self.endpoint(path, "") == Some(endpoint);
        is_ours && (has_provider || !endpoint.is_for_a_provider())
    }

    /// Whether what an operation or an answer takes is configured.
    fn is_so(&self, when: When) -> bool {
        let context = &self.context;
        match when {
            When::Always => true,
            When::Provider => context.clients.first().is_some(),
            When::Store => context.sessions.store().is_some(),
            When::FormPost => context.clients.first().is_some_and(|client| client.settings.form_post),
            When::Strict => context.settings.strict_cookie,
            When::Credentials => context.credentials.is_some(),
            When::SeveralBaseUrls => context.sites.iter().nth(1).is_some(),
        }
    }

    /// Whether the application's sign-in hook may answer it, by any status (`NewSignIn::answer`).
    fn may_be_answered_by_the_application(&self, operation: &Operation) -> bool {
        let lands = matches!(
            (operation.endpoint, operation.method),
            (Endpoint::Callback, "get") | (Endpoint::Exchange, "post")
        );
        lands && self.context.sign_in_hook.is_some()
    }

    /// One operation, as the document has it.
    fn operation(&self, operation: &Operation) -> Value {
        let mut responses = Map::new();
        for answer in operation.answers.iter().chain(&EVERYWHERE).filter(|answer| self.is_so(answer.when)) {
            responses.insert(answer.status.to_string(), response(answer));
        }
        if self.may_be_answered_by_the_application(operation) {
            let meaning = "What the application answers in place of a session";
            responses.insert("default".to_owned(), json!({ "description": meaning }));
        }
        let mut described = Map::new();
        let mut put = |name: &str, value: Value| described.insert(name.to_owned(), value);
        put("operationId", operation.id.into());
        put("summary", operation.summary.into());
        put("tags", json!(["sign-in"]));
        put("responses", responses.into());
        if !operation.query.is_empty() {
            put("parameters", operation.query.iter().map(parameter).collect());
        }
        match operation.body {
            Body::Nothing => {}
            Body::Form(is_required, fields) => {
                let kind = "application/x-www-form-urlencoded";
                put(
                    "requestBody",
                    json!({ "required": is_required, "content": { kind: { "schema": form(fields) } } }),
                );
            }
            Body::Json(schema) => {
                put(
                    "requestBody",
                    json!({ "required": true, "content": { "application/json": { "schema": named(schema) } } }),
                );
            }
        }
        described.into()
    }
}

/// What may be in the query. Nothing has to be there: what is missing is said by the answer.
fn parameter((name, meaning): &(&str, &str)) -> Value {
    json!({ "name": name, "in": "query", "required": false, "description": meaning, "schema": text() })
}

/// The fields of a form.
fn form(fields: &[(&str, &str)]) -> Value {
    let field = |(name, meaning): &(&str, &str)| {
        ((*name).to_owned(), json!({ "type": "string", "description": meaning }))
    };
    let fields: Map<_, _> = fields.iter().map(field).collect();
    json!({ "type": "object", "properties": fields })
}

/// An answer, with what it holds. A redirect says where it leads.
fn response(answer: &Answer) -> Value {
    let (page, problem) = (json!({ "schema": text() }), json!({ "schema": named("LandfallProblem") }));
    let content = match answer.kind {
        Kind::Redirect | Kind::Nothing => None,
        Kind::Page => Some(json!({ "text/html": page })),
        Kind::Refusal => Some(json!({ "text/html": page, "application/problem+json": problem })),
        Kind::Problem => Some(json!({ "application/problem+json": problem })),
        Kind::Json(schema) => Some(json!({ "application/json": { "schema": named(schema) } })),
    };
    let mut response = Map::new();
    response.insert("description".to_owned(), answer.meaning.into());
    if let Some(content) = content {
        response.insert("content".to_owned(), content);
    }
    if matches!(answer.kind, Kind::Redirect) {
        response.insert("headers".to_owned(), json!({ "Location": { "schema": text() } }));
    }
    response.into()
}

/// The schema of any text.
fn text() -> Value {
    json!({ "type": "string" })
}

/// The schema of this name.
fn named(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// What the bodies hold. Members may be added.
fn schemas() -> Value {
    let time = || json!({ "type": "integer", "description": "seconds since 1970" });
    let object = |required: &[&str], properties: Value| json!({ "type": "object", "required": required, "properties": properties });
    json!({
        "LandfallProblem": object(&["type", "title", "status", "code"], json!({
            "type": text(), "title": text(), "status": { "type": "integer" }, "detail": text(), "code": text(),
            "reference": text(), "login_url": text(),
            "scope": text(), "acr_values": text(), "max_age": { "type": "integer" },
        })),
        "LandfallSession": object(&["signed_in", "login_url"], json!({
            "signed_in": { "type": "boolean" }, "subject": text(), "issuer": text(), "name": text(), "email": text(),
            "roles": { "type": "array", "items": text() }, "method": text(),
            "expires_at": time(), "idle_expires_at": time(), "login_url": text(), "logout_url": text(),
        })),
        "LandfallProviders": object(&["providers"], json!({
            "providers": { "type": "array", "items": object(&["id", "name", "kind", "login_url"], json!({
                "id": text(), "name": text(), "kind": text(), "login_url": text(),
            })) },
            "failure": object(&["code", "reference", "sentence"], json!({
                "code": text(), "reference": text(), "sentence": text(),
            })),
        })),
        "LandfallExchange": object(&["response"], json!({ "response": text() })),
        "LandfallLanding": object(&[], json!({ "return_to": text(), "location": text() })),
        "LandfallLogoutError": object(&["error", "error_description", "reference"], json!({
            "error": text(), "error_description": text(), "reference": text(),
        })),
        "LandfallDelivery": object(&["event_id", "event_type", "occurred_at"], json!({
            "event_id": text(), "event_type": text(), "occurred_at": time(), "data": { "type": "object" },
        })),
    })
}
