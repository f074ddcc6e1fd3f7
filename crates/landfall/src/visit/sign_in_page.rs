//! What the application's own sign-in page asks of its visit: what it can offer, and what failed before.
//!
//! The page is an ordinary handler at the path that `sign_in_page` names. Its query is not its business: links to
//! providers come with it, and a form of the page's own posts to the address that the page was opened with.

use super::Visit;
use super::marks::Mark;
use crate::browser::sign_in_failure::SignInFailure;
use crate::context::sign_in_page::ProviderInfo;
use crate::context::sign_in_query::SignInQuery;
use crate::guard::sign_in_wanted::SignInWanted;
use crate::web::form::parameter;

impl Visit {
    /// The providers that a sign-in page can offer, with the links that lead there: each carries on what the page was
    /// opened with, where to land and what is asked for. Empty where nobody [`can_sign_in`](Self::can_sign_in).
    ///
    /// On another page than the sign-in page they lead back to where `return_to` in its query says.
    ///
    /// ```
    /// fn links(visit: &landfall::Visit) -> Vec<(String, String)> {
    ///     visit.providers().into_iter().map(|provider| (provider.name, provider.login_url)).collect()
    /// }
    /// ```
    pub fn providers(&self) -> Vec<ProviderInfo> {
        let Some((context, facts)) = self.set_up().filter(|_| self.can_sign_in()) else { return Vec::new() };
        let query = SignInQuery::read(context, &facts.site, self.query());
        query.map(|query| context.providers(&facts.site, &query)).unwrap_or_default()
    }

    /// Why the sign-in failed that led here: for the application's own sign-in page, which people come back to then.
    ///
    /// `None` where none did; and for whatever was not sealed here, for this browser and base URL, within the last ten
    /// minutes. So a link that somebody else worded says nothing. It stays as long as the address does: a reload tells
    /// it again.
    ///
    /// The answer is this browser's alone, and goes out as `private`.
    pub fn sign_in_failure(&self) -> Option<SignInFailure> {
        let (context, facts) = self.set_up()?;
        let failure = context.sign_in_failure(&facts.site, self.query(), &facts.attempts);
        self.inner.marks.leave(if failure.is_some() { Mark::ForOneAlone } else { Mark::Looked });
        failure
    }

    /// What is asked of whoever signs in here, by the query of the request: where to land
    /// ([`SignInWanted::lands_at`]) and, of somebody who is signed in, what is lacking
    /// ([`SignInWanted::is_step_up`] and what follows). The query is a link's to word, so a destination is one that people
    /// may land on, and what is lacking is only believed where it was sealed here.
    ///
    /// ```
    /// fn where_to(visit: &landfall::Visit) -> String {
    ///     let wanted = visit.sign_in_wanted();
    ///     wanted.lands_at().map_or("/", |destination| destination.as_str()).to_owned()
    /// }
    /// ```
    pub fn sign_in_wanted(&self) -> SignInWanted {
        let query = self
            .set_up()
            .and_then(|(context, facts)| SignInQuery::read(context, &facts.site, self.query()).ok());
        query.map_or_else(SignInWanted::new, |query| query.wanted.return_to(query.return_to))
    }

    /// What a link of ours asked for that led to this request; `None` where none did.
    pub(super) fn asked(&self) -> Option<SignInQuery> {
        let (context, facts) = self.set_up()?;
        parameter(self.query(), "return_to")?;
        SignInQuery::read(context, &facts.site, self.query()).ok()
    }

    /// What the sign-in page was opened with; `None` on every other page.
    pub(super) fn sign_in_query(&self) -> Option<SignInQuery> {
        let (context, facts) = self.set_up()?;
        let is_page = context.is_sign_in_page(facts.site.base.inside_path(facts.path()));
        is_page.then(|| SignInQuery::read(context, &facts.site, self.query()).ok()).flatten()
    }

    /// The query of the request, empty where there is none.
    fn query(&self) -> &str {
        let target = self.set_up().map(|(_, facts)| facts.target.as_str());
        target.and_then(|target| target.split_once('?')).map(|(_, query)| query).unwrap_or_default()
    }
}
