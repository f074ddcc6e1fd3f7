//! The web as the core sees it: requests, replies, pages and forms.

pub(crate) mod form;
pub(crate) mod pages;
pub(crate) mod reply;
pub(crate) mod request;
