//! What an adapter's `RequireLogin` is made of: what is demanded, and of which requests.
//!
//! A guard stands on the routes that it guards, and then it is for every request that gets there. Where it stands around
//! more than that, it is told which paths it is for, or that it is for writes alone. Both are asked of the request as
//! the layer saw it: a `nest` or a scope in between has taken nothing away from it, and what a client calls its method
//! in a header has no say.
//!
//! The order: without the layer nothing passes; a request that the guard is not for passes without a look at who is
//! there, so what is open stays in caches; then somebody is needed, and then what is demanded of them.

use std::mem;
use std::sync::Arc;

use crate::address::base_url::BaseUrl;
use crate::address::path_prefix::PathPrefix;
use crate::error::{ConfigError, printable};
use crate::guard::guarded_paths::GuardedPaths;
use crate::guard::request_kind::is_read;
use crate::visit::rejection;
use crate::visit::requirement::Requirement;
use crate::visit::until_ended::UntilEnded;
use crate::visit::{Answers, Visit};
use crate::web::reply::Reply;

/// For adapters: what is demanded, and of which requests. Each adapter has a `RequireLogin` around it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Guard(Arc<Rules>);

/// Shared by all clones of a guard: frameworks clone one for requests.
#[derive(Clone, Debug, Default)]
struct Rules {
    /// What somebody has to meet, beyond being signed in.
    requirement: Requirement,
    /// The paths that the guard is for. Every path, unless it was told otherwise.
    paths: GuardedPaths,
    /// Whether reads pass without a look at who is there.
    writes_only: bool,
    /// Whether the bodies of answers end with the session.
    ends_streams: bool,
}

impl Guard {
    /// Guards what some reader could take for a path at or below one of these, and what nobody can read.
    ///
    /// # Errors
    /// When a prefix is no path of plain segments, or there is none: that would guard nothing.
    pub fn under<P: AsRef<str>>(prefixes: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        let setting = "RequireLogin::under";
        let prefixes = parsed(setting, prefixes)?;
        if prefixes.is_empty() {
            let remedy = "name at least one, or guard everything with RequireLogin::new()";
            return Err(ConfigError::new(setting, "no prefix, which would guard nothing", remedy));
        }
        Ok(Self::for_paths(GuardedPaths::Under(prefixes)))
    }

    /// Guards everything but what every reader takes for a path at or below one of these.
    ///
    /// # Errors
    /// When a prefix is no path of plain segments.
    pub fn except<P: AsRef<str>>(prefixes: impl IntoIterator<Item = P>) -> Result<Self, ConfigError> {
        Ok(Self::for_paths(GuardedPaths::Except(parsed("RequireLogin::except", prefixes)?)))
    }

    fn for_paths(paths: GuardedPaths) -> Self {
        Self(Arc::new(Rules { paths, ..Rules::default() }))
    }

    /// Lets reads through: GET and HEAD, but for WebSocket handshakes.
    pub fn writes_only(mut self) -> Self {
        Arc::make_mut(&mut self.0).writes_only = true;
        self
    }

    /// Ends the bodies of answers with the session: those that take their time.
    pub fn ends_streams(mut self) -> Self {
        Arc::make_mut(&mut self.0).ends_streams = true;
        self
    }

    /// Demands more: `change` is given what was demanded so far.
    pub fn demanding(mut self, change: impl FnOnce(Requirement) -> Requirement) -> Self {
        let rules = Arc::make_mut(&mut self.0);
        rules.requirement = change(mem::take(&mut rules.requirement));
        self
    }

    /// What is answered in place of what is guarded; `None` where the request may go on.
    ///
    /// `method` is the request's own, as it is where the guard stands; `visit` is what the layer of this name left with
    /// the request, if it is there.
    pub fn refusal(&self, method: &str, visit: Option<&Visit>, layer: &'static str) -> Option<Reply> {
        if visit.is_some_and(|visit| !self.is_for(method, visit)) {
            return None;
        }
        rejection::guard(&self.0.requirement, visit, layer)
    }

    /// What ends the body of the answer to a request that was not refused; `None` where the guard does not say so, or is
    /// not for this request. The arguments are those of [`refusal`](Self::refusal).
    pub fn until_ended(&self, method: &str, visit: Option<&Visit>) -> Option<UntilEnded> {
        let visit = visit.filter(|visit| self.0.ends_streams && self.is_for(method, visit))?;
        Some(UntilEnded::of(visit))
    }

    /// Whether the guard is for this request. It is a write if it was one when it came, or has become one since.
    ///
    /// Paths are compared below the base path, which a proxy may have taken away or not: below that of any base URL for
    /// the paths that are guarded, below that of the request's own for those that are open. Where sign-in is not set up
    /// no base path is known, and every beginning of the path could be one.
    fn is_for(&self, method: &str, visit: &Visit) -> bool {
        let (came_as_read, path, set_up) = match &visit.inner.answers {
            Answers::SetUp { context, facts } => (facts.is_read, facts.path(), Some((context, &facts.site))),
            Answers::NotSetUp { is_read, path, .. } => (*is_read, &**path, None),
        };
        if self.0.writes_only && came_as_read && is_read(method) {
            return false;
        }
        let holds = |base: &BaseUrl| match base.inside_path(path) {
            // The base path itself, without a slash at its end.
            "" if !path.is_empty() => self.0.paths.hold("/", &base.path),
            path => self.0.paths.hold(path, &base.path),
        };
        match (&self.0.paths, set_up) {
            (GuardedPaths::All, _) => true,
            (paths, None) => paths.hold_below_any_base(path),
            // Whoever asks chooses the base URL by the Host, and shall not choose by that whether the guard is there.
            (GuardedPaths::Under(_), Some((context, _))) => {
                context.sites.iter().any(|site| holds(&site.base))
            }
            (GuardedPaths::Except(_), Some((_, site))) => holds(&site.base),
        }
    }
}

impl From<Requirement> for Guard {
    fn from(requirement: Requirement) -> Self {
        Self(Arc::new(Rules { requirement, ..Rules::default() }))
    }
}

/// The prefixes as they are configured.
fn parsed<P: AsRef<str>>(
    setting: &str,
    prefixes: impl IntoIterator<Item = P>,
) -> Result<Vec<PathPrefix>, ConfigError> {
    let parse = |prefix: P| {
        let text = prefix.as_ref();
        PathPrefix::parse(text).map_err(|problem| {
            let problem = format!("{problem} in the prefix {:?}", printable(text));
            let remedy = "write the path below the base path, from its slash on and as it is without any encoding; \
                          it holds for all that is below it: /admin";
            ConfigError::new(setting, problem, remedy)
        })
    };
    prefixes.into_iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_could_be_read_in_two_ways_is_refused_with_its_setting() {
        for bad in ["", "/", "admin", "/admin/*", "/{id}", "/a/../b", "/%61dmin", "/admin?x", "//admin", "/ä"]
        {
            let error = Guard::under(["/good", bad]).unwrap_err();
            assert_eq!(error.setting, "RequireLogin::under", "{bad}");
            assert!(error.problem.contains(&format!("{bad:?}")) || !bad.is_ascii(), "{error}");
            assert_eq!(Guard::except([bad]).unwrap_err().setting, "RequireLogin::except", "{bad}");
        }
    }

    #[test]
    fn no_prefix_at_all_guards_everything_or_is_an_error() {
        assert!(Guard::under(Vec::<String>::new()).unwrap_err().problem.contains("guard nothing"));
        assert!(Guard::except(Vec::<String>::new()).is_ok());
    }

    #[test]
    fn debug_shows_what_is_let_through() {
        let guard = Guard::except(["/public/"]).unwrap().writes_only().demanding(|more| more.role("editor"));
        let shown = format!("{guard:?}");
        for part in ["Except", "\"/public\"", "writes_only: true", "editor"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
