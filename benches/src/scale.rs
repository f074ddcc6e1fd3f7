//! What many sessions take, and whether one of many is found as fast as one of few.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cpu_time::ProcessTime;
use landfall::MemoryStore;
use landfall::store::{IndexKey, RecordKey, SessionStore, StoredRecord};
use landfall_redis::redis;
use landfall_requests::hot;
use landfall_sqlx::sqlx::{self, PgPool};

use crate::bench::Bench;
use crate::engines::Engine;
use crate::landfall_auth as auth;

/// So many sessions are held in memory, one size after the other.
pub const IN_MEMORY: [u64; 3] = [1_000, 10_000, 100_000];
const IN_REDIS: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const IN_POSTGRES: [u64; 3] = [1_000, 10_000, 100_000];

/// So many are created at a time, and one after the other is looked up.
const AT_A_TIME: u64 = 256;
const BATCHES: u64 = 200;
const BATCH: u64 = 20;

/// Grows each store and prints a line for each size; `in_memory` are the bytes of a session at each size there.
pub fn print(bench: &Bench, in_memory: &[f64]) {
    let sample = Sample::take(bench);
    println!(
        "\nsessions without tokens, each with a subject and a sid of its own: {} bytes sealed, {} more to list it",
        sample.0.sealed.len(),
        sample.0.admin.len()
    );
    println!(
        "{:<12} {:>9} {:>11} {:>10} {:>9} {:>7} {:>9} {:>10}",
        "", "sessions", "bytes each", "create us", "load us", "CPU us", "x first", "by sub us"
    );
    let mut bytes = in_memory.iter();
    bench.block_on(sample.grow("memory", Arc::new(MemoryStore::new()), &IN_MEMORY, async |_| {
        bytes.next().copied().unwrap_or(f64::NAN)
    }));
    if let Some(address) = bench.engines().find(Engine::Redis) {
        let mut server =
            redis::Client::open(address).and_then(|client| client.get_connection()).expect("Redis");
        let before = used_memory(&mut server);
        let store = auth::redis(bench);
        bench.block_on(sample.grow("Redis", store, &IN_REDIS, async |sessions| {
            (used_memory(&mut server) - before) / sessions as f64
        }));
    }
    if let Some(address) = bench.engines().find(Engine::Postgres) {
        let store = auth::postgres(bench);
        bench.block_on(async {
            let database = PgPool::connect(address).await.expect("PostgreSQL");
            // Makes the tables.
            let _ = store.load(RecordKey(name(0, 0))).await;
            let before = on_disk(&database).await;
            let bytes = async |sessions| (on_disk(&database).await - before) / sessions as f64;
            sample.grow("PostgreSQL", store, &IN_POSTGRES, bytes).await;
        });
    }
}

/// What PostgreSQL keeps on disk, in bytes, its log aside.
async fn on_disk(database: &PgPool) -> f64 {
    sqlx::query_scalar("SELECT pg_database_size(current_database())::float8")
        .fetch_one(database)
        .await
        .expect("a number")
}

/// What Redis holds, in bytes.
fn used_memory(server: &mut redis::Connection) -> f64 {
    let info: redis::InfoDict = redis::cmd("INFO").arg("memory").query(server).expect("an answer");
    info.get("used_memory").expect("a number")
}

/// A session as the relying party stores it.
pub struct Sample(StoredRecord);

impl Sample {
    pub fn take(bench: &Bench) -> Self {
        let store = MemoryStore::new();
        let _cookies = hot(bench, &auth::near(store.clone()));
        Self(store.dump().remove(0).1)
    }

    /// Stores these sessions, many at a time.
    pub async fn create(&self, store: &Arc<dyn SessionStore>, numbers: Range<u64>) {
        let hands = (0..AT_A_TIME).map(|hand| {
            let (record, store) = (self.0.clone(), Arc::clone(store));
            let numbers = (numbers.start + hand..numbers.end).step_by(AT_A_TIME as usize);
            tokio::spawn(async move {
                for number in numbers {
                    let mut record = record.clone();
                    record.subject = IndexKey(name(number, 1));
                    record.sid = Some(IndexKey(name(number, 2)));
                    // A clone would share them.
                    record.sealed = Bytes::copy_from_slice(&record.sealed);
                    record.admin = Bytes::copy_from_slice(&record.admin);
                    store.create(RecordKey(name(number, 0)), record).await.expect("a new session");
                }
            })
        });
        for hand in hands.collect::<Vec<_>>() {
            hand.await.expect("no panic");
        }
    }

    async fn grow(
        &self,
        name: &str,
        store: Arc<dyn SessionStore>,
        sizes: &[u64],
        mut bytes_each: impl AsyncFnMut(u64) -> f64,
    ) {
        let mut held = 0;
        let mut first = None;
        for &size in sizes {
            let started = Instant::now();
            self.create(&store, held..size).await;
            let create = started.elapsed().as_secs_f64() * 1e6 / (size - held) as f64;
            held = size;
            let bytes = bytes_each(held).await;
            let load = look_up(held, async |number| {
                store.load(RecordKey(self::name(number, 0))).await.expect("an answer").is_some()
            });
            let load = load.await;
            let by_subject = look_up(held, async |number| {
                let subject = IndexKey(self::name(number, 1));
                store.list_by_subject(subject, 10).await.expect("an answer").len() == 1
            });
            let by_subject = by_subject.await;
            println!(
                "{name:<12} {held:>9} {bytes:>11.0} {create:>10.1} {:>9.2} {:>7.2} {:>9.2} {:>10.2}",
                load.elapsed,
                load.cpu,
                load.elapsed / *first.get_or_insert(load.elapsed),
                by_subject.elapsed
            );
        }
    }
}

/// What a look-up takes, in microseconds.
struct LookUp {
    /// The median of the batches.
    elapsed: f64,
    /// Ours alone.
    cpu: f64,
}

/// Looks up one after the other, in no order.
async fn look_up(held: u64, found: impl AsyncFn(u64) -> bool) -> LookUp {
    let mut batches = Vec::new();
    let cpu = ProcessTime::now();
    for batch in 0..BATCHES {
        let started = Instant::now();
        for number in 0..BATCH {
            assert!(found(scrambled(batch * BATCH + number) % held).await, "a session is lost");
        }
        batches.push(started.elapsed().as_secs_f64() * 1e6 / BATCH as f64);
    }
    let cpu = cpu.elapsed().as_secs_f64() * 1e6 / (BATCHES * BATCH) as f64;
    batches.sort_by(f64::total_cmp);
    LookUp { elapsed: batches[batches.len() / 2], cpu }
}

/// What stands for a digest.
fn name(number: u64, kind: u64) -> [u8; 32] {
    let mut name = [0; 32];
    for (place, bytes) in (0..).zip(name.chunks_exact_mut(8)) {
        bytes.copy_from_slice(&scrambled(number << 4 | kind << 2 | place).to_be_bytes());
    }
    name
}

/// A number that looks like chance, another one for every number.
fn scrambled(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}
