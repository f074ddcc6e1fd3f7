//! Redis, as an application and as a thief of its disk see it.

use std::sync::Arc;

use landfall::Clock;
use landfall::store::{SessionStore, StoreOpener as _};
use landfall_redis::{opener, redis};
use redis::Value;

/// A store of its own, which connects by itself.
pub(crate) fn store(url: &str, clock: Arc<dyn Clock>) -> Arc<dyn SessionStore> {
    opener().open(url, clock).unwrap()
}

/// Every key and every value.
pub(crate) async fn dump(url: &str) -> Vec<u8> {
    let mut redis = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut dump = Vec::new();
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query_async(&mut redis).await.unwrap();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut redis).await.unwrap();
        let mut read = match kind.as_str() {
            "string" => redis::cmd("GET"),
            "hash" => redis::cmd("HGETALL"),
            "set" => redis::cmd("SMEMBERS"),
            "list" => redis::cmd("LRANGE"),
            "zset" => redis::cmd("ZRANGE"),
            // It expired since.
            "none" => continue,
            other => panic!("what is a {other}?"),
        };
        read.arg(&key);
        if ["list", "zset"].contains(&kind.as_str()) {
            read.arg(0).arg(-1);
        }
        dump.extend(&key);
        flatten(read.query_async(&mut redis).await.unwrap(), &mut dump);
    }
    dump
}

fn flatten(value: Value, into: &mut Vec<u8>) {
    match value {
        Value::Nil => {}
        Value::BulkString(bytes) => into.extend(bytes),
        Value::Array(values) | Value::Set(values) => {
            for value in values {
                flatten(value, into);
            }
        }
        Value::Map(pairs) => {
            for (key, value) in pairs {
                flatten(key, into);
                flatten(value, into);
            }
        }
        other => panic!("what is {other:?}?"),
    }
}
