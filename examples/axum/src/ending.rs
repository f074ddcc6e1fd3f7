//! From the first request to the end of the process, in which nothing is lost.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use landfall_axum::RelyingParty;
use tokio::net::TcpListener;

use crate::setup::{ANSWERING, FINISHING};

type App = IntoMakeServiceWithConnectInfo<Router, SocketAddr>;

/// Serves until the process is told to end. Then no connection is taken any more, and requests are answered; then what
/// goes on by itself is finished.
pub(crate) async fn serve(listener: TcpListener, app: App, auth: RelyingParty) -> io::Result<()> {
    let server = axum::serve(listener, app).with_graceful_shutdown(told_to_end());
    let too_long = async {
        told_to_end().await;
        tokio::time::sleep(ANSWERING).await;
    };
    tokio::select! {
        served = server.into_future() => served?,
        () = too_long => tracing::warn!("some requests take too long: they are broken off"),
    }
    // What is left is in the log.
    let _ = auth.drain(FINISHING).await;
    Ok(())
}

/// Returns at the first Ctrl-C or SIGTERM.
async fn told_to_end() {
    let told = async {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let mut terminate = signal(SignalKind::terminate())?;
            tokio::select! {
                _ = terminate.recv() => Ok(()),
                pressed = tokio::signal::ctrl_c() => pressed,
            }
        }
        #[cfg(not(unix))]
        tokio::signal::ctrl_c().await
    };
    if let Err(error) = told.await {
        tracing::error!("cannot listen for signals: {error}");
        std::future::pending::<()>().await;
    }
}
