//! A browser that others have written, on both frameworks. Needs the feature `real`: `cargo xtask test`.
//!
//! Pictures of what it shows are left in `target/screenshots`.

mod cross_site;
mod deeds;
mod examples;
mod isolation;
mod keeping;
mod leaving;
mod more;
mod native;
mod neighbourhood;
mod other_address;
mod place;
mod plain_http;
mod sibling;
mod sibling_spa;
mod spa;
mod spa_secrets;
mod spa_session;
mod spa_sign_in;
mod spa_visit;
mod tabs;
mod tls;

use landfall_tests::Framework;

fn name(framework: Framework) -> &'static str {
    match framework {
        Framework::Axum => "axum",
        Framework::Actix => "actix",
    }
}

/// A person on the local provider's sign-in page.
const ADA: &str = "button[value=ada]";
