//! What PostgreSQL's errors mean: where it is, and which right is missing.

use sqlx::postgres::{PgConnectOptions, PgPool};

use crate::error::{MIGRATE, Told};

/// The server that a pool leads to, read each time: an application may change its pool's options.
pub(super) struct Server<'a>(pub(super) &'a PgPool);

impl Told for Server<'_> {
    fn name(&self) -> String {
        name(&self.0.connect_options())
    }

    fn meaning(&self, doing: &str, code: &str, said: &str) -> Option<String> {
        meaning(&self.0.connect_options(), doing, code, said)
    }
}

/// Host and port, or the socket. Nothing that is secret stands in either.
pub(super) fn name(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => format!("PostgreSQL at {}", socket.display()),
        None => format!("PostgreSQL at {}:{}", options.get_host(), options.get_port()),
    }
}

fn meaning(options: &PgConnectOptions, doing: &str, code: &str, said: &str) -> Option<String> {
    let role = options.get_username();
    Some(match code {
        "28P01" => format!("refused the password of the role {role:?}"),
        "28000" => format!(
            "does not let the role {role:?} in: see its pg_hba.conf, and whether there is such a role"
        ),
        "3D000" => {
            format!("has no database {:?}: make it, or name another", options.get_database().unwrap_or(role))
        }
        "3F000" => format!(
            "has no schema in the search_path of {} to make the tables in. Let an administrator make one of that name: CREATE \
             SCHEMA … AUTHORIZATION {}",
            quoted(role),
            quoted(role)
        ),
        // What it says of a right names objects, and no value.
        "42501" if doing == MIGRATE && said.contains("landfall_migrations") => format!(
            "does not let the role {role:?} see which migrations were made ({}): it needs SELECT on landfall_migrations",
            printable(said)
        ),
        "42501" if doing == MIGRATE => {
            let schema = said.strip_prefix("permission denied for schema ").unwrap_or("public");
            let (said, schema, role) = (printable(said), quoted(&printable(schema)), quoted(role));
            format!(
                "does not let the role {role} make the tables ({said}): it needs CREATE on that schema. Let an administrator \
                 run: GRANT CREATE ON SCHEMA {schema} TO {role}; or, for a schema of its own: CREATE SCHEMA {role} \
                 AUTHORIZATION {role}; or, to make the tables for it, what PostgresStore::migrations({role}) returns"
            )
        }
        "42501" => format!(
            "does not let the role {role:?} do this ({}): it needs SELECT, INSERT, UPDATE and DELETE on \
             landfall_sessions and landfall_claims",
            printable(said)
        ),
        "08P01" if said.contains("startup parameter") => format!(
            "is reached by a pooler that does not take what the connection asks for ({}): set that for the role (ALTER \
             ROLE … SET …), or let the pooler pass it on (PgBouncer: ignore_startup_parameters, track_extra_parameters)",
            printable(said)
        ),
        "25006" => {
            "takes no changes: it is a replica, or its transactions only read; name the primary".to_owned()
        }
        "53100" => "has no room: its disk is full".to_owned(),
        "53300" => {
            "has no room for one more connection: let the pool have fewer, or the server more".to_owned()
        }
        "57P03" => "is starting or stopping".to_owned(),
        _ => return None,
    })
}

/// An identifier as a statement has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The server's words, fit for a log.
fn printable(said: &str) -> String {
    said.chars().take(200).map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_place_and_role_and_no_password() {
        let options: PgConnectOptions = "postgres://shop:hunter2@db.internal:6432/shop".parse().unwrap();
        for (doing, code, told) in [
            ("load", "28P01", "refused the password of the role \"shop\""),
            ("load", "3D000", "has no database \"shop\""),
            (MIGRATE, "42501", "(permission denied for schema public): it needs CREATE on that schema"),
            ("load", "42501", "it needs SELECT, INSERT, UPDATE and DELETE on landfall_sessions"),
            ("create", "25006", "name the primary"),
        ] {
            let meaning = meaning(&options, doing, code, "permission denied for schema public").unwrap();
            assert!(meaning.contains(told) && !meaning.contains("hunter2"), "{meaning}");
        }
        let seen =
            meaning(&options, MIGRATE, "42501", "permission denied for table landfall_migrations").unwrap();
        assert!(seen.contains("it needs SELECT on landfall_migrations"), "{seen}");
        assert_eq!(meaning(&options, "create", "23505", "PLANTED"), None);
        assert_eq!(name(&options), "PostgreSQL at db.internal:6432");
    }
}
