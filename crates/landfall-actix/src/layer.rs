//! [`AuthMiddleware`]: the middleware around the whole application.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::{HttpMessage, HttpRequest};
use landfall::adapter::{self, Decision, Mount, NeedsBody, Reply, Step, Waiting};
use landfall::{RelyingParty, SignInWanted, Unfinished};
use pin_project_lite::pin_project;

use crate::convert::{self, FirstLine, PeerOf, View};
pub(crate) use crate::extract::LAYER;
use crate::extract::Visit;
use crate::reject;

/// How it is mounted, for the log of whoever mounted it otherwise.
const MOUNT: Mount = Mount {
    layer: LAYER,
    remedy: "call `.wrap(AuthMiddleware::new(auth))` on the `App`, and on no scope or resource of it; or give the base URL the scope's path",
};

/// Signs people in: the middleware around the whole application.
///
/// Wrap the `App` with it, and only there. On a scope it would see what is below the scope, and its callback only
/// where the base URL has the scope's path; the log says so at the first browser that is sent to the provider.
///
/// Any other middleware may stand around it and inside. The last `wrap` is the outermost: middleware that must see
/// every answer (logging, compression, CORS) is wrapped after it. What is wrapped before it sees, where a sign-in is
/// wanted, a plain 401, which must come out with its extensions.
///
/// Two of them, one inside the other, are a mistake and answer 500.
///
/// ```no_run
/// use actix_web::{App, HttpServer, web};
/// use landfall_actix::{AuthMiddleware, RelyingParty, SignedIn};
///
/// async fn hello(user: SignedIn) -> String {
///     format!("Hello, {}", user.subject())
/// }
///
/// async fn serve(auth: RelyingParty) -> std::io::Result<()> {
///     let app = move || App::new().route("/", web::get().to(hello)).wrap(AuthMiddleware::new(auth.clone()));
///     HttpServer::new(app).bind("127.0.0.1:3000")?.run().await
/// }
/// ```
#[derive(Clone)]
pub struct AuthMiddleware {
    auth: RelyingParty,
    peer_of: Option<PeerOf>,
}

impl AuthMiddleware {
    /// Middleware for this relying party. Clone one relying party into every worker: clones share sessions, keys and
    /// connections.
    pub fn new(auth: RelyingParty) -> Self {
        Self { auth, peer_of: None }
    }

    /// Middleware for an application that may be run without a provider: with `None`, sign-in is not set up.
    ///
    /// Then every [`Visit`](crate::Visit) is nobody's, and what needs somebody lets nobody through: a guard, an
    /// extractor and a token proxy answer 503, and the log says once a minute that sign-in is not set up. A guard is
    /// never open because of it: whoever wants that leaves the guard out.
    ///
    /// ```no_run
    /// use actix_web::{App, HttpServer, web};
    /// use landfall_actix::{AuthMiddleware, RelyingParty};
    ///
    /// async fn serve(auth: Option<RelyingParty>) -> std::io::Result<()> {
    ///     let app = move || {
    ///         App::new().route("/", web::get().to(async || "home")).wrap(AuthMiddleware::optional(auth.clone()))
    ///     };
    ///     HttpServer::new(app).bind("127.0.0.1:3000")?.run().await
    /// }
    /// ```
    pub fn optional(auth: Option<RelyingParty>) -> Self {
        Self::new(auth.unwrap_or_else(RelyingParty::not_set_up))
    }

    /// Waits, before the process ends, for what goes on by itself: [`RelyingParty::drain`], for whoever holds the
    /// middleware alone.
    pub async fn drain(&self, deadline: Duration) -> Unfinished {
        self.auth.drain(deadline).await
    }

    /// Says where a connection comes from, in place of its own address. Needed where proxies are trusted
    /// (`trusted_proxies`) and the connection has none, as on a Unix socket: whoever gets to it is on this machine.
    ///
    /// ```
    /// use std::net::{IpAddr, Ipv4Addr};
    ///
    /// # fn middleware(auth: landfall_actix::RelyingParty) -> landfall_actix::AuthMiddleware {
    /// landfall_actix::AuthMiddleware::new(auth).peer_from(|_| Some(IpAddr::V4(Ipv4Addr::LOCALHOST)))
    /// # }
    /// ```
    #[must_use]
    pub fn peer_from(
        mut self,
        peer_of: impl Fn(&HttpRequest) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.peer_of = Some(Arc::new(peer_of));
        self
    }
}

impl fmt::Debug for AuthMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthMiddleware").field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl<S, B> Transform<S, ServiceRequest> for AuthMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = AuthService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AuthService { layer: self.clone(), inner: Rc::new(service) }))
    }
}

/// The service made by [`AuthMiddleware`].
#[derive(Debug)]
pub struct AuthService<S> {
    layer: AuthMiddleware,
    // Shared only with requests that have to wait before they pass.
    inner: Rc<S>,
}

impl<S, B> Service<ServiceRequest> for AuthService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = AuthFuture<S>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        if request.extensions().get::<Visit>().is_some() {
            return AuthFuture::reply(request.into_parts().0, adapter::stacked_layers(LAYER));
        }
        // Not in the match: what borrows the request must be gone when it is given away.
        let AuthMiddleware { auth, peer_of } = &self.layer;
        let step = auth.begin(&View(&request, peer_of.as_ref()));
        match step {
            Step::Done(Decision::Pass(visit)) => {
                AuthFuture { state: passed(&*self.inner, request, Visit(visit)) }
            }
            Step::Done(Decision::Reply(reply)) => AuthFuture::reply(request.into_parts().0, reply),
            Step::Wait(waiting) => AuthFuture {
                state: State::Deciding {
                    waiting,
                    request: Some(request),
                    inner: Some(Rc::clone(&self.inner)),
                },
            },
            Step::Done(Decision::NeedsBody(needs)) => AuthFuture { state: answered(needs, request) },
        }
    }
}

/// Calls the application, which finds the visit in the request.
fn passed<S: Service<ServiceRequest>>(
    inner: &S,
    request: ServiceRequest,
    visit: Visit,
) -> State<S, S::Future> {
    note_mounting(&request, &visit);
    request.extensions_mut().insert(visit.clone());
    let line = FirstLine::of(&request);
    State::Inner { future: inner.call(request), visit, line }
}

/// Tells the visit what a scope or a resource has matched of the path before: nothing around the whole `App`. One with
/// parameters may match our own paths as well, so it says nothing.
fn note_mounting(request: &ServiceRequest, visit: &Visit) {
    let matched = request.match_info();
    let path = matched.as_str();
    let taken = path.len().saturating_sub(matched.unprocessed().len());
    if taken > 0
        && matched.is_empty()
        && let Some(prefix) = path.get(..taken)
    {
        visit.is_below(prefix);
    }
}

/// Reads the body that is needed, within its limit, and answers.
fn answered<S, F>(needs: NeedsBody, mut request: ServiceRequest) -> State<S, F> {
    let payload = request.take_payload();
    let waiting = Box::pin(async move {
        let limit = needs.limit();
        needs.with(convert::read_body(payload, limit)).await
    });
    State::Replying { waiting, request: Some(request.into_parts().0) }
}

type LocalWaiting<T> = Pin<Box<dyn Future<Output = T>>>;

pin_project! {
    /// The future of [`AuthService`]. Where nothing has to be waited for, it holds the inner future unboxed.
    pub struct AuthFuture<S>
    where
        S: Service<ServiceRequest>,
    {
        #[pin]
        state: State<S, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F> {
        /// The application is at work. No copy of its request may be kept: actix-web's routing would panic.
        Inner { #[pin] future: F, visit: Visit, line: FirstLine },
        /// The answer is known.
        Reply { answer: Option<(HttpRequest, Reply)> },
        /// Not decided yet. `inner` is what is called if the request passes.
        Deciding { waiting: Waiting<Decision>, request: Option<ServiceRequest>, inner: Option<Rc<S>> },
        /// The answer is on its way: the body is read for it, or the application asked for a sign-in.
        Replying { waiting: LocalWaiting<Reply>, request: Option<HttpRequest> },
    }
}

impl<S: Service<ServiceRequest>> AuthFuture<S> {
    fn reply(request: HttpRequest, reply: Reply) -> Self {
        Self { state: State::Reply { answer: Some((request, reply)) } }
    }
}

impl<S, B> Future for AuthFuture<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, actix_web::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Inner { future, visit, line } => {
                    let mut response = match ready!(future.poll(cx)) {
                        Ok(response) => response.map_into_left_body(),
                        // Handlers' errors are responses by now; this one is some middleware's, and so is its request.
                        Err(error) => match reject::response_of(&error) {
                            Some(response) => {
                                ServiceResponse::new(line.request(), response).map_into_right_body()
                            }
                            None => return Poll::Ready(Err(error)),
                        },
                    };
                    let wanted = response.response_mut().extensions_mut().remove::<SignInWanted>();
                    let Some(wanted) = wanted else {
                        if let Some(failure) = reject::failure(response.response_mut()) {
                            response = convert::told(response, visit.tell(&failure));
                        }
                        convert::apply_edits(visit, response.response_mut());
                        return Poll::Ready(Ok(response));
                    };
                    let (request, _) = response.into_parts();
                    visit.expects_callback(&MOUNT);
                    let waiting = visit.challenge(wanted);
                    State::Replying { waiting, request: Some(request) }
                }
                StateProj::Reply { answer } => match answer.take() {
                    Some((request, reply)) => {
                        let response = ServiceResponse::new(request, convert::response(reply));
                        return Poll::Ready(Ok(response.map_into_right_body()));
                    }
                    // Polled after it was ready, which nothing may rely on.
                    None => return Poll::Pending,
                },
                StateProj::Deciding { waiting, request, inner } => {
                    let decision = ready!(waiting.as_mut().poll(cx));
                    // Polled after it was ready, which nothing may rely on.
                    let (Some(request), Some(inner)) = (request.take(), inner.take()) else {
                        return Poll::Pending;
                    };
                    match decision {
                        Decision::Pass(visit) => passed(&*inner, request, Visit(visit)),
                        Decision::Reply(reply) => {
                            State::Reply { answer: Some((request.into_parts().0, reply)) }
                        }
                        Decision::NeedsBody(needs) => answered(needs, request),
                    }
                }
                StateProj::Replying { waiting, request } => {
                    let reply = ready!(waiting.as_mut().poll(cx));
                    State::Reply { answer: request.take().map(|request| (request, reply)) }
                }
            };
            state.set(next);
        }
    }
}

landfall::adapter::opaque!([S: Service<ServiceRequest>] AuthFuture<S>);
