//! A store's address: what sqlx reads of it, and what is ours.

use landfall::store::StoreError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// Where an address leads.
pub(super) struct Address {
    /// One at least, in the address's order.
    pub(super) hosts: Vec<PgConnectOptions>,
    /// Where changes are heard of, if that is another place.
    pub(super) listen: Option<PgConnectOptions>,
}

impl Address {
    /// Reads `postgres://user:password@host:port,host:port/database?listen=host:port&…`, with several hosts as libpq has
    /// them; the rest is what sqlx has it be.
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
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (format!("{user}@"), hosts),
            None => (String::new(), authority),
        };
        let (mut listen, mut others) = (None, Vec::new());
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("listen", place)) => listen = Some(place),
                // Sessions are written, so that is what any of them has to let us do.
                Some(("target_session_attrs", "any" | "read-write" | "primary")) => {}
                Some(("target_session_attrs", _)) => {
                    return Err(StoreError::new(
                        "the store's address asks by `target_session_attrs` for a server that may only be read: sessions are \
                         written, so say read-write",
                    ));
                }
                _ => others.push(parameter),
            }
        }
        if hosts.contains(',') && others.iter().any(|parameter| names_a_host(parameter)) {
            return Err(StoreError::new(
                "the store's address names several hosts, and one more by a parameter: name all of them before the database",
            ));
        }
        let at = |host: &str, others: &[&str]| {
            let options = format!("{scheme}://{user}{host}{path}?{}", others.join("&")).parse();
            options.map_err(|_| malformed()).and_then(prepared)
        };
        let hosts = hosts.split(',').map(|host| at(host, &others)).collect::<Result<_, _>>()?;
        // Beside its own place, the parameter of the address's would count.
        others.retain(|parameter| !names_a_host(parameter));
        Ok(Self { hosts, listen: listen.map(|place| at(place, &others)).transpose()? })
    }
}

/// Whether a parameter says where the server is, as the part before the database does.
fn names_a_host(parameter: &str) -> bool {
    let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
    matches!(name, "host" | "hostaddr" | "port")
}

/// What all of them have in common.
fn prepared(options: PgConnectOptions) -> Result<PgConnectOptions, StoreError> {
    let may_be_plain =
        matches!(options.get_ssl_mode(), PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer);
    if cfg!(not(feature = "tls")) && !may_be_plain {
        return Err(StoreError::new("this `sslmode` needs the feature `tls` of landfall-sqlx"));
    }
    // There are no floats, and poolers refuse the parameter. By way of one, statements hold records: none is logged.
    Ok(options.extra_float_digits(None).disable_statement_logging())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(address: &str) -> Vec<String> {
        let place = |options: &PgConnectOptions| {
            let user = options.get_username();
            format!("{user} {}:{} {:?}", options.get_host(), options.get_port(), options.get_database())
        };
        let read = Address::read(address).unwrap();
        read.hosts.iter().chain(&read.listen).map(place).collect()
    }

    #[test]
    fn an_address_may_name_several_hosts_each_with_a_port_of_its_own() {
        assert_eq!(
            places(
                "postgres://shop:a%2Cb@one:1,two,[::1]:3/shop?sslmode=disable&target_session_attrs=read-write"
            ),
            ["shop one:1 Some(\"shop\")", "shop two:5432 Some(\"shop\")", "shop [::1]:3 Some(\"shop\")"]
        );
        assert_eq!(
            places("postgresql://shop@pooler:6432/shop?listen=db:5433"),
            ["shop pooler:6432 Some(\"shop\")", "shop db:5433 Some(\"shop\")"]
        );
        assert_eq!(
            places("postgres:///shop?user=shop&host=pooler&port=6432&listen=db:5433"),
            ["shop pooler:6432 Some(\"shop\")", "shop db:5433 Some(\"shop\")"]
        );
        for address in [
            "postgres://one,two:x/shop",
            "postgres://one/shop?target_session_attrs=standby",
            "postgres://one,two/shop?port=5433",
            "postgres://one,two/shop?host=three",
        ] {
            assert!(Address::read(address).is_err(), "{address}");
        }
    }
}
