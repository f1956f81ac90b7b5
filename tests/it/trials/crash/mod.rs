//! Gateways that are killed, again and again, at any moment.
//!
//! The simulator lives in this process and survives. The gateways are real children on one database: one on SQLite, two
//! on PostgreSQL. Stories of cases go on all the while, with every mutation sent more than once, calls to Truv and
//! deliveries going wrong in all ways, and SIGKILL at seeded moments. At the end everything settles, and the simulator's
//! record is held against the database: no intent lost, none carried out twice, nothing over the quota, each bill in the
//! ledger, nothing stuck, no event lost, no secret in a log.
//!
//! ```text
//! RECERT_TEST_CRASH_CYCLES=300 cargo test --test it trials::crash -- --nocapture
//! ```

pub(super) mod front;
mod stage;
mod story;
mod verdict;
mod watcher;

use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use self::stage::Stage;
use super::{asked, say};

/// Cases that are worked on at once.
const STORIES: usize = 8;
/// How long what goes on may take to come to its end once nobody is killed any more.
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gateways_killed_at_any_moment_lose_nothing_and_do_nothing_twice() {
    let (cycles, seed) = (asked("RECERT_TEST_CRASH_CYCLES", 4), asked("RECERT_TEST_SEED", 20_261_123));
    let begun = Instant::now();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut stage = Stage::open(seed).await;
    say!("crash: {cycles} cycles, seed {seed}, {} replicas, logs in {}", stage.replicas(), stage.logs());
    let watcher = watcher::start(&stage).await;
    let mut kills = 0;
    for cycle in 0..cycles {
        stage.tell_stories(STORIES).await;
        // In the midst of work: on a busy machine a gateway may need long to begin.
        stage.until_busy(random.random_range(5..60)).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..400))).await;
        // Mostly one of them, sometimes all: then nobody is there to receive.
        let victim = random.random_range(0..stage.replicas());
        let all = random.random_bool(0.3);
        for replica in (0..stage.replicas()).filter(|replica| all || *replica == victim) {
            stage.gateways.kill(replica).await;
            kills += 1;
        }
        if random.random_bool(0.3) {
            tokio::time::sleep(Duration::from_millis(random.random_range(0..800))).await;
        }
        stage.gateways.start_missing().await;
        if cycle % 25 == 24 {
            say!("crash: {} cycles, {kills} kills, {} s; {}", cycle + 1, begun.elapsed().as_secs(), stage.tally());
        }
    }
    stage.settle().await;
    let shown = watcher.finish(&stage).await;
    let verdict = verdict::judge(&stage, &shown, cycles).await;
    say!("crash: {kills} kills in {cycles} cycles, {} s; {}", begun.elapsed().as_secs(), stage.tally());
    say!("crash: {}", verdict.summary);
    stage.close().await;
    assert!(verdict.faults.is_empty(), "seed {seed}:\n{}", verdict.faults.join("\n"));
}
