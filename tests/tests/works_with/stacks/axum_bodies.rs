//! What [`AuthLayer`] goes around, and what becomes of the bodies.

use std::convert::Infallible;
use std::future::{Ready, ready};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::Request;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use landfall_axum::{AuthLayer, RequireLogin, ResponseBody};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::drive::{Place, stacks};
use crate::pages::on_axum::routes;

stacks! {
    async fn router_layer(place) {
        place.serve(routes().layer(AuthLayer::new(place.auth()))).await;
        place.sign_in_at("/dashboard?x=1").await;
        place.sign_out().await;
    }

    /// Around the whole router, so that nothing can be put beside it.
    async fn service_ext(place) {
        place.serve(AuthLayer::new(place.auth()).layer(routes())).await;
        place.sign_in_at("/dashboard?x=1").await;
        place.sign_out().await;
    }

    /// The base URL carries the path, and so it sees its own paths below it.
    async fn nest_service_below_the_base_path(_place) {
        let place = Place::new("https://app.example.com/app");
        let inner = routes().layer(AuthLayer::new(place.auth()));
        place.serve(Router::new().nest_service("/app", inner).route("/", get(async || "outside"))).await;
        place.sign_in_at("/dashboard?x=1").await;
        place.sign_out().await;
    }

    /// Tower services that know nothing of axum, with a body of their own.
    async fn service_without_axum(place) {
        let open = service_fn(|_: Request| says("home of nobody"));
        let page = service_fn(|_: Request| says("a page for ada and whoever else is signed in"));
        let guarded = RequireLogin::new().layer(page);
        let app = service_fn(move |request: Request| {
            let (open, guarded) = (open, guarded.clone());
            async move {
                match request.uri().path() {
                    "/dashboard" => guarded.oneshot(request).await,
                    _ => open.oneshot(request).await.map(|answer| answer.map(ResponseBody::new)),
                }
            }
        });
        place.serve(AuthLayer::new(place.auth()).layer(app)).await;
        place.sign_in_at("/dashboard?x=1").await;
        place.sign_out().await;
    }
}

fn says(text: &'static str) -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::new(Bytes::from_static(text.as_bytes())))))
}

/// A body that ends in trailers.
fn with_trailers() -> impl Body<Data = Bytes, Error = Infallible> + Send + 'static {
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", "5".parse().unwrap());
    let frames = [Frame::data(Bytes::from_static(b"hello")), Frame::trailers(trailers)];
    StreamBody::new(futures_util::stream::iter(frames.map(Ok)))
}

async fn through<S, B>(place: &Place, answer: S) -> Response<AxumBody>
where
    S: Service<Request, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let service = AuthLayer::new(place.auth()).layer(answer);
    let request = http::Request::get("/").header("host", "app.example.com");
    service.oneshot(request.body(AxumBody::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn trailers_and_sizes_pass_the_layer() {
    let place = Place::new(landfall_tests::BASE_URL);
    let streamed = service_fn(|_: Request| ready(Ok(Response::new(with_trailers()))));
    let collected = through(&place, streamed).await.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap().get("x-sum").unwrap(), "5");
    assert_eq!(collected.to_bytes(), "hello");
    let whole = service_fn(|_: Request| ready(Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))));
    let body = through(&place, whole).await.into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
}
