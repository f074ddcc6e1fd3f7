//! What Landfall adds to a request, beside what others add, measured in one run.
//!
//! Every subject is an application in this process. Requests are built beforehand, so that only the
//! application is measured; what a bare application needs is subtracted by the table.

pub mod bench;
pub mod beside;
pub mod callback;
pub mod callback_floor;
pub mod callback_table;
pub mod counted;
pub mod engines;
mod filling;
pub mod kept;
pub mod landfall_auth;
pub mod peers;
pub mod rows;
pub mod scale;
pub mod start;
pub mod store_rows;
pub mod table;
