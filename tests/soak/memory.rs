//! What the process holds in memory, by the hour.

use std::fmt::Write as _;

/// From this hour on it must be flat: until then caches fill, and the allocator takes what it keeps.
const WARM: usize = 4;
/// What it may grow by afterwards, in KiB, besides a tenth of what it was.
const ROOM: u64 = 16 * 1024;

/// A figure for each hour.
#[derive(Debug, Default)]
pub(crate) struct Memory(Vec<u64>);

impl Memory {
    /// Notes what there is now.
    pub(crate) fn measure(&mut self) -> u64 {
        let now = resident_kib();
        self.0.push(now);
        now
    }

    /// Whether it is no more than it was in the first hours, with some room.
    ///
    /// # Errors
    /// With all figures.
    pub(crate) fn is_flat(&self) -> Result<(), String> {
        let before = self.0.iter().take(WARM).max().copied().unwrap_or_default();
        let after = self.0.iter().skip(WARM).max().copied().unwrap_or_default();
        let bound = before + before / 10 + ROOM;
        if after <= bound {
            return Ok(());
        }
        let mut figures = String::new();
        for (hour, kib) in self.0.iter().enumerate() {
            let _ = writeln!(figures, "  hour {:>2}: {kib} KiB", hour + 1);
        }
        Err(format!("memory grew to {after} KiB; {bound} KiB is what {before} KiB may grow to\n{figures}"))
    }
}

/// What this process holds in memory, as the kernel says.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}
