//! [`AuthLayer`]: the layer around the whole application.

use std::fmt;
use std::future::Future;
use std::mem;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body::Body;
use landfall::adapter::{self, Decision, Mount, NeedsBody, Reply, Step, Waiting};
use landfall::{RelyingParty, SignInWanted, Unfinished};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::convert::{self, BoxError, PeerOf, ResponseBody, View};
pub(crate) use crate::extract::LAYER;
use crate::extract::Visit;
use crate::reject;

/// How it is mounted, for the log of whoever mounted it otherwise.
const MOUNT: Mount = Mount {
    layer: LAYER,
    remedy: "call `.layer(AuthLayer::new(auth))` on the outermost router, last: after every `.route`, `.nest`, `.merge` and `.fallback`, and never as `.route_layer`",
};

/// Signs people in: the layer around the whole application.
///
/// It must be the outermost one that cares about paths, on the whole router and only there: on a nested router
/// it would see paths without their prefix, and its callback never. It comes last: what `.merge` or `.fallback` puts
/// into the router afterwards is not behind it, and takes its callback away; with `.route_layer` it never had one.
/// The log says so where a browser went to the provider and its callback never came.
///
/// Any other layer may stand around it and inside, alone or in a `ServiceBuilder`: whatever body the service inside
/// answers with, this answers with [`ResponseBody`]. Layers that must see every answer (tracing, compression, CORS)
/// go around it; what is inside sees, where a sign-in is wanted, a plain 401, which must come out with its
/// extensions.
///
/// Two of them, one inside the other, are a mistake and answer 500.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use landfall_axum::{AuthLayer, RelyingParty, SignedIn};
///
/// fn app(auth: RelyingParty) -> Router {
///     let hello = get(async |user: SignedIn| format!("Hello, {}", user.subject()));
///     Router::new().route("/", hello).layer(AuthLayer::new(auth))
/// }
/// ```
#[derive(Clone)]
pub struct AuthLayer {
    auth: RelyingParty,
    peer_of: Option<PeerOf>,
    room: Arc<Extensions>,
}

impl AuthLayer {
    /// A layer for this relying party. Clones of either share sessions, keys and connections.
    pub fn new(auth: RelyingParty) -> Self {
        Self { auth, peer_of: None, room: Arc::new(room()) }
    }

    /// A layer for an application that may be run without a provider: with `None`, sign-in is not set up.
    ///
    /// Then every [`Visit`](crate::Visit) is nobody's, and what needs somebody lets nobody through: a guard, an
    /// extractor and a token proxy answer 503, and the log says once a minute that sign-in is not set up. A guard is
    /// never open because of it: whoever wants that leaves the guard out.
    ///
    /// ```no_run
    /// use axum::Router;
    /// use landfall_axum::{AuthLayer, ConfigError, RelyingParty};
    ///
    /// fn app(pages: Router) -> Result<Router, ConfigError> {
    ///     let auth = match std::env::var_os("LANDFALL_ISSUER") {
    ///         Some(_) => Some(RelyingParty::from_env()?.build()?),
    ///         None => None,
    ///     };
    ///     Ok(pages.layer(AuthLayer::optional(auth)))
    /// }
    /// ```
    pub fn optional(auth: Option<RelyingParty>) -> Self {
        Self::new(auth.unwrap_or_else(RelyingParty::not_set_up))
    }

    /// Waits, before the process ends, for what goes on by itself: [`RelyingParty::drain`], for whoever holds the
    /// layer alone.
    pub async fn drain(&self, deadline: Duration) -> Unfinished {
        self.auth.drain(deadline).await
    }

    /// Says where a connection comes from, which is not in a request by itself. Needed where proxies are trusted
    /// (`trusted_proxies`).
    ///
    /// With axum's own server it takes two lines:
    ///
    /// ```no_run
    /// use std::net::SocketAddr;
    ///
    /// use axum::Router;
    /// use axum::extract::ConnectInfo;
    /// use landfall_axum::{AuthLayer, RelyingParty};
    ///
    /// # async fn serve(app: Router, auth: RelyingParty, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    /// let layer = AuthLayer::new(auth)
    ///     .peer_from(|extensions| Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip()));
    /// let app = app.layer(layer);
    /// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
    /// # }
    /// ```
    ///
    /// A Unix socket has no addresses; whoever gets to it is on this machine:
    ///
    /// ```
    /// use std::net::{IpAddr, Ipv4Addr};
    ///
    /// # fn layer(auth: landfall_axum::RelyingParty) -> landfall_axum::AuthLayer {
    /// landfall_axum::AuthLayer::new(auth).peer_from(|_| Some(IpAddr::V4(Ipv4Addr::LOCALHOST)))
    /// # }
    /// ```
    #[must_use]
    pub fn peer_from(
        mut self,
        peer_of: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.peer_of = Some(Arc::new(peer_of));
        self
    }
}

impl fmt::Debug for AuthLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthLayer").field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService { layer: self.clone(), inner }
    }
}

/// The service made by [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    layer: AuthLayer,
    inner: S,
}

impl<S, B, RB> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = AuthFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if request.extensions().get::<Visit>().is_some() {
            return AuthFuture::reply(adapter::stacked_layers(LAYER));
        }
        let AuthLayer { auth, peer_of, room } = &self.layer;
        match auth.begin(&View(&request, peer_of.as_ref())) {
            Step::Done(Decision::Pass(visit)) => {
                let visit = Visit(visit);
                if request.extensions().is_empty() {
                    request.extensions_mut().clone_from(room);
                }
                request.extensions_mut().insert(visit.clone());
                AuthFuture { state: State::Inner { future: self.inner.call(request), visit } }
            }
            Step::Done(Decision::Reply(reply)) => AuthFuture::reply(reply),
            Step::Wait(waiting) => {
                // The service that was polled ready is the one to call; its clone stays for the next request.
                let clone = self.inner.clone();
                let inner = mem::replace(&mut self.inner, clone);
                AuthFuture { state: State::Deciding { waiting, then: Some(Box::new((inner, request))) } }
            }
            Step::Done(Decision::NeedsBody(needs)) => {
                AuthFuture { state: State::Replying { waiting: answered(needs, request.into_body()) } }
            }
        }
    }
}

/// Nothing, with room for more than there will be. A request that comes without extensions is given a copy: then the
/// table that a router would make for its own has room for ours as well, and is made once.
fn room() -> Extensions {
    let mut room = Extensions::new();
    // One of each type: so many that the table grows, and stays so when it is emptied.
    _ = (room.insert(0_u8), room.insert(0_u16), room.insert(0_u32), room.insert(0_u64));
    room.clear();
    room
}

/// Reads the body that is needed, within its limit, and answers.
fn answered<B>(needs: NeedsBody, body: B) -> Waiting<Reply>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    Box::pin(async move {
        let limit = needs.limit();
        needs.with(convert::read_body(body, limit)).await
    })
}

pin_project! {
    /// The future of [`AuthService`]. Where nothing has to be waited for, it holds the inner future unboxed.
    pub struct AuthFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B, F> {
        /// The application is at work.
        Inner { #[pin] future: F, visit: Visit },
        /// The answer is known.
        Reply { reply: Option<Reply> },
        /// Not decided yet. `then` is what is called if the request passes.
        Deciding { waiting: Waiting<Decision>, then: Option<Box<(S, Request<B>)>> },
        /// The answer is on its way: the body is read for it, or the application asked for a sign-in.
        Replying { waiting: Waiting<Reply> },
    }
}

impl<S: Service<Request<B>>, B> AuthFuture<S, B> {
    fn reply(reply: Reply) -> Self {
        Self { state: State::Reply { reply: Some(reply) } }
    }
}

impl<S, B, RB> Future for AuthFuture<S, B>
where
    S: Service<Request<B>, Response = Response<RB>>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<ResponseBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Inner { future, visit } => {
                    let mut response = ready!(future.poll(cx))?.map(ResponseBody::new);
                    let Some(wanted) = response.extensions_mut().remove::<SignInWanted>() else {
                        if let Some(failure) = reject::failure(&mut response) {
                            response = convert::told(response, visit.tell(&failure));
                        }
                        convert::apply_edits(visit, &mut response);
                        return Poll::Ready(Ok(response));
                    };
                    visit.expects_callback(&MOUNT);
                    State::Replying { waiting: visit.challenge(wanted) }
                }
                StateProj::Reply { reply } => match reply.take() {
                    Some(reply) => return Poll::Ready(Ok(convert::response(reply))),
                    // Polled after it was ready, which nothing may rely on.
                    None => return Poll::Pending,
                },
                StateProj::Deciding { waiting, then } => match ready!(waiting.as_mut().poll(cx)) {
                    Decision::Reply(reply) => State::Reply { reply: Some(reply) },
                    Decision::NeedsBody(needs) => {
                        // Polled after it was ready, which nothing may rely on.
                        let Some(then) = then.take() else { return Poll::Pending };
                        let (_, request) = *then;
                        State::Replying { waiting: answered(needs, request.into_body()) }
                    }
                    Decision::Pass(visit) => {
                        // Polled after it was ready, which nothing may rely on.
                        let Some(then) = then.take() else { return Poll::Pending };
                        let (mut inner, mut request) = *then;
                        let visit = Visit(visit);
                        request.extensions_mut().insert(visit.clone());
                        State::Inner { future: inner.call(request), visit }
                    }
                },
                StateProj::Replying { waiting } => {
                    let reply = ready!(waiting.as_mut().poll(cx));
                    State::Reply { reply: Some(reply) }
                }
            };
            state.set(next);
        }
    }
}

landfall::adapter::opaque!([S: Service<Request<B>>, B] AuthFuture<S, B>);

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;
    use crate::RequireLogin;

    fn is_service<S: Service<Request<B>> + Clone + Send, B>(service: S) -> S
    where
        S::Future: Send,
    {
        service
    }

    // These two need only compile: there is no relying party without a configuration.

    #[allow(dead_code)]
    fn the_layers_go_around_an_axum_router(auth: RelyingParty) -> axum::Router {
        axum::Router::new().layer(RequireLogin::new()).layer(AuthLayer::new(auth))
    }

    #[allow(dead_code)]
    fn the_layers_go_around_a_service_that_is_not_of_axum(auth: RelyingParty) {
        async fn answer(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, std::io::Error> {
            Ok(Response::default())
        }
        let guarded = RequireLogin::new().layer(tower::service_fn(answer));
        is_service::<_, Full<Bytes>>(AuthLayer::new(auth).layer(guarded));
    }
}
