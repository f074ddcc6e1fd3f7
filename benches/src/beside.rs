//! What a guarded request waits for at worst while others sign in and refresh, and what has expired is swept.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use landfall::store::{RecordKey, SessionStore, StoredRecord, Updated};
use landfall::{Clock as _, MemoryStore, SystemClock};
use landfall_redis::redis;
use landfall_requests::{Request, Subject, TARGET, axum_signed_in, axum_subject, hot};
use landfall_sqlx::PostgresStore;
use landfall_sqlx::sqlx::PgPool;

use crate::bench::Bench;
use crate::engines::Engine;
use crate::landfall_auth as auth;
use crate::scale::{Sample, name, scrambled};

/// The 99th percentile beside the others may be so many times that without them.
const BUDGET: f64 = 2.0;
/// So many sessions are there before; so many of them are refreshed.
const HELD: u64 = 100_000;
const REFRESHED: u64 = 1_000;
/// Alone and beside take turns, so that what else the machine does is in both.
const TURNS: u64 = 12;
const TURN: Duration = Duration::from_millis(800);
/// How often somebody signs in, and a session is refreshed.
const BEAT: Duration = Duration::from_millis(5);
/// So many requests are built beforehand.
const AT_ONCE: usize = 100;
/// After so many beats the store is swept, where a store is.
const BETWEEN_SWEEPS: u64 = 50;
/// A session that is created beside lives so long, so that sweeps find some.
const SHORT: Duration = Duration::from_millis(500);
/// So many sessions expire in every turn beside, where the engine is the one that removes them.
const EXPIRING: u64 = 2_000;

type Store = Arc<dyn SessionStore>;

/// Sweeps a store that is told to.
type Sweep = Box<dyn Fn(&tokio::runtime::Runtime) + Send>;

/// Measures each store that is there and prints a line for each.
pub fn print(bench: &Bench) {
    let sample = Sample::take(bench);
    // As axum's own server has it: requests are tasks on a runtime of several threads.
    let bench = &bench.threaded();
    println!(
        "\na guarded request, its store asked each time, alone and beside {}/s sign-ins and {}/s refreshes in a store of \
         {HELD}, with what has\nexpired being swept; microseconds, both in turns",
        1000 / BEAT.as_millis(),
        1000 / BEAT.as_millis()
    );
    println!(
        "{:<11} {:>9} {:>9} {:>9} {:>10} {:>10} {:>10}  p99, budget {BUDGET}",
        "", "p50", "p99", "p99.9", "p50 beside", "p99 beside", "p99.9"
    );
    let memory = MemoryStore::new();
    measure("memory", bench, &sample, [(); 3].map(|()| Arc::new(memory.clone()) as Store), |_| {}, None);
    if let Some(address) = bench.engines().find(Engine::Redis) {
        let mut server =
            redis::Client::open(address).and_then(|client| client.get_connection()).expect("Redis");
        let expire = |turn| expire_in_redis(&mut server, &sample, turn);
        measure("Redis", bench, &sample, [(); 3].map(|()| auth::redis(bench)), expire, None);
    }
    if let Some(address) = bench.engines().find(Engine::Postgres) {
        let pool = bench.block_on(PgPool::connect(address)).expect("PostgreSQL");
        // Another instance, which sweeps the same rows.
        let (address, other) = (address.to_owned(), OnceCell::new());
        let sweep: Sweep = Box::new(move |runtime| {
            let swept = async {
                let connect = || PgPool::connect_lazy(&address).expect("a sound address");
                other.get_or_init(|| PostgresStore::new(connect()).migrating()).sweep().await
            };
            runtime.block_on(swept).expect("swept");
        });
        let expire = |turn| bench.block_on(expire_in_postgres(&pool, &sample, turn));
        measure("PostgreSQL", bench, &sample, [(); 3].map(|()| auth::postgres(bench)), expire, Some(sweep));
    }
}

/// Sessions that Redis will remove in the course of a turn.
fn expire_in_redis(server: &mut redis::Connection, sample: &Sample, turn: u64) {
    let mut pipe = redis::pipe();
    for number in 0..EXPIRING {
        let key = [b"{landfall}s", &name(turn * EXPIRING + number, 3)[..]].concat();
        let value = [&sample.0.admin[..], &sample.0.sealed[..]].concat();
        let millis = 1 + scrambled(number) % TURN.as_millis() as u64;
        pipe.cmd("SET").arg(key).arg(value).arg("PX").arg(millis).ignore();
    }
    pipe.query::<()>(server).expect("set");
}

/// Sessions that ended long ago, for a sweep to find.
async fn expire_in_postgres(pool: &PgPool, sample: &Sample, turn: u64) {
    landfall_sqlx::sqlx::query(
        "INSERT INTO landfall_sessions (key, version, created_at, expires_at, idle_expires_at, ends_at, subject, \
         sid, sealed, admin, writing) SELECT sha256(int8send(n * 4 + 3)), 1, 1, 2, 2, 2, sha256(int8send(n)), \
         NULL, $3, $4, n FROM generate_series($1::bigint, $2::bigint - 1) n",
    )
    .bind((turn * EXPIRING) as i64)
    .bind(((turn + 1) * EXPIRING) as i64)
    .bind(&sample.0.sealed[..])
    .bind(&sample.0.admin[..])
    .execute(pool)
    .await
    .expect("so many sessions");
}

/// Measures alone and beside, in turns. `expire` is called before each turn beside, unmeasured. The sessions are filled
/// in, asked for and changed by a store each, as by instances of an application: a connection belongs to one runtime.
fn measure(
    title: &str,
    bench: &Bench,
    sample: &Sample,
    [filling, asked, changing]: [Store; 3],
    mut expire: impl FnMut(u64),
    sweep: Option<Sweep>,
) {
    bench.block_on(sample.create(&filling, 0..HELD));
    let auth = auth::far(asked);
    let cookies = hot(bench, &auth);
    let mut app = axum_subject(bench, axum_signed_in(auth), Request::open(TARGET), cookies);
    let others = Others::start(changing, sample, sweep);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    turn(&mut *app);
    for number in 0..TURNS {
        alone.extend(turn(&mut *app));
        expire(number);
        others.busy.store(true, Ordering::Release);
        beside.extend(turn(&mut *app));
        others.busy.store(false, Ordering::Release);
    }
    let done = others.stop();
    let (alone, beside) = (percentiles(alone), percentiles(beside));
    let ratio = beside[1] / alone[1];
    println!(
        "{title:<11} {:>9.1} {:>9.1} {:>9.1} {:>10.1} {:>10.1} {:>10.1}  x {ratio:.2} {} ({done} beats)",
        alone[0],
        alone[1],
        alone[2],
        beside[0],
        beside[1],
        beside[2],
        if ratio <= BUDGET { "ok" } else { "OVER" }
    );
}

/// The times of all requests of a turn, one after the other, in microseconds.
fn turn(app: &mut dyn Subject) -> Vec<f64> {
    let (mut times, started) = (Vec::new(), Instant::now());
    while started.elapsed() < TURN {
        app.prepare(AT_ONCE);
        times.extend(app.time(AT_ONCE).iter().map(|time| time.as_secs_f64() * 1e6));
    }
    times
}

/// The time within which half of all were answered, 99 of a hundred, 999 of a thousand.
fn percentiles(mut times: Vec<f64>) -> [f64; 3] {
    times.sort_by(f64::total_cmp);
    [0.5, 0.99, 0.999].map(|part| times[((times.len() - 1) as f64 * part) as usize])
}

/// Those who sign in and refresh beside, on a thread of their own.
struct Others {
    busy: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    thread: thread::JoinHandle<u64>,
}

impl Others {
    fn start(store: Store, sample: &Sample, sweep: Option<Sweep>) -> Self {
        let (busy, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (is_busy, is_over) = (Arc::clone(&busy), Arc::clone(&over));
        let sample = Sample(sample.0.clone());
        let thread = thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().expect("a runtime");
            let mut beats = 0;
            while !is_over.load(Ordering::Acquire) {
                if is_busy.load(Ordering::Acquire) {
                    runtime.block_on(beat(&*store, &sample, beats));
                    if let Some(sweep) = sweep.as_ref().filter(|_| beats % BETWEEN_SWEEPS == 0) {
                        sweep(&runtime);
                    }
                    beats += 1;
                }
                thread::sleep(BEAT);
            }
            beats
        });
        Self { busy, over, thread }
    }

    /// How many beats there were.
    fn stop(self) -> u64 {
        self.over.store(true, Ordering::Release);
        self.thread.join().expect("no panic")
    }
}

/// Somebody signs in for a short while, and a session is refreshed.
async fn beat(store: &dyn SessionStore, sample: &Sample, number: u64) {
    let (key, mut record) = sample.numbered(HELD + number);
    let now = SystemClock.now();
    (record.created_at, record.expires_at, record.idle_expires_at) = (now, now.plus(SHORT), now.plus(SHORT));
    store.create(key, record).await.expect("a new session");
    let key = RecordKey(name(number % REFRESHED, 0));
    let record: StoredRecord = store.load(key).await.expect("an answer").expect("a session");
    let (before, mut record) = (record.version, record);
    record.version += 1;
    assert_eq!(store.update(key, before, record).await.expect("an answer"), Updated::Done);
}
