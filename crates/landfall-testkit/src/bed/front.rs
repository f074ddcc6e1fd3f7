//! An application in the process that asks for a sign-in on every page, for a session that is made without a server.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::LOCATION;
use http::{Request, Response, StatusCode};
use landfall::adapter::{Decision, Reply, RequestView, Step};
use landfall::{HttpClient, HttpError, RelyingParty, SignInWanted};

/// The relying party, and nothing behind it: whoever is nobody is sent to sign in with this hint.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) auth: RelyingParty,
    /// By which the provider knows whom to sign in.
    pub(super) login_hint: String,
}

/// A request whose body is in memory.
struct View<'r>(&'r Request<Bytes>);

impl RequestView for View<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn path(&self) -> &str {
        self.0.uri().path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri().query()
    }

    fn authority(&self) -> Option<&str> {
        self.0.uri().authority().map(http::uri::Authority::as_str)
    }

    fn each_header<'a>(&'a self, each: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.headers().iter().for_each(|(name, value)| each(name.as_str(), value.as_bytes()));
    }
}

#[async_trait]
impl HttpClient for Front {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let decision = match self.auth.begin(&View(&request)) {
            Step::Done(decision) => decision,
            Step::Wait(waiting) => waiting.await,
        };
        Ok(match decision {
            Decision::Reply(reply) => reply,
            Decision::NeedsBody(needs) => needs.with(async { Ok(request.body().clone()) }).await,
            Decision::Pass(visit) if visit.signed_in().is_some() => Reply::new(Bytes::new()),
            Decision::Pass(visit) => {
                let wanted = SignInWanted::new().login_hint(self.login_hint.as_str());
                let mut reply = Reply::new(Bytes::new());
                if let Ok(login) = visit.login_url_for(&wanted).parse() {
                    *reply.status_mut() = StatusCode::SEE_OTHER;
                    reply.headers_mut().insert(LOCATION, login);
                }
                reply
            }
        })
    }
}
