//! What an application keeps in a browser between two requests of a sign-in of its own.

use std::any::type_name;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Visit;
use super::change::Change;
use crate::browser::kept_value::{self, KeptValue};
use crate::context::no_runtime;
use crate::error::{Error, ErrorCode};
use crate::runtime::under_way::Work;
use crate::web::reply::Waiting;

/// How long an attempt is good.
const LIFETIME: Duration = Duration::from_secs(600);

impl Visit {
    /// Keeps a value in this browser for ten minutes, sealed, for another request to [take](Self::take_attempt) once: a
    /// passkey's challenge, a mailed link's secret. It leaves with the answer, unless that is a server error or asks for a
    /// sign-in. It is the browser's and not a person's: whoever signs out, or in as somebody else, leaves it behind.
    ///
    /// There is one of each type, the last; of four types at most. A type is known by its name, so it is one of the
    /// application's own, and not a `String`.
    ///
    /// ```
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Challenge(Vec<u8>);
    ///
    /// fn ask(visit: &landfall::Visit, challenge: Vec<u8>) -> Result<(), landfall::Error> {
    ///     visit.begin_attempt(&Challenge(challenge))
    /// }
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::Misconfigured`] when the value is no JSON, or longer than 1 024 bytes as that;
    /// [`ErrorCode::NotSetUp`], and [`ErrorCode::WrongHost`] under a host that is none of the base URLs'.
    pub fn begin_attempt<T: Serialize>(&self, value: &T) -> Result<(), Error> {
        let Some((context, facts)) = self.set_up() else { return Err(ErrorCode::NotSetUp.into()) };
        if let Some(foreign) = facts.foreign_host() {
            return Err(context.needs_base_url(foreign));
        }
        let value = serde_json::to_string(value).map_err(|error| {
            Error::new(ErrorCode::Misconfigured).detail("an attempt's value is no JSON").source(error)
        })?;
        let kept = KeptValue { kept_at: context.clock.now().secs(), id: context.random()?, value };
        let (names, seals) = (&facts.site.names, &facts.site.seals);
        let name = kept_value::cookie_name(names, type_name::<T>());
        let sealed = kept.seal(&*context.entropy, seals, &name)?;
        let evicted = kept_value::to_evict(seals, &facts.attempts, &name).into_iter();
        let mut cookies: Vec<_> = evicted.map(|name| names.clear(name)).collect();
        cookies.push(names.set(&name, &sealed, LIFETIME));
        self.change(Change { cookies, ..Change::default() });
        Ok(())
    }

    /// What this browser's attempt of this type keeps: once, whoever has a copy of the cookie. `None` where there is none,
    /// it is over, was taken before, or was begun in another browser or under another base URL.
    ///
    /// With a store every instance knows what was taken; without one each process knows of its own, for as long as an
    /// attempt is good.
    ///
    /// ```
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct Challenge(Vec<u8>);
    /// async fn answer(visit: landfall::Visit) -> Result<&'static str, landfall::Error> {
    ///     let Some(Challenge(challenge)) = visit.take_attempt().await? else { return Ok("please start again") };
    ///     # let _ = challenge;
    ///     Ok("checked")
    /// }
    /// ```
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`], and [`ErrorCode::Overloaded`] without a store, where one process is asked to remember
    /// too many: the attempt stands.
    pub fn take_attempt<T>(&self) -> Waiting<Result<Option<T>, Error>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let Some((context, facts)) = self.set_up() else { return Box::pin(async { Ok(None) }) };
        let (names, seals) = (&facts.site.names, &facts.site.seals);
        let name = kept_value::cookie_name(names, type_name::<T>());
        let sent = facts.attempts.iter().find(|cookie| cookie.name == name);
        let now = context.clock.now();
        let kept = sent
            .and_then(|cookie| KeptValue::open(seals, cookie))
            .filter(|kept| !kept.is_over(LIFETIME, now));
        let Some(kept) = kept else { return Box::pin(async { Ok(None) }) };
        let (visit, this, clear) = (self.clone(), context.clone(), names.clear(&name));
        let work = async move {
            let is_first = this.sessions.take_once(kept.taken_name(), LIFETIME * 2, now).await?;
            visit.change(Change { cookies: vec![clear], ..Change::default() });
            // A release that knew another type of this name.
            Ok(serde_json::from_str(&kept.value).ok().filter(|_| is_first))
        };
        context.runtime.run(context.runtime.enter(Work::SignIn), work, || Err(no_runtime()))
    }
}
