//! What the readers saw, held against the log.

use std::collections::HashMap;

use recert::events::Position;
use uuid::Uuid;

use super::readers::{Seen, Told};
use super::stage::{Row, Stage};

pub(super) struct Verdict {
    pub(super) summary: String,
    pub(super) faults: Vec<String>,
}

pub(super) fn judge(stage: &Stage, log: &[Row], seen: &[Seen]) -> Verdict {
    let mut faults = of_the_log(log);
    let forgotten = stage.world.forgotten.lock().unwrap().last().copied().unwrap_or(Position::START);
    let mut told = 0;
    for one in seen {
        let held = hold(log, forgotten, one);
        told += held.events;
        faults.extend(held.faults.iter().chain(&one.faults).map(|fault| format!("{}: {fault}", one.name)));
    }
    // A trial in which little happened proves little.
    let mut wanted = vec![
        "commits",
        "transactions held open",
        "rolled back",
        "assignments",
        "kills",
        "cuts of the wake-ups",
        "resumed",
    ];
    if stage.gateways.count() > 1 {
        wanted.push("resumed elsewhere");
    }
    let missing = wanted.into_iter().filter(|what| stage.world.counted(what) == 0);
    faults.extend(missing.map(|what| format!("the trial was too short: no {what}")));
    let summary = format!("{} events in the log, {told} told to {} readers", log.len(), seen.len());
    Verdict { summary, faults }
}

/// In the log itself the versions of a case go up one by one.
fn of_the_log(log: &[Row]) -> Vec<String> {
    let mut versions: HashMap<Uuid, i64> = HashMap::new();
    let mut faults = Vec::new();
    for row in log {
        let last = versions.insert(row.case, row.version);
        if last.is_some_and(|last| row.version != last + 1) {
            faults.push(format!("the log has version {} of case {} after {last:?}", row.version, row.case));
        }
    }
    faults
}

struct Held {
    events: usize,
    faults: Vec<String>,
}

fn hold(log: &[Row], forgotten: Position, seen: &Seen) -> Held {
    let mine: Vec<Position> = log.iter().filter(|row| seen.sight.admits(row)).map(|row| row.at).collect();
    let mut held = Held { events: 0, faults: Vec::new() };
    // Where the reader stands, and whether it was told of a gap there.
    let (mut at, mut has_gap): (Option<Position>, bool) = (None, false);
    let (mut lost, mut foreign, mut disorder) = (Vec::new(), Vec::new(), Vec::new());
    for told in &seen.told {
        match *told {
            Told::Opened(stands, None) => (at, has_gap) = (Some(stands), false),
            Told::Opened(stands, Some(asked)) => {
                if stands != asked {
                    held.faults.push(format!("asked to go on after {asked:?} and was put at {stands:?}"));
                }
            }
            Told::Resync => {
                has_gap = true;
                if at.is_some_and(|at| at >= forgotten) {
                    held.faults.push(format!("was told of a gap at {at:?}, where nothing was forgotten"));
                }
            }
            Told::Event(next) => {
                held.events += 1;
                let stands = at.unwrap_or(Position::START);
                if next <= stands {
                    disorder.push(next);
                } else {
                    let from = mine.partition_point(|place| *place <= stands);
                    let to = mine.partition_point(|place| *place < next);
                    lost.extend(mine[from..to].iter().filter(|place| !has_gap || **place > forgotten));
                    if mine.get(to) != Some(&next) {
                        foreign.push(next);
                    }
                }
                (at, has_gap) = (Some(next), false);
            }
        }
    }
    for (what, places) in [("lost", lost), ("foreign", foreign), ("out of order or repeated", disorder)] {
        if let Some(first) = places.first() {
            held.faults.push(format!("{} events {what}, the first at {first:?}", places.len()));
        }
    }
    held
}
