//! Who somebody is for good: issuer and subject, as one value.
//!
//! It is a type of its own so that no list, hook or index takes a bare subject identifier: two strings that are always
//! needed together would sooner or later be passed alone, or in the wrong order.

use std::fmt;
use std::sync::Arc;

use super::identity::LOCAL_ISSUER;

/// A subject at its issuer: the one thing to know people by.
///
/// A subject identifier alone names nobody: another provider may give the same to somebody else (OpenID Connect Core
/// §5.7). Keep both with an account, and compare both.
///
/// ```
/// use landfall::SubjectId;
///
/// let ada = SubjectId::new("https://id.example", "user-1");
/// assert_eq!((ada.issuer(), ada.subject()), ("https://id.example", "user-1"));
/// assert_ne!(ada, SubjectId::new("https://other.example", "user-1"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SubjectId {
    issuer: Arc<str>,
    subject: Arc<str>,
}

impl SubjectId {
    /// The subject that this issuer calls so. Neither of the two is checked: both are compared byte for byte.
    pub fn new(issuer: impl Into<Arc<str>>, subject: impl Into<Arc<str>>) -> Self {
        Self { issuer: issuer.into(), subject: subject.into() }
    }

    /// One of the application's own people: see [`Identity::local`](crate::Identity::local).
    ///
    /// ```
    /// use landfall::{Identity, SubjectId};
    ///
    /// assert_eq!(Identity::local("user-17").subject_id(), SubjectId::local("user-17"));
    /// ```
    pub fn local(subject: impl Into<Arc<str>>) -> Self {
        Self::new(LOCAL_ISSUER, subject)
    }

    /// The issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The subject identifier: unique and never reused at this issuer, compared with case.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

/// One person as a list of one, for what takes [several](crate::Sessions::end_all_of).
impl AsRef<[Self]> for SubjectId {
    fn as_ref(&self) -> &[Self] {
        std::slice::from_ref(self)
    }
}

impl fmt::Debug for SubjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.subject, self.issuer)
    }
}
