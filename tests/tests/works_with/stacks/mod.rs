//! The stacks, a function each: those on axum, and those on actix-web.

pub(crate) mod actix_guarded;
pub(crate) mod actix_stacks;
pub(crate) mod axum_bodies;
pub(crate) mod axum_guarded;
pub(crate) mod axum_inside;
pub(crate) mod axum_stacks;
