//! What waits for an engine in vain is not kept.

use std::fs;

use tokio::task::JoinSet;

use crate::faults::{DEADLINE, is_ada_again};
use crate::on_every_engine;
use crate::site::{Site, without_cache};

// Alone: what others do meanwhile is in the same memory.
on_every_engine! {
    write;

    async fn thousands_of_requests_to_a_hanging_engine_leave_nothing_behind(framework, kind) {
        let site = Site::new(framework, kind, |builder| without_cache(builder).store_timeout(DEADLINE)).await;
        let visitor = site.sign_in().await;
        let crowd = async |count: usize| {
            let mut asking = JoinSet::new();
            for _ in 0..200 {
                let (instance, visitor) = (site.first(), visitor.clone());
                asking.spawn(async move {
                    for _ in 0..count {
                        assert!(instance.get("/dashboard", Some(&visitor)).await.is_told_to_wait());
                    }
                });
            }
            while let Some(asked) = asking.join_next().await {
                asked.unwrap();
            }
        };
        site.network.stall();
        crowd(2).await;
        let before = resident_kib();
        crowd(12).await;
        let grown = resident_kib().saturating_sub(before);
        assert!(grown < 32 * 1024, "{grown} KiB more after 2400 requests");
        site.network.clear_up();
        is_ada_again(&site.first(), &visitor).await;
    }
}

/// What this process holds in memory.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
