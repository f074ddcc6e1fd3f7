//! Waiting for what takes its time.

use std::time::Duration;

/// How long anything may take; on a busy machine a browser takes some seconds to start.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a question is asked again.
pub(crate) const BEAT: Duration = Duration::from_millis(25);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none within a minute.
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, ask).await
}

/// Asks until there is an answer.
///
/// # Panics
/// When there is none within this span.
pub async fn within<T>(span: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        let mut beats = tokio::time::interval(BEAT);
        loop {
            beats.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    let Ok(answer) = tokio::time::timeout(span, asking).await else { panic!("{what}: waited in vain") };
    answer
}
