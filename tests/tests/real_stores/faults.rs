//! The engine dies, hangs or loses its connections. Nobody is signed out by that, and nobody is told so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::Method;
use landfall_tests::{BASE_URL, World, within};
use tokio::task::JoinSet;

use crate::on_every_engine;
use crate::site::{Answer, Instance, Site, Visitor, without_cache};

/// Ends what waits for an engine that does not answer.
pub(crate) const DEADLINE: Duration = Duration::from_millis(300);
/// In which an application is whole again.
const SECONDS: Duration = Duration::from_secs(10);

/// People who go on asking for pages until they are told to stop. Whoever gets an answer that is neither their
/// page nor a request to wait fails the test.
struct Load {
    asking: JoinSet<()>,
    stop: Arc<AtomicBool>,
    served: Arc<AtomicUsize>,
    told_to_wait: Arc<AtomicUsize>,
}

impl Load {
    async fn start(site: &Site) -> Self {
        let this = Self {
            asking: JoinSet::new(),
            stop: Arc::default(),
            served: Arc::default(),
            told_to_wait: Arc::default(),
        };
        let mut this = this;
        for _ in 0..8 {
            let (visitor, instance) = (site.sign_in().await, site.first());
            let (stop, served) = (Arc::clone(&this.stop), Arc::clone(&this.served));
            let told_to_wait = Arc::clone(&this.told_to_wait);
            this.asking.spawn(async move {
                for path in ["/dashboard", "/", "/reports/7", "/cached"].into_iter().cycle() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    let answer = instance.get(path, Some(&visitor)).await;
                    if answer.is_told_to_wait() {
                        told_to_wait.fetch_add(1, Ordering::SeqCst);
                    } else {
                        assert_eq!(answer.status, 200, "{answer:?}");
                        assert!(answer.body.contains("ada") && answer.set_cookies.is_empty(), "{answer:?}");
                        served.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        this.serves("before").await;
        this
    }

    /// Pages are served now.
    async fn serves(&self, when: &str) {
        let before = self.served.load(Ordering::SeqCst);
        within(SECONDS, when, async || (self.served.load(Ordering::SeqCst) > before + 40).then_some(()))
            .await;
    }

    /// People are told to wait now.
    async fn waits(&self) {
        let before = self.told_to_wait.load(Ordering::SeqCst);
        within(SECONDS, "no engine", async || {
            (self.told_to_wait.load(Ordering::SeqCst) > before + 40).then_some(())
        })
        .await;
    }

    async fn stop(mut self) {
        self.stop.store(true, Ordering::SeqCst);
        while let Some(asked) = self.asking.join_next().await {
            asked.unwrap();
        }
    }
}

pub(crate) async fn is_ada_again(instance: &Instance, visitor: &Visitor) -> Answer {
    within(SECONDS, "the session is there again", async || {
        Some(instance.get("/", Some(visitor)).await).filter(Answer::is_ada)
    })
    .await
}

on_every_engine! {
    read;

    async fn an_engine_that_is_killed_and_restarted_under_load_signs_nobody_out(framework, kind) {
        let mut site = Site::new(framework, kind, without_cache).await;
        let visitor = site.sign_in().await;
        let load = Load::start(&site).await;
        for _ in 0..2 {
            site.engine.kill().await;
            load.waits().await;
            assert!(site.first().get("/dashboard", Some(&visitor)).await.is_told_to_wait());
            site.engine.start_again().await;
            load.serves("afterwards").await;
        }
        load.stop().await;
        is_ada_again(&site.first(), &visitor).await;
        // New sign-ins as well.
        site.sign_in().await;
    }

    async fn connections_that_are_reset_under_load_sign_nobody_out(framework, kind) {
        let site = Site::new(framework, kind, without_cache).await;
        let load = Load::start(&site).await;
        for _ in 0..20 {
            site.network.reset();
            load.serves("after a reset").await;
        }
        site.network.refuse();
        load.waits().await;
        site.network.clear_up();
        load.serves("after the network was away").await;
        load.stop().await;
    }

    async fn an_outage_is_never_answered_as_signed_out(framework, kind) {
        let mut site = Site::new(framework, kind, without_cache).await;
        let (first, visitor) = (site.first(), site.sign_in().await);
        let callback = site.world.callback_for("/dashboard/x?y=1").await;
        site.engine.kill().await;
        for path in ["/", "/dashboard", "/reports/7", "/claims", "/token", "/cached", "/auth/login"] {
            let answer = first.get(path, Some(&visitor)).await;
            assert!(answer.is_told_to_wait() || path == "/auth/login", "{path}: {answer:?}");
            assert!(answer.set_cookies.iter().all(|line| !line.contains("landfall-session")), "{answer:?}");
        }
        let sign_out = first.ask(Method::POST, "/auth/logout", Some(&visitor)).await;
        assert!(sign_out.is_told_to_wait(), "who is not signed out is not told so: {sign_out:?}");
        // Whoever has no session needs no store: neither a public page nor the way to the provider.
        assert_eq!(first.get("/", None).await.body, "hello nobody");
        let guarded = first.get("/dashboard", None).await;
        assert_eq!(guarded.status, 303);
        assert!(guarded.location.unwrap().starts_with("https://op.example/"));
        // A sign-in that is under way can be finished later.
        let page = site.world.browser.open(&callback).await.unwrap();
        assert_eq!(page.status, 503);
        assert!(page.header("retry-after").is_some());
        site.engine.start_again().await;
        is_ada_again(&first, &visitor).await;
        lands_after_a_retry(&site.world).await;
    }

    async fn an_engine_that_hangs_is_waited_for_no_longer_than_the_deadline(framework, kind) {
        let site = Site::new(framework, kind, |builder| without_cache(builder).store_timeout(DEADLINE)).await;
        let (first, visitor) = (site.first(), site.sign_in().await);
        is_ada_again(&first, &visitor).await;
        site.network.stall();
        for path in ["/", "/dashboard"] {
            let asked = Instant::now();
            assert!(first.get(path, Some(&visitor)).await.is_told_to_wait());
            assert!(asked.elapsed() < DEADLINE + Duration::from_secs(1), "{:?}", asked.elapsed());
        }
        assert_eq!(first.get("/", None).await.body, "hello nobody");
        site.network.clear_up();
        is_ada_again(&first, &visitor).await;
    }

    async fn the_near_cache_carries_an_application_over_a_short_outage_and_no_longer(framework, kind) {
        let mut site = Site::new(framework, kind, |builder| builder).await;
        let (first, visitor) = (site.first(), site.sign_in().await);
        is_ada_again(&first, &visitor).await;
        site.engine.kill().await;
        let answer = first.get("/", Some(&visitor)).await;
        assert!(answer.is_ada() || answer.is_told_to_wait(), "{answer:?}");
        site.world.wait(Duration::from_secs(5));
        assert!(first.get("/", Some(&visitor)).await.is_told_to_wait());
        site.engine.start_again().await;
        is_ada_again(&first, &visitor).await;
    }
}

/// The page that said to wait is opened again.
async fn lands_after_a_retry(world: &World) {
    let page = within(SECONDS, "the sign-in lands", async || {
        Some(world.browser.reload().await.unwrap()).filter(|page| page.status != 503)
    })
    .await;
    assert_eq!(page.url.as_str(), format!("{BASE_URL}/dashboard/x?y=1"), "{}", page.text());
    assert_eq!(page.status, 200);
}
