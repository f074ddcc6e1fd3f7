//! Sessions in Redis for applications that sign in with Landfall.
