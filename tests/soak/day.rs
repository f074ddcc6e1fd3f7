//! The day's script: what happens every hour, and what fails in which.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use landfall::{RelyingParty, RelyingPartyBuilder};
use landfall_testkit::{Browser, Endpoint, TestBed};
use landfall_tests::real::EngineProcess;
use landfall_tests::{BASE_URL, Engine, Framework, Port, SessionKind, World, until};
use tokio::task::JoinSet;

use crate::memory::Memory;
use crate::people::{Instance, Person};

const HOURS: u32 = 24;
/// An hour passes in so many steps, each of which everybody asks in.
const STEPS: u32 = 12;
/// For each minute that the day is played in, so many people are signed in.
const PEOPLE_A_MINUTE: u64 = 10;
/// Of all people, one in so many goes in an hour, and another comes.
const LEAVING: usize = 10;
/// Of those who went so many are asked about at each hour.
const REMEMBERED: usize = 50;
/// Requests at once.
const AT_ONCE: usize = 16;
const DRAIN: Duration = Duration::from_secs(20);

/// What fails at the beginning of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Nothing,
    /// The provider signs with new keys, and publishes the old ones no more.
    NewKeys,
    /// An instance is told to end in the middle of refreshes, and another takes its place.
    Restart(usize),
    /// Redis is killed and comes back with what it had written.
    Engine,
    /// The provider cannot be reached for the whole hour.
    NoProvider,
}

fn trouble(hour: u32) -> Trouble {
    match hour {
        3 | 15 | 21 => Trouble::NewKeys,
        5 => Trouble::Restart(1),
        8 | 19 => Trouble::Engine,
        11 => Trouble::NoProvider,
        17 => Trouble::Restart(0),
        _ => Trouble::Nothing,
    }
}

#[derive(Debug, Default)]
struct Tally {
    sign_ins: u64,
    sign_outs: u64,
    logouts: u64,
    pages: u64,
    tokens: u64,
    /// Told to wait, in an hour in which something was away.
    told_to_wait: u64,
}

struct Day {
    world: World,
    engine: EngineProcess,
    instances: [Instance; 2],
    auths: [RelyingParty; 2],
    people: Vec<Person>,
    gone: VecDeque<Person>,
    tally: Tally,
    /// Makes choices, the same ones each time.
    dice: u64,
}

fn with_tokens(builder: RelyingPartyBuilder) -> RelyingPartyBuilder {
    builder.scopes(["openid", "profile", "email", "offline_access"])
}

/// Plays the day within about this span.
///
/// # Errors
/// With what was lost, or stayed.
pub(crate) async fn play(span: Duration) -> Result<(), String> {
    let size = usize::try_from((span.as_secs() / 60).max(1) * PEOPLE_A_MINUTE).unwrap_or(usize::MAX);
    let mut day = Day::new().await;
    for at in 0..size {
        let person = day.sign_in(at % 2).await?;
        day.people.push(person);
    }
    println!(
        "{size} people, two instances (axum, actix-web), one Redis, {HOURS} hours in {} s",
        span.as_secs()
    );
    let mut memory = Memory::default();
    let began = Instant::now();
    for hour in 0..HOURS {
        // Hours that took longer, on a busy machine, are made up for by those that follow.
        let lasts = (span / HOURS * (hour + 1)).saturating_sub(began.elapsed());
        let trouble = trouble(hour);
        day.hour(trouble, lasts * 3 / 4)
            .await
            .map_err(|wrong| format!("hour {hour}, {trouble:?}: {wrong}"))?;
        let kib = memory.measure();
        let Tally { sign_ins, sign_outs, logouts, pages, tokens, told_to_wait } =
            std::mem::take(&mut day.tally);
        println!(
            "hour {hour:>2}: {pages:>6} pages, {tokens:>5} tokens, {sign_ins:>3} sign-ins, {sign_outs:>3} sign-outs, {logouts:>3} logouts, {told_to_wait:>3} told to wait; {kib} KiB  {trouble:?}"
        );
        // The provider's own memory of requests is no part of what is measured.
        day.world.provider.forget_requests();
    }
    day.everything_is_as_it_should_be().await?;
    memory.is_flat()?;
    println!("nothing lost, nothing left, memory flat");
    Ok(())
}

impl Day {
    async fn new() -> Self {
        let engine = EngineProcess::start(SessionKind::Redis).await;
        let bed = TestBed::new(BASE_URL).unwrap();
        let stores = Engine::at(SessionKind::Redis, engine.url(engine.address()), bed.clock()).await;
        let world = World::on(stores, bed, Framework::Axum, with_tokens);
        let second = with_tokens(world.builder()).build().unwrap();
        let address = Port::bind().serve(Framework::Actix, second.clone());
        let instances = [Instance::at(world.address), Instance::at(address)];
        let auths = [world.auth.clone(), second];
        let (people, gone, tally) = (Vec::new(), VecDeque::new(), Tally::default());
        Self { world, engine, instances, auths, people, gone, tally, dice: 0x5eed }
    }

    /// An hour: its trouble, then steps in which everybody asks, once at least, until this span is over; in the end some
    /// go and others come.
    async fn hour(&mut self, trouble: Trouble, lasts: Duration) -> Result<(), String> {
        let began = Instant::now();
        match trouble {
            Trouble::Nothing => {}
            Trouble::NewKeys => self.world.provider.rotate_keys().map_err(|error| error.to_string())?,
            Trouble::Restart(which) => self.restart(which).await?,
            Trouble::Engine => self.restart_engine().await?,
            Trouble::NoProvider => self.world.provider.set_down(true),
        }
        let away = trouble == Trouble::NoProvider;
        for step in 1..=STEPS {
            self.world.wait(Duration::from_secs(3600 / u64::from(STEPS)));
            loop {
                self.everybody_asks(away).await?;
                if began.elapsed() >= lasts * step / STEPS {
                    break;
                }
            }
        }
        if away {
            self.world.provider.set_down(false);
            // Past the back-off: it is asked again.
            self.world.wait(Duration::from_secs(90));
            self.everybody_asks(false).await?;
        }
        self.some_go_and_others_come().await?;
        self.those_who_went_are_nobody().await
    }

    /// A guarded page for everybody, and a token for one in four.
    async fn everybody_asks(&mut self, away: bool) -> Result<(), String> {
        let mut asking = JoinSet::new();
        let mut asked = Vec::new();
        for at in 0..self.people.len() {
            let wants_token = self.roll(4) == 0;
            let which = self.roll(2);
            let (person, instance) = (self.people[at].clone(), self.instances[which].clone());
            if asking.len() >= AT_ONCE
                && let Some(answer) = asking.join_next().await
            {
                asked.push(answer.map_err(|error| error.to_string())??);
            }
            asking.spawn(async move {
                if wants_token {
                    let answer = instance.get("/token", &person).await?;
                    match answer.status.as_u16() {
                        200 => Ok((0, 1, 0)),
                        // A provider that is away gives no token, and ends no session.
                        503 | 504 if away => Ok((0, 0, 1)),
                        _ => Err(format!("{person:?} lost a token: {answer:?}")),
                    }
                } else {
                    let answer = instance.get("/dashboard", &person).await?;
                    let there = answer.body.starts_with(&format!("dashboard of {}", person.subject));
                    if answer.status == 200 && there {
                        Ok((1, 0, 0))
                    } else {
                        Err(format!("{person:?} lost a session: {answer:?}"))
                    }
                }
            });
        }
        while let Some(answer) = asking.join_next().await {
            asked.push(answer.map_err(|error| error.to_string())??);
        }
        for (pages, tokens, told_to_wait) in asked {
            self.tally.pages += pages;
            self.tally.tokens += tokens;
            self.tally.told_to_wait += told_to_wait;
        }
        Ok(())
    }

    /// Half of those who go sign out, the others are signed out by the provider.
    async fn some_go_and_others_come(&mut self) -> Result<(), String> {
        for _ in 0..(self.people.len() / LEAVING).max(2) {
            let at = self.roll(self.people.len());
            let person = self.people.swap_remove(at);
            let which = self.roll(2);
            let instance = self.instances[which].clone();
            if self.roll(2) == 0 {
                instance.sign_out(&person).await?;
                self.tally.sign_outs += 1;
            } else {
                // It takes only what is older than itself.
                self.world.wait(Duration::from_secs(1));
                instance.told_by(&self.world.provider, &person).await?;
                self.tally.logouts += 1;
            }
            self.gone.push_back(person);
            if self.gone.len() > REMEMBERED {
                self.gone.pop_front();
            }
            let which = self.roll(2);
            let newcomer = self.sign_in(which).await?;
            self.people.push(newcomer);
        }
        Ok(())
    }

    async fn those_who_went_are_nobody(&self) -> Result<(), String> {
        for person in &self.gone {
            for instance in &self.instances {
                let nobody = async || match instance.knows(person).await {
                    Ok(false) => Some(Ok(())),
                    // Not yet: the other instance is about to hear of it.
                    Ok(true) => None,
                    Err(wrong) => Some(Err(wrong)),
                };
                until("who went is nobody", nobody).await?;
            }
        }
        Ok(())
    }

    async fn everything_is_as_it_should_be(&mut self) -> Result<(), String> {
        for person in &self.people {
            for instance in &self.instances {
                if !instance.knows(person).await? {
                    return Err(format!("lost: {person:?}"));
                }
            }
        }
        self.those_who_went_are_nobody().await?;
        let stored = self.world.engine.stored().await.len();
        if stored != self.people.len() {
            return Err(format!("{stored} sessions are stored, of {} people", self.people.len()));
        }
        Ok(())
    }

    async fn sign_in(&mut self, which: usize) -> Result<Person, String> {
        let subject = ["ada", "grace"][self.roll(2)];
        self.world.provider.sign_in_as(subject);
        let browser = Browser::new().clock(Arc::new(self.world.clock.clone()));
        browser.route(self.world.bed().issuer(), &self.world.provider).map_err(|error| error.to_string())?;
        self.tally.sign_ins += 1;
        self.instances[which].sign_in(&self.world.provider, browser).await
    }

    /// Everybody's token is due when the instance is told to end: what it has begun is finished, and nobody notices.
    async fn restart(&mut self, which: usize) -> Result<(), String> {
        self.world.wait(Duration::from_secs(3600));
        let ending = self.auths[which].clone();
        let (instance, other) = (self.instances[which].clone(), self.instances[1 - which].clone());
        let mut hold = self.world.provider.hold(Endpoint::Token);
        let mut asking = JoinSet::new();
        for person in self.people.iter().take(AT_ONCE) {
            let (instance, other, person) = (instance.clone(), other.clone(), person.clone());
            asking.spawn(async move {
                let answer = instance.get("/token", &person).await?;
                if answer.status == 200 {
                    return Ok(());
                }
                // Told to wait by the one that ends, a person is served by the other one.
                let again = other.get("/token", &person).await?;
                if again.status == 200 {
                    Ok(())
                } else {
                    Err(format!("{person:?}: {answer:?}, and then {again:?}"))
                }
            });
        }
        hold.reached(AT_ONCE.min(self.people.len())).await;
        let ended = tokio::spawn(async move { ending.drain(DRAIN).await });
        hold.release();
        let left = ended.await.map_err(|error| error.to_string())?;
        if !left.is_empty() {
            return Err(format!("the instance ended with {left}"));
        }
        while let Some(asked) = asking.join_next().await {
            asked.map_err(|error| error.to_string())??;
        }
        let framework = [Framework::Axum, Framework::Actix][which];
        let auth = with_tokens(self.world.builder()).build().map_err(|error| error.to_string())?;
        self.instances[which] = Instance::at(Port::bind().serve(framework, auth.clone()));
        self.auths[which] = auth;
        Ok(())
    }

    async fn restart_engine(&mut self) -> Result<(), String> {
        self.engine.kill().await;
        self.engine.start_again().await;
        for instance in &self.instances {
            let (instance, person) = (instance.clone(), self.people[0].clone());
            let there = until("the engine is found again", async || instance.knows(&person).await.ok()).await;
            if !there {
                return Err(format!("the engine's restart signed {person:?} out"));
            }
        }
        Ok(())
    }

    /// A number below this one.
    fn roll(&mut self, below: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.dice >> 33).unwrap_or_default() % below.max(1)
    }
}
