//! Sessions in PostgreSQL or SQLite for applications that sign in with Landfall.
