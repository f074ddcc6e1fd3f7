//! What one instance ends, every other one refuses.

use std::time::Duration;

use landfall::RelyingPartyBuilder;
use landfall_tests::within;

use crate::on_every_engine;
use crate::site::{Answer, Instance, Site, Visitor};

const MINUTE: Duration = Duration::from_secs(60);

/// Copies are kept for so long, on a clock that stands still, that only the channel can end them.
pub(crate) fn long_copies(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.near_cache_staleness(MINUTE)
}

/// Takes this session for nobody's within this span.
pub(crate) async fn refuses_within(span: Duration, instance: &Instance, visitor: &Visitor) {
    within(span, "the session ends there as well", async || {
        let answer = instance.get("/", Some(visitor)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        (answer.body == "hello nobody").then_some(())
    })
    .await;
}

/// Served, and from its own copy from then on.
pub(crate) async fn keeps_a_copy(instance: &Instance, visitor: &Visitor) {
    for _ in 0..3 {
        assert!(instance.get("/", Some(visitor)).await.is_ada());
    }
}

on_every_engine! {
    read;

    async fn a_session_that_ended_elsewhere_is_refused_within_a_second(framework, kind) {
        let site = Site::new(framework, kind, long_copies).await;
        let (second, _network) = site.instance(long_copies).await;
        let first = site.first();
        for (ends, copies) in [(&first, &second), (&second, &first)].repeat(3) {
            let (visitor, other) = (site.sign_in().await, site.sign_in().await);
            keeps_a_copy(copies, &visitor).await;
            keeps_a_copy(copies, &other).await;
            ends.sign_out(&visitor).await;
            refuses_within(Duration::from_secs(1), copies, &visitor).await;
            assert!(copies.get("/", Some(&other)).await.is_ada(), "and no other session");
        }
    }

    async fn a_session_that_ended_elsewhere_unheard_is_refused_within_the_staleness_bound(framework, kind) {
        let site = Site::new(framework, kind, long_copies).await;
        let (second, network) = site.instance(long_copies).await;
        let visitor = site.sign_in().await;
        keeps_a_copy(&second, &visitor).await;
        network.stall_channel();
        site.first().sign_out(&visitor).await;
        site.world.wait(MINUTE);
        assert_eq!(second.get("/", Some(&visitor)).await.body, "hello nobody");
    }

    async fn what_ended_while_the_channel_was_away_is_refused_once_it_is_back(framework, kind) {
        let site = Site::new(framework, kind, long_copies).await;
        let (second, network) = site.instance(long_copies).await;
        let visitor = site.sign_in().await;
        keeps_a_copy(&second, &visitor).await;
        network.refuse();
        site.first().sign_out(&visitor).await;
        let meanwhile = second.get("/", Some(&visitor)).await;
        assert!(meanwhile.is_ada() || meanwhile.is_told_to_wait(), "{meanwhile:?}");
        network.clear_up();
        within(Duration::from_secs(10), "the session ends there as well", async || {
            Some(second.get("/", Some(&visitor)).await).filter(|answer: &Answer| answer.body == "hello nobody")
        })
        .await;
    }
}
