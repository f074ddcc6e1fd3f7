//! Guards by paths: what they let through is open to every reader behind them.

use crate::address::path_prefix::PathPrefix;
use crate::guard::careless;
use crate::guard::guarded_paths::GuardedPaths;

/// Reads `data` as the path of a request, for a guard of `/admin` and for one that leaves `/public` open, with a base
/// path and without.
///
/// # Panics
/// When one of them lets through what a careless reader takes for something guarded.
pub fn guard_path(data: &[u8]) {
    let Ok(path) = std::str::from_utf8(data) else { return };
    let prefix = |text| PathPrefix::parse(text).into_iter().collect::<Vec<_>>();
    let (under, except) = (GuardedPaths::Under(prefix("/admin")), GuardedPaths::Except(prefix("/public")));
    for base in ["", "/app"] {
        careless::assert_open(path, base, [!under.hold(path, base), !except.hold(path, base)]);
    }
}
