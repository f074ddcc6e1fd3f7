//! [`opener`]: opens a store by its address, as `LANDFALL_STORE` names one.

use std::sync::Arc;

use landfall::Clock;
use landfall::store::{SessionStore, StoreError, StoreOpener};
use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use crate::authorities::{Authorities, tls};
use crate::connection::Server;
use crate::sentinel::Sentinels;
use crate::store::RedisStore;
use crate::way::{DEADLINE, plain_host};

/// Opens stores by addresses in `LANDFALL_STORE`:
///
/// - `redis://[user:password@]host[:port][/database]`
/// - `rediss://…`, one server over TLS, with the feature `tls`
/// - `redis+cluster://[user:password@]host[:port],host[:port]…`, some nodes of a cluster
/// - `rediss+cluster://…`, a cluster over TLS, with the feature `tls`
/// - `redis+sentinel://[user:password@]host[:port],host[:port]…/name[/database]`, Sentinels, and what they call the primary
/// - `rediss+sentinel://…`, the same over TLS to Sentinels and Redis, with the feature `tls`
///
/// An address over TLS may end with `?ca_file=/path/ca.pem`, percent-encoded as every part of an address: certificates of
/// these authorities count, and no others.
///
/// ```
/// use landfall::RelyingParty;
///
/// let builder = RelyingParty::builder("https://acme.example").store_opener(landfall_redis::opener());
/// # let _ = builder;
/// ```
pub fn opener() -> Opener {
    Opener(())
}

/// What [`opener`] makes: it opens stores in Redis by their addresses.
#[derive(Clone, Copy, Debug)]
pub struct Opener(());

impl StoreOpener for Opener {
    fn schemes(&self) -> &'static [&'static str] {
        &["redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"]
    }

    fn open(&self, address: &str, clock: Arc<dyn Clock>) -> Result<Arc<dyn SessionStore>, StoreError> {
        let Some((scheme, rest)) = address.split_once("://") else { return Err(malformed("redis")) };
        let (plain, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let secure = plain == "rediss";
        if secure {
            tls()?;
        }
        // A fragment could turn verification off.
        let (rest, ca) = Authorities::split(rest, secure)?;
        if !["redis", "rediss"].contains(&plain) || rest.contains('#') {
            return Err(malformed(scheme));
        }
        let server = match kind {
            "" => ca.client(&format!("{plain}://{rest}")).map(Server::One),
            "cluster" => Nodes::read(plain, &rest, 6379)
                .filter(|nodes| nodes.path.is_empty())
                .and_then(|nodes| nodes.cluster(ca)),
            "sentinel" => Nodes::read(plain, &rest, 26379).and_then(|nodes| nodes.sentinel(ca)),
            _ => None,
        };
        let store = RedisStore::with_server(server.ok_or_else(|| malformed(scheme))?);
        Ok(Arc::new(store.with_clock(clock)))
    }
}

/// Several hosts, one user, and what follows them.
struct Nodes<'a> {
    hosts: Vec<ConnectionInfo>,
    secure: bool,
    user: &'a str,
    path: &'a str,
}

impl<'a> Nodes<'a> {
    fn read(scheme: &str, rest: &'a str, port: u16) -> Option<Self> {
        let (user, hosts) = rest.rsplit_once('@').map_or(("", rest), |(user, hosts)| (user, hosts));
        let (hosts, path) = hosts.split_once('/').unwrap_or((hosts, ""));
        if [hosts, path].iter().any(|part| part.contains(['?', '#'])) {
            return None;
        }
        let secure = scheme == "rediss";
        let mut this = Self { hosts: Vec::new(), secure, user, path };
        this.hosts = hosts.split(',').map(|host| this.info(host, port)).collect::<Option<_>>()?;
        Some(this)
    }

    /// What the client makes of this host, with our user; `port` where it names none.
    fn info(&self, host: &str, port: u16) -> Option<ConnectionInfo> {
        let scheme = if self.secure { "rediss" } else { "redis" };
        let at = if self.user.is_empty() { "" } else { "@" };
        let behind_address = host.rsplit_once(']').map_or(host, |(_, rest)| rest);
        let port = if behind_address.contains(':') { String::new() } else { format!(":{port}") };
        format!("{scheme}://{}{at}{host}{port}", self.user).as_str().into_connection_info().ok()
    }

    fn plain_hosts(&self) -> Vec<String> {
        self.hosts.iter().filter_map(|node| plain_host(node.addr())).collect()
    }

    fn cluster(self, ca: Authorities) -> Option<Server> {
        let plain_hosts = self.plain_hosts();
        let builder = ClusterClient::builder(self.hosts)
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(DEADLINE)
            .response_timeout(DEADLINE)
            .retries(3)
            .min_retry_wait(10)
            .max_retry_wait(200);
        Some(Server::Cluster { client: ca.cluster(builder).build().ok()?, plain_hosts })
    }

    /// The path is the primary's name, and a database.
    fn sentinel(self, ca: Authorities) -> Option<Server> {
        let (name, database) = self.path.split_once('/').unwrap_or((self.path, ""));
        let database = if database.is_empty() { 0 } else { database.parse().ok()? };
        if name.is_empty() {
            return None;
        }
        let plain_hosts = self.plain_hosts();
        let redis = self.hosts.first()?.redis_settings().clone();
        let addresses = self.hosts.iter().map(|node| node.addr().clone());
        let mut builder = SentinelClientBuilder::new(addresses, name, SentinelServerType::Master).ok()?;
        builder = builder.set_client_to_redis_db(database);
        if let Some(user) = redis.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = redis.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        let client = ca.sentinel(builder, self.secure).build().ok()?;
        Some(Server::Sentinel(Sentinels::by_address(client, name, plain_hosts)))
    }
}

/// Names the form alone: the address may hold a password.
fn malformed(scheme: &str) -> StoreError {
    StoreError::new(match scheme {
        "redis+cluster" | "rediss+cluster" => {
            "the store's address does not read redis+cluster://[user:password@]host[:port],host[:port]"
        }
        "redis+sentinel" | "rediss+sentinel" => {
            "the store's address does not read redis+sentinel://[user:password@]host[:port],host[:port]/name[/database]"
        }
        _ => "the store's address does not read redis://[user:password@]host[:port][/database]",
    })
}

#[cfg(test)]
mod tests {
    use landfall::{ConfigError, CookieKey, RelyingParty, RelyingPartyBuilder, SystemClock, danger};
    use redis::Client;

    use super::*;

    fn open(address: &str) -> Result<Arc<dyn SessionStore>, StoreError> {
        opener().open(address, Arc::new(SystemClock))
    }

    #[test]
    fn addresses_of_one_server_and_of_a_cluster_open_without_a_runtime() {
        for address in [
            "redis://127.0.0.1",
            "redis://127.0.0.1:6380/2",
            "redis://:p%40ss@[::1]:6380/2?protocol=resp3",
            "redis+cluster://10.0.0.1",
            "redis+cluster://user:p%40ss@10.0.0.1:7000,10.0.0.2:7001/",
            "redis+sentinel://10.0.0.1:26379/main",
            "redis+sentinel://user:p%40ss@10.0.0.1:26379,[::1]:26380/main/2",
        ] {
            assert!(open(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn a_malformed_address_is_an_error_that_does_not_repeat_it() {
        for address in [
            "redis:",
            "redis://",
            "redis://:hunter2@",
            "redis://:hunter2@host:port",
            "redis://:hunter2@host/database",
            "redis://:hunter2@host/1?protocol=hunter2",
            "redis+cluster://",
            "redis+cluster://:hunter2@",
            "redis+cluster://:hunter2@host:port,host",
            "redis+cluster://:hunter2@host,,host",
            "redis+cluster://:hunter2@host/1",
            "redis+cluster+cluster://:hunter2@host",
            "redis+sentinel://:hunter2@host:26379",
            "redis+sentinel://:hunter2@host:26379/",
            "redis+sentinel://:hunter2@host:26379/main/database",
            "redis+sentinel://:hunter2@host:port/main",
            "redis+other://:hunter2@host",
            "redis://:hunter2@host/?ca_file=/nowhere",
            "rediss://:hunter2@host/#insecure",
            "rediss+cluster://:hunter2@host#insecure",
            "rediss://:hunter2@host/?ca_file=/nowhere/at/all",
            "rediss://:hunter2@host/?ca_file=/proc/self/status",
            "rediss://:hunter2@host/?ca_file=/not/%ff/utf8",
            "http://:hunter2@host",
        ] {
            let error = open(address).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{address}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn without_the_feature_an_address_over_tls_names_it() {
        for address in ["rediss://host", "rediss+cluster://host", "rediss+sentinel://host/main"] {
            assert!(open(address).unwrap_err().to_string().contains("`tls`"));
        }
    }

    #[cfg(feature = "tls")]
    #[test]
    fn addresses_over_tls_open() {
        for address in ["rediss://host", "rediss+cluster://host,host2:7001", "rediss+sentinel://host/main"] {
            assert!(open(address).is_ok(), "{address}");
        }
    }

    #[test]
    fn the_hosts_of_an_address_without_tls_are_told_without_its_password() {
        for (address, hosts) in [
            ("redis://user:hunter2@cache.internal/2", vec!["cache.internal:6379"]),
            ("redis://[fd00::7]:7000", vec!["[fd00::7]:7000"]),
            ("redis+cluster://user:hunter2@10.0.0.1:7000,10.0.0.2", vec!["10.0.0.1:7000", "10.0.0.2:6379"]),
            ("redis+sentinel://:hunter2@one:7000,two/main", vec!["one:7000", "two:26379"]),
        ] {
            assert_eq!(open(address).unwrap().plain_hosts(), hosts, "{address}");
        }
        #[cfg(feature = "tls")]
        for address in
            ["rediss://cache.internal", "rediss+cluster://one,two", "rediss+sentinel://one,two/main"]
        {
            assert_eq!(open(address).unwrap().plain_hosts(), [""; 0], "{address}");
        }
    }

    /// An application with this store, built.
    fn build(
        change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
    ) -> Result<RelyingParty, ConfigError> {
        let key = CookieKey::generate().unwrap();
        let builder = RelyingParty::builder("https://op.example").client("app", "secret").cookie_keys([key]);
        change(builder.base_url("https://app.example.com").store_opener(opener())).build()
    }

    #[test]
    fn a_redis_beyond_loopback_without_tls_is_refused_when_it_is_built_unless_danger_names_it() {
        let by_address =
            |address: &'static str| move |builder: RelyingPartyBuilder| builder.store_address(address);
        let by_client = |builder: RelyingPartyBuilder| {
            builder.store(RedisStore::new(Client::open("redis://:hunter2@10.0.0.1/").unwrap()))
        };
        for change in [
            &by_client as &dyn Fn(RelyingPartyBuilder) -> RelyingPartyBuilder,
            &by_address("redis://:hunter2@10.0.0.1"),
            &by_address("redis://:hunter2@cache.internal:6380/2"),
            &by_address("redis://:hunter2@[fd00::7]"),
            &by_address("redis+cluster://:hunter2@127.0.0.1:7000,10.0.0.1:7000"),
            &by_address("redis+sentinel://:hunter2@127.0.0.1,10.0.0.1/main"),
        ] {
            let error = build(change).unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(
                error.setting.starts_with("store") && told.contains("danger::allow_plain_store"),
                "{told}"
            );
            assert!(!told.contains("hunter2"), "{told}");
            let named = |builder| danger::allow_plain_store(change(builder));
            assert!(
                format!("{:?}", named(RelyingParty::builder("https://op.example")))
                    .contains("plain_store: true")
            );
            assert!(build(named).is_ok());
        }
        for own in [
            "redis://127.0.0.1",
            "redis://localhost:6380",
            "redis://[::1]/2",
            "redis+cluster://127.0.0.1:7000,[::1]:7001",
            "redis+sentinel://localhost/main",
        ] {
            assert!(build(by_address(own)).is_ok(), "{own}");
        }
        let socket = |builder: RelyingPartyBuilder| {
            builder.store(RedisStore::new(Client::open("redis+unix:///run/redis.sock").unwrap()))
        };
        assert!(build(socket).is_ok());
    }
}
