//! What the application's own sign-in page can offer, for a page that is made by a script.
//!
//! A page that the application renders asks [`Visit::providers`](crate::Visit::providers) and
//! [`Visit::sign_in_failure`](crate::Visit::sign_in_failure); a script asks `GET /auth/providers`, with the query of its
//! page behind it, and is told the same. Both are made of one value each, so neither can say more than the other.
//!
//! It holds where people sign in and, once in a while, why one of them could not: that is for pages of the application's
//! own origin and of a configured `spa_callback` alone, as `/auth/session` is.

use serde_json::json;

use super::FrontDoor;
use super::decision::Step;
use super::spa::SCRIPT;
use crate::context::incoming::Incoming;
use crate::context::sign_in_query::SignInQuery;
use crate::web::pages;
use crate::web::reply::Reply;

impl FrontDoor {
    /// Says which providers there are, and what failed, if anything did in this browser. The parameters are those of the
    /// sign-in page; what else is in the query is ignored.
    pub(super) fn providers(&self, incoming: &Incoming<'_>) -> Step {
        let (context, site) = (&self.context, incoming.site);
        let cors_origin = context.cors_origin(&incoming.signs);
        let done = |reply: Reply| Step::reply(pages::for_caller(reply, cors_origin.as_deref()));
        match incoming.method {
            "GET" | "HEAD" => {}
            "OPTIONS" if cors_origin.is_some() => return done(context.preflight("GET")),
            _ => return done(context.method_not_allowed(incoming.kind, site, "GET")),
        }
        let query = context.check_origin(site, &incoming.signs);
        let query = query.and_then(|()| SignInQuery::read(context, site, incoming.query()));
        let query = match query {
            Ok(query) => query,
            Err(error) => return done(context.refuse(error, SCRIPT, site, None)),
        };
        let mut body = json!({ "providers": context.providers(site, &query) });
        let failure = context.sign_in_failure(site, incoming.query(), &incoming.cookies.attempts);
        if let (Some(failure), Some(body)) = (failure, body.as_object_mut()) {
            body.insert("failure".to_owned(), json!(failure));
        }
        done(pages::json(200, &body))
    }
}
