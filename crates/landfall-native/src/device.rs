//! The device grant: waiting for a person who enters a code elsewhere (RFC 8628).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use landfall::adapter::Waiting;
use landfall::native::{Device, Grant, NativeRelyingParty, Poll};
use landfall::{Error, ErrorCode, Timestamp};

/// Waits for a span of time.
pub(crate) type Pause = Arc<dyn Fn(Duration) -> Waiting<()> + Send + Sync>;

/// What each "slow down" adds (RFC 8628 §3.5).
const STEP: Duration = Duration::from_secs(5);
/// The longest pause between two questions while the provider cannot be reached.
const LONGEST: Duration = Duration::from_secs(60);

/// What to show to the person: a code, and the page to enter it on (RFC 8628 §3.2).
pub struct DeviceCode<'a>(&'a Device);

impl DeviceCode<'_> {
    /// The code to enter: printable ASCII.
    pub fn user_code(&self) -> &str {
        self.0.user_code()
    }

    /// The page to enter it on.
    pub fn verification_uri(&self) -> &str {
        self.0.verification_uri()
    }

    /// The address of that page with the code in it, for a link or a QR code, if the provider gives one. Show the code
    /// as well: the person has to compare it (RFC 8628 §3.3.1).
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.0.verification_uri_complete()
    }

    /// When the code expires.
    pub fn expires_at(&self) -> Timestamp {
        self.0.expires_at()
    }
}

impl fmt::Debug for DeviceCode<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode").field("expires_at", &self.expires_at()).finish_non_exhaustive()
    }
}

/// Shows the code, then asks until the person is done.
pub(crate) async fn wait(
    relying_party: &NativeRelyingParty,
    device: &Device,
    pause: &Pause,
    show: impl FnOnce(DeviceCode<'_>),
) -> Result<Grant, Error> {
    show(DeviceCode(device));
    let mut interval = device.interval();
    let mut away = None::<Duration>;
    loop {
        pause(away.unwrap_or(interval)).await;
        match relying_party.poll(device).await {
            Ok(Poll::Granted(grant)) => return Ok(*grant),
            Ok(Poll::SlowDown) => {
                interval += STEP;
                away = None;
            }
            // Only what may come out otherwise is asked again, and less often (RFC 8628 §3.5).
            Err(error) if is_passing(&error) => {
                tracing::warn!(code = error.code().name(), %error, "the provider cannot be asked just now");
                away = Some((away.unwrap_or(interval) * 2).min(LONGEST.max(interval)));
            }
            // A code that is spent is not sent again: the provider would only say so.
            Ok(Poll::Failed(error)) | Err(error) => return Err(error),
            Ok(_) => away = None,
        }
    }
}

fn is_passing(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::ProviderUnreachable | ErrorCode::ProviderTimeout)
}
