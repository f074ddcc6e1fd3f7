//! Two instances share a session whose provider rotates refresh tokens and takes a second use for theft.

use std::time::Duration;

use landfall::RelyingPartyBuilder;
use landfall_testkit::{Endpoint, Fault, Hold};
use landfall_tests::{Framework, SessionKind};
use tokio::task::JoinSet;

use crate::on_every_engine;
use crate::revocation::refuses_within;
use crate::site::{Answer, Instance, Site, Visitor};

/// As long as an access token lasts.
const HOUR: Duration = Duration::from_secs(3600);
/// As long as an instance may take for a refresh.
const LEASE: Duration = Duration::from_secs(30);
/// As long as the word of a session's end may take on a busy machine; that it takes less than one is a test of its own.
const SECONDS: Duration = Duration::from_secs(10);

fn with_tokens(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.scopes(["openid", "profile", "email", "offline_access"])
}

async fn site(framework: Framework, kind: SessionKind) -> Site {
    Site::new(framework, kind, with_tokens).await
}

/// So many requests for the token, at once.
fn ask(instance: &Instance, visitor: &Visitor, count: usize) -> JoinSet<Answer> {
    let ask =
        |instance: Instance, visitor: Visitor| async move { instance.get("/token", Some(&visitor)).await };
    (0..count).map(|_| ask(instance.clone(), visitor.clone())).collect()
}

/// Every one of them has a token that is good for an hour.
async fn all_are_served(asked: JoinSet<Answer>) {
    for answer in asked.join_all().await {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.body.contains("\"expires_in\":3600"), "{answer:?}");
    }
}

/// The first refresh is at the provider's door, and both instances have had time for more.
async fn is_under_way(hold: &mut Hold, instances: [&Instance; 2]) {
    hold.reached(1).await;
    for instance in instances {
        for _ in 0..20 {
            assert_eq!(instance.get("/", None).await.status, 200);
        }
    }
}

on_every_engine! {
    read;

    async fn two_hundred_requests_to_two_instances_are_one_refresh(framework, kind) {
        let site = site(framework, kind).await;
        let (first, (second, _network)) = (site.first(), site.instance(with_tokens).await);
        let visitor = site.sign_in().await;
        for round in 1..=3 {
            site.world.wait(HOUR);
            let mut hold = site.world.provider.hold(Endpoint::Token);
            let (asked, also) = (ask(&first, &visitor, 100), ask(&second, &visitor, 100));
            is_under_way(&mut hold, [&first, &second]).await;
            hold.release();
            all_are_served(asked).await;
            all_are_served(also).await;
            assert_eq!(site.world.token_calls(), 1 + round);
        }
    }

    async fn two_hundred_requests_that_nobody_holds_up_are_one_refresh(framework, kind) {
        let site = site(framework, kind).await;
        let (first, (second, _network)) = (site.first(), site.instance(with_tokens).await);
        let visitor = site.sign_in().await;
        for round in 1..=5 {
            site.world.wait(HOUR);
            let (asked, also) = (ask(&first, &visitor, 100), ask(&second, &visitor, 100));
            all_are_served(asked).await;
            all_are_served(also).await;
            assert_eq!(site.world.token_calls(), 1 + round);
        }
    }

    async fn when_the_instance_that_refreshes_is_killed_the_other_takes_over(framework, kind) {
        let site = site(framework, kind).await;
        let (second, _network) = site.instance(with_tokens).await;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        let (doomed, _network) = site.instance(|builder| with_tokens(builder).runtime(handle)).await;
        let visitor = site.sign_in().await;
        site.world.wait(HOUR);
        let mut hold = site.world.provider.hold(Endpoint::Token);
        let lost = ask(&doomed, &visitor, 10);
        hold.reached(1).await;
        let asked = ask(&second, &visitor, 100);
        is_under_way(&mut hold, [&second, &site.first()]).await;
        // Its connections, its tasks and its call to the provider end here, in the middle of everything.
        runtime.shutdown_background();
        hold.release();
        drop(lost);
        site.world.wait(LEASE);
        all_are_served(asked).await;
        // The sign-in, the call that was cut off at the door, and the one that took its place.
        assert_eq!(site.world.token_calls(), 3);
        all_are_served(ask(&site.first(), &visitor, 20)).await;
        assert_eq!(site.world.token_calls(), 3);
    }

    async fn when_every_browser_has_gone_the_tokens_are_kept(framework, kind) {
        let site = site(framework, kind).await;
        let (first, (second, _network)) = (site.first(), site.instance(with_tokens).await);
        let visitor = site.sign_in().await;
        site.world.wait(HOUR);
        let mut hold = site.world.provider.hold(Endpoint::Token);
        let (mut asked, mut also) = (ask(&first, &visitor, 50), ask(&second, &visitor, 50));
        is_under_way(&mut hold, [&first, &second]).await;
        asked.shutdown().await;
        also.shutdown().await;
        hold.release();
        all_are_served(ask(&second, &visitor, 20)).await;
        all_are_served(ask(&first, &visitor, 20)).await;
        assert_eq!(site.world.token_calls(), 2);
    }

    async fn a_sign_out_at_one_instance_during_a_refresh_at_the_other_stands(framework, kind) {
        let site = site(framework, kind).await;
        let (first, (second, _network)) = (site.first(), site.instance(with_tokens).await);
        let visitor = site.sign_in().await;
        site.world.wait(HOUR);
        let mut hold = site.world.provider.hold(Endpoint::Token);
        let asked = ask(&first, &visitor, 20);
        hold.reached(1).await;
        // Else the provider would refuse the refresh by itself.
        site.world.provider.inject(Fault::disconnect(Endpoint::Revoke));
        second.sign_out(&visitor).await;
        hold.release();
        for answer in asked.join_all().await {
            assert_ne!(answer.status, 200, "{answer:?}");
        }
        for instance in [&first, &second] {
            refuses_within(SECONDS, instance, &visitor).await;
        }
        assert_eq!(site.world.engine.stored().await.len(), 0);
    }

    async fn an_engine_that_dies_during_a_refresh_loses_no_token(framework, kind) {
        let mut site = site(framework, kind).await;
        let visitor = site.sign_in().await;
        site.world.wait(HOUR);
        let mut hold = site.world.provider.hold(Endpoint::Token);
        let asked = ask(&site.first(), &visitor, 20);
        hold.reached(1).await;
        site.engine.kill().await;
        hold.release();
        // The provider has rotated, and there is no place yet to keep what it gave.
        for _ in 0..20 {
            assert_eq!(site.first().get("/", None).await.status, 200);
        }
        site.engine.start_again().await;
        for answer in asked.join_all().await {
            assert!(answer.status == 200 || answer.is_told_to_wait(), "{answer:?}");
        }
        let (second, _network) = site.instance(with_tokens).await;
        all_are_served(ask(&second, &visitor, 20)).await;
        assert_eq!(site.world.token_calls(), 2);
    }
}
