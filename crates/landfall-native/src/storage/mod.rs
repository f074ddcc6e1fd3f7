//! [`TokenStorage`]: where a native application keeps its sign-in from one start to the next.

mod contract;
mod file;
#[cfg(feature = "keyring")]
mod keyring;
mod memory;

pub use self::contract::{StorageError, TokenStorage};
pub use self::file::FileStorage;
#[cfg(feature = "keyring")]
pub use self::keyring::KeyringStorage;
pub use self::memory::MemoryStorage;
