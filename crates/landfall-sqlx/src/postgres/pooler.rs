//! Whether a pooler stands before the server, and how statements are sent by way of one.
//!
//! A pooler in transaction mode hands a connection's next statement to whichever server connection is free. What was
//! prepared is not there then, or, under the same name, something else is: the wrong statement would run without an error.
//! So the store asks before its first statement, and where it does not reach the server itself it prepares nothing.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Error, Row as _};
use tokio::sync::Mutex;

use crate::engine::{CONNECT, Value};
use crate::error::code;

/// A setting of ours that a server takes with the connection, and that no pooler hands on.
const MARK: &str = "landfall.direct";

/// How long an answer counts: a pooler may come in between without a connection being lost.
const COUNTS: Duration = Duration::from_mins(1);
/// How long nobody asks again after it could not be told.
const PAUSE: Duration = Duration::from_secs(1);

/// Whether statements may be prepared. Until it is known, they are not.
#[derive(Debug)]
pub(super) struct Way {
    begun: Instant,
    /// For which host it is known, by the moment the pool was led there, and one; 0 for none.
    known: AtomicU64,
    /// When it was found out, in milliseconds from `begun`.
    asked: AtomicU64,
    is_direct: AtomicBool,
    /// Until when nobody asks again; held by who finds it out.
    turn: Mutex<Option<Instant>>,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            known: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            is_direct: AtomicBool::new(true),
            turn: Mutex::new(None),
        }
    }
}

impl Way {
    /// Whether it is known to be the server itself that the options lead to, `moved` being when they last changed. Where
    /// that cannot be told now, what is not prepared works in any case, and whoever takes a connection from the pool says
    /// what is wrong.
    pub(super) async fn is_direct(&self, moved: u64, options: impl FnOnce() -> PgConnectOptions) -> bool {
        let host = moved.saturating_add(1);
        if self.is_known(host) {
            return self.is_direct.load(Ordering::Relaxed);
        }
        let mut later = self.turn.lock().await;
        if self.is_known(host) {
            return self.is_direct.load(Ordering::Relaxed);
        }
        if later.is_some_and(|later| Instant::now() < later) {
            return false;
        }
        // Whoever asks may be dropped while no answer comes.
        *later = Some(Instant::now() + CONNECT + PAUSE);
        let asked = self.now();
        let Ok(is_direct) = reaches_the_server(options()).await else {
            *later = Some(Instant::now() + PAUSE);
            return false;
        };
        *later = None;
        if self.is_direct.swap(is_direct, Ordering::Relaxed) && !is_direct {
            tracing::info!("a pooler stands before PostgreSQL: statements are sent to it unprepared");
        }
        self.asked.store(asked, Ordering::Release);
        self.known.store(host, Ordering::Release);
        is_direct
    }

    /// Whether it was found out for this host, and lately.
    fn is_known(&self, host: u64) -> bool {
        let counts = u64::try_from(COUNTS.as_millis()).unwrap_or(u64::MAX);
        self.known.load(Ordering::Acquire) == host
            && self.now().saturating_sub(self.asked.load(Ordering::Acquire)) < counts
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Finds it out again before the next statement: a pooler may have come in between.
    pub(super) fn doubt(&self) {
        self.known.store(0, Ordering::Release);
    }
}

async fn reaches_the_server(options: PgConnectOptions) -> Result<bool, Error> {
    let mut connection = match options.clone().options([(MARK, "1")]).connect().await {
        Ok(connection) => connection,
        Err(error) if refuses_a_parameter(&error) => return Ok(false),
        Err(error) if refuses_it_otherwise(&error) => {
            // In whichever words: what comes without the mark and is let in was refused for it.
            let _ = options.connect().await?.close().await;
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    let asked = sqlx::raw_sql("SELECT current_setting('landfall.direct', true)");
    let told: Option<String> = asked.fetch_one(&mut connection).await?.try_get(0)?;
    // What the server does not hear of is noticed by it.
    let _ = connection.close().await;
    Ok(told.as_deref() == Some("1"))
}

/// As a pooler does with what it does not know, and the server with nothing that it may ignore.
fn refuses_a_parameter(error: &Error) -> bool {
    code(error).as_deref() == Some("08P01")
        && error.as_database_error().is_some_and(|error| error.message().contains("startup parameter"))
}

/// What is neither about the role (28) or its rights (42501), the database (3D), room (53), nor the server's coming and
/// going (57P) may be about the mark: poolers have many words for what they do not take.
fn refuses_it_otherwise(error: &Error) -> bool {
    let others = ["28", "42501", "3D", "53", "57P"];
    code(error).is_some_and(|code| !others.iter().any(|other| code.starts_with(other)))
}

/// What is prepared is not there, or not what it should be: no connection of the server's own.
pub(super) fn is_mixed_up(error: &Error) -> bool {
    matches!(code(error).as_deref(), Some("26000" | "42P05"))
        || (code(error).as_deref() == Some("08P01") && !refuses_a_parameter(error))
}

/// A statement with its values written into it: numbers, and bytes as hex digits, so that no value can be read as
/// anything else.
pub(super) fn written(sql: &str, values: &[Value]) -> String {
    let mut parts = sql.split('$');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(end);
        let value = number.parse::<usize>().ok().and_then(|number| values.get(number.checked_sub(1)?));
        match value {
            Some(Value::Int(number)) => {
                let _ = write!(written, "'{number}'::bigint");
            }
            Some(Value::Bytes(bytes)) => {
                written.push_str("decode('");
                for byte in bytes {
                    let _ = write!(written, "{byte:02x}");
                }
                written.push_str("', 'hex')");
            }
            Some(Value::Null) | None => written.push_str("NULL"),
        }
        written.push_str(rest);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_what_they_are_and_a_tenth_is_not_a_first() {
        let mut values = vec![Value::Null; 11];
        values[0] = Value::Bytes(b"'; DROP --".to_vec());
        values[1] = Value::Int(i64::MIN);
        values[10] = Value::Int(7);
        assert_eq!(
            written("UPDATE t SET a = $1, b = $2, c = encode($1, 'hex'), d = $3 WHERE e = $11", &values),
            "UPDATE t SET a = decode('273b2044524f50202d2d', 'hex'), b = '-9223372036854775808'::bigint, \
             c = encode(decode('273b2044524f50202d2d', 'hex'), 'hex'), d = NULL WHERE e = '7'::bigint"
        );
    }
}
