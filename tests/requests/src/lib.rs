//! What a request costs: the applications and the requests that are counted, written once.
//!
//! `cargo xtask bench` measures them beside what others offer, and the test of this crate holds their allocations
//! against the file of counts, so both speak of the same thing. A [`Path`] is a line of that table; every one runs
//! on both frameworks, unless one has no such place.

mod actix_app;
mod axum_app;
mod column;
mod counting;
mod counts_file;
mod found;
mod paths;
mod relying_party;
mod request;
mod subject;

pub use actix_app::{
    bare_page as actix_bare_page, request as actix_request, signed_in_page as actix_signed_in_page,
    start as start_actix, subject as actix_subject,
};
pub use axum_app::{
    bare as axum_bare, request as axum_request, signed_in as axum_signed_in, subject as axum_subject,
};
pub use column::{Column, Numbers};
pub use counting::{Counts, count};
pub use counts_file::{CountsFile, Difference};
pub use found::Found;
pub use paths::{Framework, MEMORY, PATHS, Page, Path, Row, Visitor, rows};
pub use relying_party::{builder, cold, hot};
pub use request::{HOST, Kind, NAVIGATION, Request, TARGET};
pub use subject::{Cookies, Runner, Subject, measured, pair, same};
