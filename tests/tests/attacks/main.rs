//! Attacks and faults, over both frameworks: the case tables in `data/`, and a test named for each attack that
//! does not fit a table.

mod callback;
mod callback_named;
mod completeness;
mod credentials;
mod endings;
mod floods;
mod guard_by_path;
mod guarded_apps;
mod id_token_flow;
mod invitations;
mod local_people;
mod logout_flow;
mod logout_token;
mod logout_token_keys;
mod made_up_ids;
mod refresh;
mod resurrection;
mod return_to_flow;
mod session_guard;
mod session_robust;
mod sign_in_page;
mod stolen_store;
mod support;
mod token_endpoint;
mod token_proxy;
mod token_transport;
mod webhook;
