//! The names of keys in Redis: the prefix, one letter for the kind, then a digest as raw bytes.

use landfall::store::{IndexKey, RecordKey, StoreError};

/// The commands that the user of the store must be allowed, as its ACL names them; `publish` and `subscribe` for the
/// channel alone.
const COMMANDS: &str = "+eval +evalsha +get +getrange +set +del +pttl +pexpire +zadd +zcard +zrange +zrangebyscore +zrem \
                        +zrevrange +publish +subscribe +ping";
/// What the client asks of a cluster besides: where the slot is, and to be answered by the node that it moves to.
const COMMANDS_OF_CLUSTERS: &str = "+cluster|slots +asking";

/// What every key begins with: a hash tag, so that a cluster keeps them in one slot.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(name: &str) -> Result<Self, StoreError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(StoreError::new("a key prefix is made of letters, digits and any of - _ . :"));
        }
        Ok(Self { prefix: format!("{{{name}}}") })
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The rules of an ACL that let a user do all that the store asks, and no more.
    pub(crate) fn rules(&self) -> String {
        let prefix = self.prefix();
        format!("resetkeys ~{prefix}* resetchannels &{prefix}c -@all {COMMANDS}")
    }

    /// The same for a user of a cluster.
    pub(crate) fn rules_of_clusters(&self) -> String {
        format!("{} {COMMANDS_OF_CLUSTERS}", self.rules())
    }

    pub(crate) fn record(&self, key: RecordKey) -> Vec<u8> {
        self.name(b's', &key.0)
    }

    pub(crate) fn subject(&self, key: IndexKey) -> Vec<u8> {
        self.name(b'u', &key.0)
    }

    pub(crate) fn sid(&self, key: IndexKey) -> Vec<u8> {
        self.name(b'i', &key.0)
    }

    pub(crate) fn lease(&self, name: [u8; 32]) -> Vec<u8> {
        self.name(b'l', &name)
    }

    pub(crate) fn remembered(&self, name: [u8; 32]) -> Vec<u8> {
        self.name(b'r', &name)
    }

    /// Where nothing ever lies, to try what may be done.
    pub(crate) fn nothing(&self) -> Vec<u8> {
        self.name(b'n', &[])
    }

    /// Where changes are published.
    pub(crate) fn channel(&self) -> Vec<u8> {
        self.name(b'c', &[])
    }

    fn name(&self, kind: u8, digest: &[u8]) -> Vec<u8> {
        let mut name = Vec::with_capacity(self.prefix.len() + 1 + digest.len());
        name.extend_from_slice(self.prefix.as_bytes());
        name.push(kind);
        name.extend_from_slice(digest);
        name
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { prefix: "{landfall}".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_cannot_break_out_of_its_hash_tag() {
        for bad in ["", "}", "a}b", "{", "a b", "é"] {
            assert!(Keys::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Keys::new("shop").unwrap().channel(), b"{shop}c");
    }
}
