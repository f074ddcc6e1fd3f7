//! What every leg of the trip shares.

pub(crate) mod attempts;
pub(crate) mod destinations;
pub(crate) mod events;
pub(crate) mod provider_logouts;
pub(crate) mod refreshes;
pub(crate) mod refusal;
pub(crate) mod select;
pub(crate) mod settings;
pub(crate) mod sign_in_hook;
