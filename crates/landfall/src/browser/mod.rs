//! What the browser keeps for us: cookies, links, and what is sealed into both.
//!
//! A sign-in is a trip through another site, and the browser carries what must survive it. Everything it carries is
//! sealed, so it can neither read nor change it, and every seal is for one purpose under one base URL. This room knows
//! formats and limits; when something is written, read or thrown away is for the legs in `flow` to say.
//!
//! | file | what the browser keeps | for how long |
//! |---|---|---|
//! | `carried` | what a sign-in carries for the application | the sign-in's time, an hour at most |
//! | `cookie` | names and attributes of every cookie, and how they are found in a request | |
//! | `pending_login` | a sign-in that is under way, `state`, and the mark of one that is finished | minutes |
//! | `kept_form` | a form that was posted by somebody who has to sign in first | the sign-in's time |
//! | `kept_value` | a value of the application's, for another request of this browser's | ten minutes |
//! | `request_link` | what a link asks the provider for | until the cookie keys change |
//! | `sign_in_failure` | why a sign-in failed, on its way to the application's own page | ten minutes |
//!
//! It imports from `protocol`, `address`, `web`, `crypto`, `error` and `clock`. Another cookie gets a
//! [`CookieKind`](cookie::CookieKind), a name beside the others, and a sealer in
//! [`AttemptSeals`](pending_login::AttemptSeals).

pub(crate) mod carried;
pub(crate) mod cookie;
pub(crate) mod kept_form;
pub(crate) mod kept_value;
pub(crate) mod pending_login;
pub(crate) mod request_link;
pub(crate) mod sign_in_failure;
