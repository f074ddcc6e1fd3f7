//! A provider that others have written and certified, by real HTTP, on both frameworks. Needs the feature `real`:
//! `cargo xtask test`.

mod backchannel;
mod clients;
mod examples;
mod logout;
mod native;
mod place;
mod scopes;
mod silent;
mod step_up;

use landfall_testkit::Page;

/// A deep link: the query has a space, an ampersand in a value, and a letter that is not ASCII.
const DEEP_LINK: &str = "/dashboard/2026/q3?name=a%20b%26c&town=Z%C3%BCrich";

fn path_and_query(page: &Page) -> String {
    page.url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
}

/// Where the page's one link leads.
fn link(page: &Page) -> String {
    let text = page.text();
    let link = text.split("href=\"").nth(1).and_then(|rest| rest.split('"').next());
    let link = link.unwrap_or_else(|| panic!("no link on {text}")).replace("&amp;", "&");
    page.url.join(&link).unwrap().to_string()
}
