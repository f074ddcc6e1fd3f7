//! [`Personal`]: a value made of who is there, which marks the answer when it is looked at and not before.
//!
//! A middleware stands before every page, and before every style sheet. If it asked [`Visit::signed_in`], all of them
//! would be this person's, and no cache could keep any. So it prepares what a page may show and hands it on, and the page
//! that shows it is the one that is marked.

use std::fmt;
use std::ops::Deref;

use super::Visit;
use super::marks::Mark;
use super::signed_in::SignedIn;

/// A value made of who is there, for a middleware to hand on: whoever looks at it makes the answer this person's alone.
///
/// [`Visit::with`] makes one. It dereferences to the value, and that is the look: the answer is `private` from then on,
/// also where it says `public`. Look before the answer's headers are made: a body that is still being written when they
/// are gone cannot change them any more.
///
/// It goes into the request's extensions. What it holds is not shown by `Debug`, which would be a look that nobody
/// meant.
#[derive(Clone)]
pub struct Personal<T> {
    value: T,
    /// Whose answer is marked.
    visit: Visit,
}

impl Visit {
    /// Makes a value of who is there, or that nobody is, without a mark on the answer: the mark is left when somebody
    /// looks at the value. For a middleware that prepares what some pages show, and stands before style sheets as well.
    ///
    /// `f` is called once, at once. What it hands out by another way than its result leaves no mark, so it should not.
    ///
    /// ```
    /// use landfall::{Personal, Visit};
    ///
    /// /// Called before every answer.
    /// fn greeting(visit: &Visit) -> Personal<String> {
    ///     visit.with(|user| match user {
    ///         Some(user) => format!("Hello, {}", user.name().unwrap_or(user.subject())),
    ///         None => "Hello".to_owned(),
    ///     })
    /// }
    ///
    /// /// The page that calls this is `private`; a style sheet stays as it is.
    /// fn page(greeting: &Personal<String>) -> String {
    ///     format!("<h1>{}</h1>", **greeting)
    /// }
    /// ```
    pub fn with<T>(&self, f: impl FnOnce(Option<&SignedIn>) -> T) -> Personal<T> {
        let user = self.user();
        Personal { value: f(user.as_ref()), visit: self.clone() }
    }
}

impl<T> Personal<T> {
    /// The value itself: a look, as dereferencing is.
    pub fn into_inner(this: Self) -> T {
        this.visit.inner.marks.leave(Mark::ForOneAlone);
        this.value
    }
}

impl<T> Deref for Personal<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.visit.inner.marks.leave(Mark::ForOneAlone);
        &self.value
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Personal").finish_non_exhaustive()
    }
}
