//! A terminal program that signs somebody in and prints who it is. Start it with `cargo run -p example-native`, with
//! `-- --no-browser` as where none can be started, with `-- --device` for a code alone, or with `-- --scheme` as in a
//! shell that is called by an address of its own.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use landfall_native::NativeError;
use tracing_subscriber::EnvFilter;

mod no_browser;
mod setup;
mod ways;

use self::ways::Way;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    let outcome = tokio::select! {
        outcome = run() => outcome,
        // The sign-in is dropped: its listener is closed, and nothing is kept.
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\nStopped; nobody is signed in.");
            return ExitCode::from(130);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            if let Some(error) = error.downcast_ref::<NativeError>() {
                eprintln!("What to do: {}", error.remedy());
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let way = Way::from_arguments(std::env::args().skip(1))?;
    // The provider lives as long as this function.
    let (builder, _provider) = setup::setup()?;
    let client = way.configured(builder).build()?;
    let user = way.sign_in(&client).await?;

    println!("Signed in as {} ({}) by {}", user.name().unwrap_or("somebody"), user.subject(), user.issuer());
    let token = client.access_token().await?;
    println!("An access token is there until {} (seconds since 1970)", token.expires_at().secs());
    client.sign_out().await?;
    println!("Signed out again");
    Ok(())
}
