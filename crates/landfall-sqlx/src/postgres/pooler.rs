//! Whether a pooler stands before the server, and how statements are sent by way of one.
//!
//! A pooler in transaction mode hands a connection's next statement to whichever server connection is free. What was
//! prepared is not there then, or, under the same name, something else is: the wrong statement would run without an error.
//! So the store asks before its first statement, and where it does not reach the server itself it prepares nothing.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Error, Row as _};
use tokio::sync::Mutex;

use crate::engine::Value;
use crate::error::code;

/// A setting of ours that a server takes with the connection, and that no pooler hands on.
const MARK: &str = "landfall.direct";

/// Whether statements may be prepared. Found out once; until then they are not.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// For which host it is known, by the moment the pool was led there, and one; 0 for none.
    known: AtomicU64,
    is_direct: AtomicBool,
    /// Held by who finds it out.
    turn: Mutex<()>,
}

impl Way {
    /// Whether it is known to be the server itself that the options lead to, `moved` being when they
    /// last changed. Where that cannot be told now, what is
    /// not prepared works in any case, and whoever takes a connection from the pool says what is wrong.
    pub(super) async fn is_direct(&self, moved: u64, options: impl FnOnce() -> PgConnectOptions) -> bool {
        let host = moved.saturating_add(1);
        if self.known.load(Ordering::Acquire) != host {
            let _turn = self.turn.lock().await;
            if self.known.load(Ordering::Acquire) != host {
                let Ok(is_direct) = reaches_the_server(options()).await else { return false };
                if !is_direct {
                    tracing::info!("a pooler stands before PostgreSQL: statements are sent to it unprepared");
                }
                self.is_direct.store(is_direct, Ordering::Relaxed);
                self.known.store(host, Ordering::Release);
            }
        }
        self.is_direct.load(Ordering::Relaxed)
    }

    /// Finds it out again before the next statement: a pooler may have come in between.
    pub(super) fn doubt(&self) {
        self.known.store(0, Ordering::Release);
    }
}

async fn reaches_the_server(options: PgConnectOptions) -> Result<bool, Error> {
    let mut connection = match options.options([(MARK, "1")]).connect().await {
        Ok(connection) => connection,
        Err(error) if refuses_a_parameter(&error) => return Ok(false),
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
