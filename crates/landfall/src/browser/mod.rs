//! What the browser keeps for us: cookies, and what is sealed into them.

pub(crate) mod cookie;
pub(crate) mod kept_form;
pub(crate) mod pending_login;
pub(crate) mod request_link;
