//! [`Engine`]: what the store asks of a database, whichever it is.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use landfall::store::StoreError;

use crate::running::Running;
use crate::watchers::Watchers;

/// How long a connection may take.
pub(crate) const CONNECT: Duration = Duration::from_secs(2);
/// How long an answer may take.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);

/// A value that a statement is given, or that it answers with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Int(i64),
    Bytes(Vec<u8>),
    Null,
}

pub(crate) type Row = Vec<Value>;

/// A statement. Every change that can race is one: it happens as a whole or not at all, and a future that is dropped
/// leaves no transaction open.
#[derive(Debug)]
pub struct Step {
    /// What it does, for messages.
    pub(crate) doing: &'static str,
    pub(crate) sql: &'static str,
}

/// The statements of a store: for each, what it is given, then what it answers. A change that is made twice with the
/// same `writing` is made once.
#[derive(Debug)]
pub struct Steps {
    /// The record's eleven values, now. A row if it was made.
    pub(crate) create: Step,
    /// Key, now. The nine columns of a record.
    pub(crate) load: Step,
    /// The record's eleven values, now, expected version. 0 gone, 1 conflict, 2 done; no row is 0.
    pub(crate) update: Step,
    /// Key, now. Key, whether it had not expired.
    pub(crate) remove: Step,
    /// Subject, now, limit. The nine columns of each record.
    pub(crate) list: Step,
    /// Subject, now, the last moment of creation, the key to keep. A row for each that was removed, as `remove` has it.
    pub(crate) remove_by_subject: Step,
    /// Sid, now, the last moment of creation, the key to keep. A row for each that was removed, as `remove` has it.
    pub(crate) remove_by_sid: Step,
    /// Kind, name, holder, end, writing, now. A row if it was taken.
    pub(crate) claim: Step,
    /// Kind, name, holder.
    pub(crate) release: Step,
    /// Now, how many at most. A row for each session that was removed.
    pub(crate) sweep_sessions: Step,
    /// Now, how many at most. A row for each claim that was removed.
    pub(crate) sweep_claims: Step,
}

/// A database that runs the statements.
#[async_trait]
pub trait Engine: Debug + Send + Sync + 'static {
    const STEPS: &'static Steps;

    /// Whether the store has to tell its own watchers, since the database tells nobody.
    const SILENT: bool;

    async fn ask(&self, step: &'static Step, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    async fn migrate(&self) -> Result<(), StoreError>;

    /// Begins to listen for changes, on the runtime that this is called on.
    fn listen(&self, watchers: &Arc<Watchers>, running: Running);

    /// The hosts that are reached without TLS, or could be; a database of this machine's own has none.
    fn plain_hosts(&self) -> Vec<String> {
        Vec::new()
    }

    fn file(&self) -> Option<PathBuf>;
}
