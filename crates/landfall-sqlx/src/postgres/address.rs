//! A store's address: what sqlx reads of it, and what is ours.

use landfall::store::StoreError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// Where an address leads.
pub(super) struct Address {
    pub(super) options: PgConnectOptions,
    /// Where changes are heard of, if that is another place.
    pub(super) listen: Option<PgConnectOptions>,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?listen=host:port&…`; the rest is what sqlx has it be.
    pub(super) fn read(address: &str) -> Result<Self, StoreError> {
        // The cause may repeat the address, and so a password.
        let malformed = || {
            StoreError::new(
                "the store's address does not read postgres://user[:password]@host[:port]/database",
            )
        };
        let (scheme, rest) = address.split_once("://").ok_or_else(malformed)?;
        if !matches!(scheme, "postgres" | "postgresql") {
            return Err(malformed());
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (path, parameters) = tail.split_once('?').unwrap_or((tail, ""));
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (format!("{user}@"), host),
            None => (String::new(), authority),
        };
        let (mut listen, mut others) = (None, Vec::new());
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("listen", place)) => listen = Some(place),
                _ => others.push(parameter),
            }
        }
        let others = others.join("&");
        let at = |host: &str| {
            let options = format!("{scheme}://{user}{host}{path}?{others}").parse();
            options.map_err(|_| malformed()).and_then(prepared)
        };
        Ok(Self { options: at(host)?, listen: listen.map(at).transpose()? })
    }
}

/// What all of them have in common.
fn prepared(options: PgConnectOptions) -> Result<PgConnectOptions, StoreError> {
    #[cfg(not(feature = "tls"))]
    if !matches!(
        options.get_ssl_mode(),
        sqlx::postgres::PgSslMode::Disable
            | sqlx::postgres::PgSslMode::Allow
            | sqlx::postgres::PgSslMode::Prefer
    ) {
        return Err(StoreError::new("this `sslmode` needs the feature `tls` of landfall-sqlx"));
    }
    // There are no floats, and poolers refuse the parameter. By way of one, statements hold records: none is logged.
    Ok(options.extra_float_digits(None).disable_statement_logging())
}
