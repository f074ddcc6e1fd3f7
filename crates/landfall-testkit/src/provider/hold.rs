//! [`Hold`]: requests that wait at an endpoint until a test lets them go.

use std::sync::Mutex;

use tokio::sync::watch;

use super::faults::Endpoint;
use crate::lock::lock;

/// Requests to one endpoint wait, before anything of them is processed, until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it lets the requests in"]
pub struct Hold {
    waiting: watch::Receiver<usize>,
    _open: watch::Sender<()>,
}

impl Hold {
    /// Returns when this many requests have come to the door, those that left since included.
    pub async fn reached(&mut self, count: usize) {
        // An error would mean that the provider is gone: then nobody comes any more.
        let _ = self.waiting.wait_for(|waiting| *waiting >= count).await;
    }

    /// Lets the requests in.
    pub fn release(self) {}
}

/// The doors that are held.
#[derive(Debug, Default)]
pub(crate) struct Doors(Mutex<Vec<Door>>);

#[derive(Clone, Debug)]
struct Door {
    endpoint: Endpoint,
    waiting: watch::Sender<usize>,
    opened: watch::Receiver<()>,
}

impl Doors {
    pub(crate) fn hold(&self, endpoint: Endpoint) -> Hold {
        let (open, opened) = watch::channel(());
        let (waiting, count) = watch::channel(0);
        lock(&self.0).push(Door { endpoint, waiting, opened });
        Hold { waiting: count, _open: open }
    }

    /// Waits while the endpoint is held.
    pub(crate) async fn pass(&self, endpoint: Endpoint) {
        let doors: Vec<Door> = {
            let mut doors = lock(&self.0);
            doors.retain(|door| door.opened.has_changed().is_ok());
            doors.iter().filter(|door| door.endpoint == endpoint).cloned().collect()
        };
        for mut door in doors {
            door.waiting.send_modify(|waiting| *waiting += 1);
            // Ends with an error when the other side is dropped, which is what is waited for.
            while door.opened.changed().await.is_ok() {}
        }
    }
}
