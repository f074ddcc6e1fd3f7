//! Credentials that came with a request, looked at: a leg without a trip.
//!
//! In this order, for each that the request brought:
//!
//! 1. What was remembered of the very header counts, where the application let it be remembered.
//! 2. What a browser or proxy may have added by itself comes from this site, or it is refused before anybody is asked.
//! 3. It takes its turn: anybody can send credentials, and what the hook asks is somebody's database.
//! 4. The application is asked, within a deadline. It does not answer, or fails: 503, and never "nobody". It panics: 500.
//! 5. Whom it names is one of its own people, or one of the configured provider's; nobody else is anybody here.
//!
//! Nothing that it begins outlives the request: a look may be broken off at any await.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use crate::context::Context;
use crate::context::credentials::brought::Brought;
use crate::context::credentials::hook::{CredentialsAnswer, CredentialsFailed, CredentialsRequest, Said};
use crate::context::credentials::{Credentials, NotTaken};
use crate::error::{Error, ErrorCode};
use crate::provider::client::Client;
use crate::session::{Identity, Somebody};

/// Whose they are; `None` where the application says nothing of any of them. `may_act` is whether the request comes from
/// this site.
///
/// # Errors
/// [`ErrorCode::CredentialsRefused`], [`ErrorCode::CrossSite`], [`ErrorCode::Overloaded`],
/// [`ErrorCode::CredentialsUnavailable`], [`ErrorCode::CredentialsFailed`], and [`ErrorCode::Misconfigured`] for an identity
/// that is nobody's here.
pub(crate) async fn whose(
    context: &Context,
    credentials: &Credentials,
    brought: Vec<Brought>,
    may_act: &mut Result<(), Error>,
) -> Result<Option<Somebody>, NotTaken> {
    for Brought { request, digest, comes_by_itself } in brought {
        if comes_by_itself {
            std::mem::replace(may_act, Ok(()))?;
        }
        let _turn = credentials.turns.turn().await?;
        let now = context.clock.now();
        // Whoever had the turn before may have asked about the same.
        if let Some(known) = credentials.answers.known(&digest, now) {
            return Ok(Some(known));
        }
        let (epoch, scheme) = (credentials.answers.epoch(), request.scheme().to_owned());
        match ask(credentials, request).await?.0 {
            Said::Nothing => {}
            Said::Refused => {
                let detail = format!("the application refused credentials by {scheme}");
                let error = Error::new(ErrorCode::CredentialsRefused).detail(detail);
                return Err(NotTaken { error, scheme: Some(scheme.into()) });
            }
            Said::Somebody { identity, keep } => {
                check(context, &identity)?;
                // Dated from before the application was asked: what is forgotten while it looks is forgotten.
                let somebody = Somebody::by_credentials(*identity, &scheme, now);
                credentials.answers.keep(digest, &somebody, keep, (epoch, context.clock.now()));
                return Ok(Some(somebody));
            }
        }
    }
    Ok(None)
}

/// Asks the application, for as long as it may take.
async fn ask(credentials: &Credentials, request: CredentialsRequest) -> Result<CredentialsAnswer, Error> {
    let settings = &credentials.settings;
    let mut asking = pin!(settings.hook.ask(request));
    let caught = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| asking.as_mut().poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(answer)) => Poll::Ready(Some(answer)),
        Err(_) => Poll::Ready(None),
    });
    match tokio::time::timeout(settings.patience, caught).await {
        Ok(Some(Ok(answer))) => Ok(answer),
        Ok(Some(Err(CredentialsFailed(error)))) => Err(error),
        Ok(None) => {
            Err(Error::new(ErrorCode::CredentialsFailed)
                .detail("the hook given to `on_credentials` panicked"))
        }
        Err(_) => {
            let seconds = settings.patience.as_secs();
            let detail =
                format!("the hook given to `on_credentials` did not answer within {seconds} seconds");
            Err(Error::new(ErrorCode::CredentialsUnavailable).detail(detail))
        }
    }
}

/// Whether it is somebody here: as for a session.
fn check(context: &Context, identity: &Identity) -> Result<(), Error> {
    let is_ours = |client: &Arc<Client>| client.issuer == identity.issuer;
    if identity.is_local() || context.clients.first().is_some_and(is_ours) {
        return Ok(());
    }
    let detail =
        "the hook given to `on_credentials` named an identity of another issuer than the relying party's";
    Err(Error::new(ErrorCode::Misconfigured).detail(detail))
}
