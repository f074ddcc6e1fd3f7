//! What a provider can do wrong, on demand: each is a [`Fault`].

mod answer;
mod endpoint;
mod fault;
mod waiting;

pub use answer::RawResponse;
pub(crate) use answer::{Silence, no_answer, put_tokens};
pub use endpoint::Endpoint;
pub use fault::{CallbackEdit, Fault, IdTokenEdit, IdTokenMaker, JsonEdit};
pub(crate) use waiting::Faults;
