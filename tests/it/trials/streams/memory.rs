//! What somebody costs who subscribes and then never reads again.

use std::time::Duration;

use recert::caller::Scope;
use serde_json::json;

use super::readers::wide;
use super::stage::{PATIENCE, Stage};
use super::wire::{self, Ask, Heard, Wire};
use super::writers::append;
use crate::trials::say;

/// Who does not read.
const STUCK: u64 = 30;
/// As the operators' page says: "less than half a MiB together".
const CEILING: u64 = 512;
/// Events, of which each fills a frame of some kilobytes: far more than the system's own buffers take.
const EVENTS: usize = 1_200;

async fn opened(stage: &Stage, ask: &Ask) -> Wire {
    let opening = async {
        let mut wire = wire::socket(ask).await.expect("a gateway that answers");
        let Heard::Result(first) = wire.next().await else { panic!("a stream opens first") };
        assert_eq!(first["data"]["caseEvents"]["kind"], "STREAM_OPENED", "{first}");
        wire
    };
    stage.world.count("opened");
    tokio::time::timeout(PATIENCE, opening).await.expect("an opening in time")
}

/// Resident memory of a process in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_that_never_read_cost_no_more_than_what_is_written_down() {
    let stage = Stage::open(Duration::from_mins(10)).await;
    let (agency, gateway) = (&stage.world.agencies[0], stage.world.alive.lock().unwrap()[0].unwrap());
    let ask = Ask {
        gateway,
        token: stage.world.token(&agency.slug, "reader", &[Scope::CasesRead]),
        document: wide(),
        variables: json!({}),
        is_narrow: true,
    };
    let mut attentive = opened(&stage, &ask).await;
    let mut stuck = Vec::new();
    for _ in 0..STUCK {
        stuck.push(opened(&stage, &ask).await);
    }
    let pid = stage.gateways.pid(0).expect("a replica that is up");
    let before = memory(pid);
    let write = async {
        for _ in 0..EVENTS / agency.cases.len() {
            let tx = stage.world.db.begin().await.unwrap();
            for case in &agency.cases {
                append(&tx, agency, case, true).await;
            }
            stage.world.db.commit(tx).await.unwrap();
        }
    };
    // Whoever reads is told everything, at the pace of the machine.
    let read = async {
        for _ in 0..EVENTS / agency.cases.len() * agency.cases.len() {
            let next = tokio::time::timeout(PATIENCE, attentive.next()).await.expect("an event in time");
            assert!(matches!(next, Heard::Result(_)), "whoever reads is not shown out");
        }
    };
    tokio::join!(write, read);
    let each = memory(pid).saturating_sub(before) / STUCK;
    say!("streams: {each} KiB for each of {STUCK} subscribers that do not read");
    assert!(each < CEILING, "{each} KiB each");
    drop(stuck);
    stage.close(true).await;
}
