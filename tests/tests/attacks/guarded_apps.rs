//! Applications behind a guard by paths, in this process: each reads a path in a way of its own.
//!
//! No server is in front of them, so that a test can ask thousands of spellings. What a server would not take for a
//! target is left out; the rest is what it would hand on.

use std::path::Path;

use http::Method;
use landfall::RelyingParty;
use landfall_tests::Framework;
use percent_encoding::percent_decode_str;
use tempfile::TempDir;

/// What is guarded, at `/admin/secret.txt`.
pub(crate) const SECRET: &str = "the secret";
/// What is open, at `/public/page.txt`.
pub(crate) const OPEN: &str = "the open page";

/// Who reads the path behind the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behind {
    /// The framework's own routes.
    Routes,
    /// `ServeDir`, `actix-files`.
    Files,
    /// The framework's `NormalizePath` around its routes.
    Normalized,
    /// Nested routers, scopes: each with the guard inside.
    Nested,
    /// A handler that decodes twice, folds, resolves and takes every case.
    Careless,
    /// A handler that does whatever it is asked, by whatever method.
    Deeds,
    /// The same behind a middleware that believes `X-HTTP-Method-Override`.
    OverriddenDeeds,
}

/// Which guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    Nobody,
    Under,
    Except,
    Writes,
}

impl Behind {
    pub(crate) const FILES: [Self; 5] =
        [Self::Routes, Self::Files, Self::Normalized, Self::Nested, Self::Careless];
}

/// One request of a client's.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Sent {
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn new(method: &str, target: impl Into<String>) -> Self {
        Self { method: method.parse().unwrap(), target: target.into(), headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Status and body; `None` where no server would take such a target.
pub(crate) type Got = Option<(u16, String)>;

/// What these requests get, one after another.
pub(crate) async fn answers(
    framework: Framework,
    auth: &RelyingParty,
    behind: Behind,
    rule: Rule,
    sent: &[Sent],
) -> Vec<Got> {
    let files = files();
    match framework {
        Framework::Axum => {
            on_axum::answers(on_axum::app(auth.clone(), behind, rule, files.path()), sent).await
        }
        Framework::Actix => on_actix::answers(auth.clone(), behind, rule, files.path(), sent).await,
    }
}

/// What these requests get where each kind of place has a guard of its own: see the modules for the paths.
pub(crate) async fn answers_of_places(framework: Framework, auth: &RelyingParty, sent: &[Sent]) -> Vec<Got> {
    let files = files();
    match framework {
        Framework::Axum => on_axum::answers(on_axum::places(auth.clone(), files.path()), sent).await,
        Framework::Actix => on_actix::answers_of_places(auth.clone(), files.path(), sent).await,
    }
}

fn files() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, file, text) in [("admin", "secret.txt", SECRET), ("public", "page.txt", OPEN)] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        std::fs::write(folder.path().join(name).join(file), text).unwrap();
    }
    folder
}

/// What a careless application finds there.
fn careless(path: &str) -> &'static str {
    let mut text = path.to_owned();
    for _ in 0..2 {
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
    let mut found: Vec<String> = Vec::new();
    for segment in text.to_lowercase().replace('\\', "/").split('/') {
        match segment.split([';', '?', '#']).next().unwrap().trim() {
            "" | "." => {}
            ".." => _ = found.pop(),
            name => found.push(name.trim_end_matches('.').to_owned()),
        }
    }
    match found.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["admin", "secret.txt", ..] => SECRET,
        ["public", "page.txt"] => OPEN,
        _ => "nothing",
    }
}

/// The guard of a rule, in the words of an adapter's own.
macro_rules! guard {
    ($guard:ident, $rule:expr) => {
        match $rule {
            Rule::Nobody => $guard::new().allow_if(|_| unreachable!("it guards nothing")),
            Rule::Under => $guard::under(["/admin"]).unwrap(),
            Rule::Except => $guard::except(["/public"]).unwrap(),
            Rule::Writes => $guard::new().writes_only(),
        }
    };
}

mod on_axum {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::http::{Method, Uri};
    use axum::middleware::map_request;
    use axum::routing::get;
    use landfall_axum::{AuthLayer, RequireLogin};
    use tower::ServiceExt as _;
    use tower_http::normalize_path::NormalizePath;
    use tower_http::services::ServeDir;

    use super::{Behind, Got, OPEN, Path, RelyingParty, Rule, SECRET, Sent, careless};

    pub(super) fn app(auth: RelyingParty, behind: Behind, rule: Rule, files: &Path) -> Router {
        let guard = guard!(RequireLogin, rule);
        let guarded = |app: Router| if rule == Rule::Nobody { app } else { app.layer(guard.clone()) };
        let secret = || get(async || SECRET);
        let open = || get(async || OPEN);
        let routes = || Router::new().route("/admin/secret.txt", secret()).route("/public/page.txt", open());
        let deeds = || Router::new().fallback(async |method: Method| format!("did {method}"));
        let app = match behind {
            Behind::Routes => guarded(routes()),
            Behind::Files => guarded(Router::new().fallback_service(ServeDir::new(files))),
            Behind::Normalized => {
                guarded(Router::new().fallback_service(NormalizePath::trim_trailing_slash(routes())))
            }
            Behind::Nested => Router::new()
                .nest("/admin", guarded(Router::new().route("/secret.txt", secret())))
                .nest("/public", guarded(Router::new().route("/page.txt", open()))),
            Behind::Careless => guarded(Router::new().fallback(async |uri: Uri| careless(uri.path()))),
            Behind::Deeds => guarded(deeds()),
            Behind::OverriddenDeeds => guarded(deeds()).layer(map_request(overridden)),
        };
        app.layer(AuthLayer::new(auth))
    }

    async fn overridden(mut request: Request) -> Request {
        let method = request.headers().get("x-http-method-override");
        if let Some(method) = method.and_then(|method| Method::from_bytes(method.as_bytes()).ok()) {
            *request.method_mut() = method;
        }
        request
    }

    pub(super) fn places(auth: RelyingParty, files: &Path) -> Router {
        let inside = async || "inside";
        let guard = RequireLogin::new;
        let files = Router::new().fallback_service(ServeDir::new(files.join("admin"))).layer(guard());
        let fallback = Router::new().fallback(inside).layer(guard());
        let nested = Router::new().nest("/deeper", Router::new().route("/page", get(inside))).layer(guard());
        let merged = Router::new().route("/merged", get(inside)).layer(guard());
        Router::new()
            .nest_service("/files", files)
            .nest_service("/fallback", fallback)
            .route("/socket", get(inside).layer(guard()))
            .nest("/nested", nested)
            .merge(merged)
            .fallback(async || "outside")
            .layer(AuthLayer::new(auth))
    }

    pub(super) async fn answers(app: Router, sent: &[Sent]) -> Vec<Got> {
        let mut answers = Vec::new();
        for sent in sent {
            let mut request = Request::builder().method(sent.method.clone()).uri(&sent.target);
            for (name, value) in &sent.headers {
                request = request.header(*name, value);
            }
            answers.push(match request.body(Body::empty()) {
                Err(_) => None,
                Ok(request) => {
                    let response = app.clone().oneshot(request).await.unwrap();
                    let status = response.status().as_u16();
                    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
                    Some((status, String::from_utf8_lossy(&body).into_owned()))
                }
            });
        }
        answers
    }
}

mod on_actix {
    use actix_files::Files;
    use actix_web::body::MessageBody;
    use actix_web::dev::{Service, ServiceResponse};
    use actix_web::http::{Method, Uri};
    use actix_web::middleware::{Condition, NormalizePath, TrailingSlash};
    use actix_web::test::{TestRequest, init_service, read_body};
    use actix_web::web::{self, ServiceConfig};
    use actix_web::{App, HttpRequest};
    use landfall_actix::{AuthMiddleware, RequireLogin};

    use super::{Behind, Got, OPEN, Path, RelyingParty, Rule, SECRET, Sent, careless};

    pub(super) async fn answers(
        auth: RelyingParty,
        behind: Behind,
        rule: Rule,
        files: &Path,
        sent: &[Sent],
    ) -> Vec<Got> {
        let guard =
            Condition::new(rule != Rule::Nobody && behind != Behind::Nested, guard!(RequireLogin, rule));
        let normalize = NormalizePath::new(TrailingSlash::Trim);
        let app = App::new()
            .configure(|config| routes(config, behind, rule, files))
            .wrap(Condition::new(behind == Behind::Normalized, normalize))
            .wrap(guard)
            .wrap_fn(move |mut request, app| {
                let method = request.headers().get("x-http-method-override");
                let method = method.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
                if let Some(method) = method.filter(|_| behind == Behind::OverriddenDeeds) {
                    request.head_mut().method = method;
                }
                app.call(request)
            })
            .wrap(AuthMiddleware::new(auth));
        ask(init_service(app).await, sent).await
    }

    pub(super) async fn answers_of_places(auth: RelyingParty, files: &Path, sent: &[Sent]) -> Vec<Got> {
        let guard = RequireLogin::new;
        let inside = async || "inside";
        let app = App::new()
            .service(web::scope("/files").wrap(guard()).service(Files::new("", files.join("admin"))))
            .service(web::scope("/fallback").wrap(guard()).default_service(web::to(inside)))
            .service(web::resource("/socket").wrap(guard()).get(inside))
            .service(
                web::scope("/nested")
                    .wrap(guard())
                    .service(web::scope("/deeper").route("/page", web::get().to(inside))),
            )
            .service(web::resource("/merged").wrap(guard()).get(inside))
            .default_service(web::to(async || "outside"))
            .wrap(AuthMiddleware::new(auth));
        ask(init_service(app).await, sent).await
    }

    fn routes(config: &mut ServiceConfig, behind: Behind, rule: Rule, files: &Path) {
        let secret = || web::get().to(async || SECRET);
        let open = || web::get().to(async || OPEN);
        match behind {
            Behind::Routes | Behind::Normalized => {
                config.route("/admin/secret.txt", secret()).route("/public/page.txt", open());
            }
            Behind::Files => _ = config.service(Files::new("/", files)),
            Behind::Nested => {
                let guard = || Condition::new(rule != Rule::Nobody, guard!(RequireLogin, rule));
                config
                    .service(web::scope("/admin").wrap(guard()).route("/secret.txt", secret()))
                    .service(web::scope("/public").wrap(guard()).route("/page.txt", open()));
            }
            Behind::Careless => {
                config.default_service(web::to(async |request: HttpRequest| careless(request.uri().path())));
            }
            Behind::Deeds | Behind::OverriddenDeeds => {
                let deed = async |request: HttpRequest| format!("did {}", request.method());
                config.default_service(web::to(deed));
            }
        }
    }

    async fn ask<B: MessageBody>(
        app: impl Service<actix_http::Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
        sent: &[Sent],
    ) -> Vec<Got> {
        let mut answers = Vec::new();
        for sent in sent {
            if sent.target.parse::<Uri>().is_err() {
                answers.push(None);
                continue;
            }
            let method = Method::from_bytes(sent.method.as_str().as_bytes()).unwrap();
            let mut request = TestRequest::with_uri(&sent.target).method(method);
            for (name, value) in &sent.headers {
                request = request.insert_header((*name, value.as_str()));
            }
            answers.push(Some(match app.call(request.to_request()).await {
                Err(error) => (error.as_response_error().status_code().as_u16(), error.to_string()),
                Ok(response) => {
                    let status = response.status().as_u16();
                    (status, String::from_utf8_lossy(&read_body(response).await).into_owned())
                }
            }));
        }
        answers
    }
}
