//! Streams that go on, whatever happens to those who write and to those who send.
//!
//! Writers commit events in the test's own process and through the gateways, and hold some transactions open for seconds,
//! with a number of before and an append at the end. The gateways are real children on one database, two on PostgreSQL, one on
//! SQLite; they are killed with SIGKILL, their wake-ups are cut off, and the oldest part of the log is forgotten. Readers
//! with all kinds of sight come, go, stay away, read slowly or not at all, and go on after their last cursor, on whichever
//! gateway is there. In the end what each one saw is held against the log itself: no event lost without `RESYNC`, none out
//! of order, none that was not for them.
//!
//! ```text
//! RECERT_TEST_STREAM_ROUNDS=120 cargo test --test it trials::streams -- --nocapture
//! ```
//!
//! With `RECERT_TEST_STREAM_BLIND=1` the gateways read the log without its horizon, on PostgreSQL: the trial must then fail.

mod memory;
mod readers;
mod stage;
mod verdict;
mod wire;
mod writers;

use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::stage::Stage;
use super::{asked, say};

/// Events that are written in a round before something is broken.
const BUSY: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streams_lose_nothing_whatever_is_killed_held_open_or_cut_off() {
    let (rounds, seed) = (asked("RECERT_TEST_STREAM_ROUNDS", 4), asked("RECERT_TEST_SEED", 20_261_128));
    let begun = Instant::now();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut stage = Stage::open(Duration::from_secs(2)).await;
    say!("streams: {rounds} rounds, seed {seed}, {} gateways, logs in {}", stage.gateways.count(), stage.logs());
    let readers = readers::start(&stage, &mut random);
    let writers = writers::start(&stage, &mut random);
    for round in 0..rounds {
        stage.until_written(BUSY).await;
        match round % 4 {
            // One after the other, so that a short run does each once; what is broken meanwhile comes from the seed.
            0 => stage.cut_wakes(Duration::from_millis(random.random_range(200..2_500))).await,
            2 => stage.forget().await,
            _ => {
                let victim = random.random_range(0..stage.gateways.count());
                let all = random.random_bool(0.3);
                for gateway in (0..stage.gateways.count()).filter(|gateway| all || *gateway == victim) {
                    stage.gateways.kill(gateway).await;
                    stage.world.count("kills");
                }
                tokio::time::sleep(Duration::from_millis(random.random_range(0..800))).await;
                stage.gateways.start_missing().await;
            }
        }
        if round % 20 == 19 {
            say!("streams: {} rounds, {} s; {}", round + 1, begun.elapsed().as_secs(), stage.world.tally());
        }
    }
    writers.end().await;
    let log = stage.whole_log().await;
    let seen = readers.finish(&log).await;
    let verdict = verdict::judge(&stage, &log, &seen);
    say!("streams: {} s; {}", begun.elapsed().as_secs(), stage.world.tally());
    say!("streams: {}", verdict.summary);
    stage.close(verdict.faults.is_empty()).await;
    assert!(verdict.faults.is_empty(), "seed {seed}:\n{}", verdict.faults.join("\n"));
}
