//! The same page, guarded by what applications use today.

use std::convert::Infallible;

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::SessionMiddleware;
use actix_session::storage::CookieSessionStore;
use actix_web::cookie::Key;
use actix_web::dev::Service as _;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpMessage, HttpRequest};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, login_required};
use landfall_requests as requests;
use landfall_requests::{Request, Subject, TARGET, pair, same};
use tower::ServiceExt;
use tower_sessions::{CachingSessionStore, MemoryStore, Session, SessionManagerLayer, SessionStore};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};
use tower_sessions_sqlx_store::PostgresStore;
use tower_sessions_sqlx_store::sqlx::postgres::PgPoolOptions;

use crate::bench::Bench;
use crate::engines::Engine;

/// axum-login over tower-sessions in memory, with a handler that needs somebody.
pub fn axum_login(bench: &Bench) -> Box<dyn Subject> {
    axum(bench, axum_login_page())
}

/// Its handler that needs somebody.
pub fn axum_login_page() -> Router {
    let handler = async |session: AuthSession<People>| match session.user {
        Some(user) => Ok(user.name),
        None => Err(StatusCode::UNAUTHORIZED),
    };
    Router::new().route("/dashboard", get(handler))
}

/// The same with `login_required!` around the page.
pub fn axum_login_required(bench: &Bench) -> Box<dyn Subject> {
    axum(bench, requests::axum_bare().layer(login_required!(People)))
}

fn axum(bench: &Bench, page: Router) -> Box<dyn Subject> {
    signed_in(bench, with_axum_login(page))
}

/// These pages behind axum-login, with a `/login` that signs in at once.
pub fn with_axum_login(page: Router) -> Router {
    let sign_in = async |mut session: AuthSession<People>| {
        session.login(&Person::ada()).await.expect("a session");
    };
    let sessions = SessionManagerLayer::new(memory());
    page.route("/login", get(sign_in)).layer(AuthManagerLayerBuilder::new(People, sessions).build())
}

/// The application after its `/login` was opened.
fn signed_in(bench: &Bench, app: Router) -> Box<dyn Subject> {
    let answer = bench
        .block_on(app.clone().oneshot(requests::axum_request(&Request::open("/login"), "")))
        .expect("an answer");
    let cookie = answer.headers().get("set-cookie").and_then(|line| line.to_str().ok()).expect("a cookie");
    let cookies = same(&format!("theme=dark; {}", pair(cookie)));
    requests::axum_subject(bench, app, Request::open(TARGET), cookies)
}

/// tower-sessions over this store, with a handler that reads who is there.
pub fn tower_sessions(bench: &Bench, store: impl SessionStore + Clone) -> Box<dyn Subject> {
    let page = async |session: Session| {
        session.get::<String>("name").await.ok().flatten().ok_or(StatusCode::UNAUTHORIZED)
    };
    let sign_in = async |session: Session| {
        for (name, value) in [("sub", "user-1"), ("name", "Ada Lovelace"), ("email", "ada@example.com")] {
            session.insert(name, value).await.expect("a session");
        }
    };
    let app = Router::new().route("/dashboard", get(page)).route("/login", get(sign_in));
    signed_in(bench, app.layer(SessionManagerLayer::new(store)))
}

pub fn memory() -> MemoryStore {
    MemoryStore::default()
}

/// Its store in Redis.
pub fn redis(bench: &Bench) -> RedisStore<Pool> {
    let config = Config::from_url(bench.address(Engine::Redis)).expect("a sound address");
    bench.block_on(async {
        let pool = Pool::new(config, None, None, None, 1).expect("a pool");
        // It goes on until the pool is dropped.
        drop(pool.connect());
        pool.wait_for_connect().await.expect("a connection");
        RedisStore::new(pool)
    })
}

/// Its store in PostgreSQL.
pub fn postgres(bench: &Bench) -> PostgresStore {
    bench.block_on(async {
        // As with ours: whether a connection still lives is seen when it is used.
        let pool = PgPoolOptions::new().test_before_acquire(false);
        let pool = pool.connect(bench.address(Engine::Postgres)).await.expect("a connection");
        let store = PostgresStore::new(pool);
        store.migrate().await.expect("its table");
        store
    })
}

/// What it has of a near cache, before this store.
pub fn cached<S: SessionStore>(store: S) -> CachingSessionStore<MemoryStore, S> {
    CachingSessionStore::new(memory(), store)
}

/// actix-identity over actix-session in a cookie, with a handler that needs somebody.
pub fn actix_identity(bench: &Bench) -> Box<dyn Subject> {
    let app = App::new()
        .configure(identity_pages)
        .wrap(IdentityMiddleware::default())
        .wrap(SessionMiddleware::new(CookieSessionStore::default(), Key::generate()));
    let service = requests::start_actix(bench, app);
    let answer = bench
        .block_on(service.call(requests::actix_request(&Request::open("/login"), "")))
        .expect("an answer");
    let cookie = answer.headers().get("set-cookie").and_then(|line| line.to_str().ok()).expect("a cookie");
    let cookies = same(&format!("theme=dark; {}", pair(cookie)));
    requests::actix_subject(bench, service, Request::open(TARGET), cookies)
}

/// A page that needs somebody, and a `/login` that signs in at once.
pub fn identity_pages(config: &mut ServiceConfig) {
    let sign_in = async |request: HttpRequest| {
        Identity::login(&request.extensions(), "Ada Lovelace".to_owned()).expect("a session");
        "welcome"
    };
    let page = web::get().to(async |user: Identity| user.id().expect("an id"));
    config.route("/dashboard", page).route("/login", web::get().to(sign_in));
}

/// Everybody is Ada.
#[derive(Clone, Debug)]
pub struct People;

/// Somebody who signed in.
#[derive(Clone, Debug)]
pub struct Person {
    id: String,
    name: String,
}

impl Person {
    fn ada() -> Self {
        Self { id: "user-1".to_owned(), name: "Ada Lovelace".to_owned() }
    }
}

impl AuthUser for Person {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"unchanged"
    }
}

impl AuthnBackend for People {
    type User = Person;
    type Credentials = ();
    type Error = Infallible;

    async fn authenticate(&self, (): ()) -> Result<Option<Person>, Infallible> {
        Ok(Some(Person::ada()))
    }

    async fn get_user(&self, _: &String) -> Result<Option<Person>, Infallible> {
        Ok(Some(Person::ada()))
    }
}
