//! What a request is, and what it gets.

pub(crate) mod challenge;
pub(crate) mod csrf;
pub(crate) mod kind;
pub(crate) mod sign_in_wanted;
