//! Redis as it is run: with a user of few rights, behind Sentinel, in a cluster that moves its slots.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use landfall::RelyingPartyBuilder;
use landfall_redis::redis::{Client, cmd};
use landfall_testkit::TestBed;
use landfall_tests::real::{EngineProcess, RedisCluster, SentinelGroup};
use landfall_tests::{BASE_URL, Engine, Framework, SessionKind, World, if_within, within};
use tokio::task::JoinSet;

use crate::site::{Answer, Instance, Visitor, sign_in};

const MINUTE: Duration = Duration::from_secs(60);
/// As long as an access token lasts.
const HOUR: Duration = Duration::from_secs(3600);
/// What changes sessions waits no longer than four seconds for a slot.
const LONG_MOVE: Duration = Duration::from_secs(3);
/// In which an application is whole again.
const SECONDS: Duration = Duration::from_secs(30);

macro_rules! on_redis {
    ($(async fn $name:ident($framework:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn scenario($framework: Framework) $body

            fn play(framework: Framework) {
                let _place = crate::BESIDE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
                landfall_tests::run(Box::pin(scenario(framework)));
            }

            #[test]
            fn axum_with_redis() {
                play(Framework::Axum);
            }

            #[test]
            fn actix_with_redis() {
                play(Framework::Actix);
            }
        }
    )+};
}

/// An application with its sessions in this Redis.
async fn world(
    framework: Framework,
    url: String,
    change: impl FnOnce(RelyingPartyBuilder) -> RelyingPartyBuilder,
) -> Arc<World> {
    let bed = TestBed::new(BASE_URL).unwrap();
    let stores = Engine::at(SessionKind::Redis, url, bed.clock()).await;
    Arc::new(World::on(stores, bed, framework, change))
}

/// Copies are kept for so long, on a clock that stands still, that only the channel can end them.
fn long_copies(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.near_cache_staleness(MINUTE)
}

fn with_tokens(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    long_copies(builder).scopes(["openid", "profile", "email", "offline_access"])
}

/// People who sign in again and again, look at their page and sign out every other time; and people whose tokens are due.
struct Crowd {
    signing_in: JoinSet<(Vec<Visitor>, Vec<Visitor>)>,
    refreshing: JoinSet<Visitor>,
    stop: Arc<AtomicBool>,
    signed_in: Arc<AtomicUsize>,
    told_to_wait: Arc<AtomicUsize>,
}

/// Whom the application has told that they are signed in, and whom that they are signed out.
struct Outcome {
    here: Vec<Visitor>,
    gone: Vec<Visitor>,
    refreshed: Vec<Visitor>,
    told_to_wait: usize,
}

impl Crowd {
    async fn of(count: usize, world: &Arc<World>) -> Self {
        let mut due = Vec::new();
        for _ in 0..count {
            due.push(sign_in(world).await.unwrap());
        }
        world.wait(HOUR);
        let mut this = Self {
            signing_in: JoinSet::new(),
            refreshing: JoinSet::new(),
            stop: Arc::default(),
            signed_in: Arc::default(),
            told_to_wait: Arc::default(),
        };
        for visitor in due {
            let (instance, told_to_wait) = (Instance::at(world.address), Arc::clone(&this.told_to_wait));
            this.refreshing.spawn(async move {
                let begun = Instant::now();
                loop {
                    let answer = instance.get("/token", Some(&visitor)).await;
                    if !answer.is_told_to_wait() {
                        assert_eq!(answer.status, 200, "{answer:?}");
                        break visitor;
                    }
                    told_to_wait.fetch_add(1, Ordering::SeqCst);
                    assert!(begun.elapsed() < SECONDS, "{answer:?}");
                }
            });
        }
        for _ in 0..count {
            let (world, stop) = (Arc::clone(world), Arc::clone(&this.stop));
            let (signed_in, told_to_wait) = (Arc::clone(&this.signed_in), Arc::clone(&this.told_to_wait));
            this.signing_in.spawn(async move {
                let (mut here, mut gone) = (Vec::new(), Vec::new());
                let instance = Instance::at(world.address);
                while !stop.load(Ordering::SeqCst) {
                    let Some(visitor) = sign_in(&world).await else {
                        told_to_wait.fetch_add(1, Ordering::SeqCst);
                        continue;
                    };
                    signed_in.fetch_add(1, Ordering::SeqCst);
                    if here.len() <= gone.len() {
                        here.push(visitor);
                        continue;
                    }
                    let answer = instance.ask(http::Method::POST, "/auth/logout", Some(&visitor)).await;
                    if answer.is_told_to_wait() {
                        // It may have ended all the same.
                        told_to_wait.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert_eq!(answer.status, 303, "{answer:?}");
                        gone.push(visitor);
                    }
                }
                (here, gone)
            });
        }
        this.signs_in().await;
        this
    }

    /// People are signed in now.
    async fn signs_in(&self) {
        let before = self.signed_in.load(Ordering::SeqCst);
        within(SECONDS, "sign-ins", async || {
            (self.signed_in.load(Ordering::SeqCst) > before + 50).then_some(())
        })
        .await;
    }

    async fn stop(self) -> Outcome {
        self.stop.store(true, Ordering::SeqCst);
        let refreshed = self.refreshing.join_all().await;
        let (here, gone): (Vec<_>, Vec<_>) = self.signing_in.join_all().await.into_iter().unzip();
        let told_to_wait = self.told_to_wait.load(Ordering::SeqCst);
        Outcome { here: here.concat(), gone: gone.concat(), refreshed, told_to_wait }
    }
}

impl Outcome {
    /// What people were told is so, as an instance sees it that asks the store for everything.
    async fn stands(&self, fresh: &Instance) {
        assert!(self.here.len() > 20 && self.gone.len() > 20 && !self.refreshed.is_empty());
        for visitor in &self.here {
            let answer = answered(fresh, "/", visitor).await;
            assert!(answer.is_ada(), "{answer:?}");
        }
        for visitor in &self.gone {
            assert_eq!(answered(fresh, "/", visitor).await.body, "hello nobody");
        }
        for visitor in &self.refreshed {
            let answer = answered(fresh, "/token", visitor).await;
            assert!(answer.status == 200 && answer.body.contains("\"expires_in\":3600"), "{answer:?}");
        }
    }
}

/// The answer, once it is not to wait.
async fn answered(instance: &Instance, path: &str, visitor: &Visitor) -> Answer {
    within(SECONDS, path, async || {
        Some(instance.get(path, Some(visitor)).await).filter(|answer| !answer.is_told_to_wait())
    })
    .await
}

/// What ends at one instance is refused by the other within a second.
async fn hear_of_each_other(world: &World, first: &Instance, second: &Instance) {
    within(SECONDS, "instances hear of each other", async || {
        let visitor = sign_in(world).await?;
        second.get("/", Some(&visitor)).await.is_ada().then_some(())?;
        first.sign_out(&visitor).await;
        if_within(Duration::from_secs(1), async || {
            let answer = second.get("/", Some(&visitor)).await;
            (answer.body == "hello nobody").then_some(())
        })
        .await
    })
    .await;
}

on_redis! {
    async fn a_user_without_a_right_to_the_channel_signs_people_out_and_copies_live_no_longer_than_the_bound(framework) {
        let engine = EngineProcess::start(SessionKind::Redis).await;
        let client = Client::open(engine.url(engine.address())).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let rules = ["on", ">secret", "~*", "resetchannels", "+@all"];
        let mut user = cmd("ACL");
        user.arg("SETUSER").arg("app").arg(&rules).exec_async(&mut connection).await.unwrap();
        let url = engine.url(engine.address()).replace("redis://", "redis://app:secret@");
        let world = world(framework, url.clone(), long_copies).await;
        let (first, second) = (Instance::at(world.address), Instance::of(&world, url, long_copies).await);
        let visitor = sign_in(&world).await.unwrap();
        assert!(second.get("/", Some(&visitor)).await.is_ada());
        first.sign_out(&visitor).await;
        assert_eq!(first.get("/", Some(&visitor)).await.body, "hello nobody");
        world.wait(MINUTE);
        assert_eq!(second.get("/", Some(&visitor)).await.body, "hello nobody");
    }

    async fn what_was_answered_before_the_primary_died_stands_after_the_fail_over(framework) {
        let mut group = SentinelGroup::start().await;
        let world = world(framework, group.url(), with_tokens).await;
        let (first, second) = (Instance::at(world.address), Instance::of(&world, group.url(), with_tokens).await);
        hear_of_each_other(&world, &first, &second).await;
        let crowd = Crowd::of(25, &world).await;
        group.kill_primary().await;
        group.is_failed_over().await;
        crowd.signs_in().await;
        let outcome = crowd.stop().await;
        outcome.stands(&Instance::of(&world, group.url(), with_tokens).await).await;
        // The listener has followed as well.
        hear_of_each_other(&world, &first, &second).await;
    }

    async fn a_slot_that_moves_to_another_node_under_load_costs_no_session_and_nobody_is_told_to_wait(framework) {
        let cluster = RedisCluster::start("{landfall}").await;
        cluster.fill("{landfall}", 15_000).await;
        let world = world(framework, cluster.url(), with_tokens).await;
        let (first, second) = (Instance::at(world.address), Instance::of(&world, cluster.url(), with_tokens).await);
        hear_of_each_other(&world, &first, &second).await;
        let crowd = Crowd::of(10, &world).await;
        let mut took = Duration::ZERO;
        for back in [false, true] {
            took = took.max(cluster.reshard(back).await);
            crowd.signs_in().await;
        }
        let outcome = crowd.stop().await;
        outcome.stands(&Instance::of(&world, cluster.url(), with_tokens).await).await;
        // On a machine so busy that the slot was on its way for longer than the store waits, somebody may be.
        assert!(outcome.told_to_wait == 0 || took > LONG_MOVE, "{} in {took:?}", outcome.told_to_wait);
        hear_of_each_other(&world, &first, &second).await;
    }
}
