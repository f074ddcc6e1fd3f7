//! A local provider until it is interrupted: `cargo run -p landfall-testkit --example provider -- --help`.
//!
//! Without arguments it listens on port 9000, for an application at `http://localhost:3000` that hears of every
//! sign-out in all ways there are. With `--features toml` it reads a file, too: `-- --config provider.toml`.

use std::process::ExitCode;

use landfall_testkit::LocalProvider;

fn main() -> ExitCode {
    let provider = match LocalProvider::from_args(std::env::args_os().skip(1)) {
        Ok(provider) => provider,
        Err(error) => return error.report(),
    };
    println!("{}", provider.summary());
    loop {
        std::thread::park();
    }
}
