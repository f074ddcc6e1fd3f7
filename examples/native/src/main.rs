//! A terminal program that signs somebody in and prints who it is. Start it with `cargo run -p example-native`, with
//! `-- --no-browser` to be told the address alone, or with `-- --device` as on a machine without a browser.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use landfall_native::{Identity, NativeClient, NativeError, OpenBrowser, SystemBrowser};
use tracing_subscriber::EnvFilter;

mod setup;

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) =
        arguments.iter().find(|argument| !["--device", "--no-browser"].contains(&argument.as_str()))
    {
        return Err(format!("{unknown}: not known; say --device, --no-browser, or nothing").into());
    }
    let wants = |argument: &str| arguments.iter().any(|given| given == argument);

    // The provider lives as long as this function.
    let (builder, _provider) = setup::setup()?;
    let client = builder.browser(Terminal { opens: !wants("--no-browser") }).build()?;
    let user = if wants("--device") { on_device(&client).await? } else { client.sign_in().await? };

    println!("Signed in as {} ({}) by {}", user.name().unwrap_or("somebody"), user.subject(), user.issuer());
    let token = client.access_token().await?;
    println!("An access token is there until {} (seconds since 1970)", token.expires_at().secs());
    client.sign_out().await?;
    println!("Signed out again");
    Ok(())
}

async fn on_device(client: &NativeClient) -> Result<Identity, NativeError> {
    client
        .sign_in_on_device(|code| {
            println!("Open {} and enter the code {}", code.verification_uri(), code.user_code());
            if let Some(url) = code.verification_uri_complete() {
                println!("or open {url} and compare the code");
            }
            println!("Waiting for you to finish there ... (Ctrl-C to stop)");
        })
        .await
}

/// Says what it does, and opens the browser if it may.
#[derive(Debug)]
struct Terminal {
    opens: bool,
}

impl OpenBrowser for Terminal {
    fn open(&self, url: &str) -> io::Result<()> {
        println!("Sign in at {url}");
        println!("Waiting for you to finish there ... (Ctrl-C to stop)");
        // A terminal without a browser beside it: the address above is enough.
        if self.opens && SystemBrowser.open(url).is_err() {
            println!("No browser could be started: open the address yourself");
        }
        Ok(())
    }
}
