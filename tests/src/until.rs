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
pub async fn within<T>(span: Duration, what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    let Some(answer) = if_within(span, ask).await else { panic!("{what}: waited in vain") };
    answer
}

/// Asks until there is an answer, or this span is over.
pub async fn if_within<T>(span: Duration, mut ask: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let asking = async {
        let mut beats = tokio::time::interval(BEAT);
        loop {
            beats.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    tokio::time::timeout(span, asking).await.ok()
}
