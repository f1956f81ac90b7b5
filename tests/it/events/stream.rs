//! Replay, live events, and the seam between them.

use std::pin::Pin;
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::{Stream, StreamExt};
use recert::caller::{CaseScope, Caseload};
use recert::events::{Filter, Frame, Position, Window, page, stream};
use recert::storage::Error;
use recert::words::CaseEventKind;

use crate::graphql::stage::{Stage, day, live, stage};
use crate::support::seed::{NewCase, Seeded};

type Frames = Pin<Box<dyn Stream<Item = Result<Frame, Error>> + Send>>;

fn everything(stage: &Stage) -> CaseScope {
    CaseScope { agency: stage.agency, caseload: Caseload::All }
}

fn follow(stage: &Stage, after: Option<Position>) -> Frames {
    Box::pin(stream(stage.kit.db.clone(), stage.hub.clone(), everything(stage), Filter::default(), after))
}

async fn next(frames: &mut Frames) -> Frame {
    let frame = tokio::time::timeout(Duration::from_secs(90), frames.next());
    frame.await.expect("a frame in time").expect("the stream goes on").unwrap()
}

async fn positions(frames: &mut Frames, count: usize) -> Vec<Position> {
    let mut positions = Vec::new();
    while positions.len() < count {
        match next(frames).await {
            Frame::Event(happening) => positions.push(happening.event.position),
            other => panic!("{other:?}"),
        }
    }
    positions
}

/// What the log holds.
async fn log(stage: &Stage) -> Vec<Position> {
    let window = Window { after: None, before: None, limit: 10_000, from_end: false };
    let page = page(&stage.kit.db, everything(stage), &Filter::default(), window).await.unwrap();
    page.events.iter().map(|event| event.position).collect()
}

async fn case(stage: &Stage) -> Seeded {
    let due: NaiveDate = day(2026, 4, 30);
    stage.seed().case(stage.agency, NewCase::due("1", due)).await
}

async fn write(stage: &Stage, case: Seeded, count: usize) {
    for _ in 0..count {
        stage.seed().event(case, CaseEventKind::CaseStatusChanged, None, None).await;
    }
}

#[tokio::test]
async fn streams_that_open_while_events_are_written_miss_none_and_repeat_none() {
    let stage = stage().await;
    let case = case(&stage).await;
    write(&stage, case, 1).await;
    live(&stage, async {
        let writing = write(&stage, case, 200);
        let opening = async {
            let mut open = Vec::new();
            for n in 0..40 {
                // Every other one goes on from where an earlier one stood.
                let after = if n % 2 == 0 { None } else { open.last().map(|(at, _)| *at) };
                let mut frames = follow(&stage, after);
                let Frame::Opened(at) = next(&mut frames).await else { panic!("a stream opens first") };
                open.push((at, frames));
                tokio::task::yield_now().await;
            }
            open
        };
        let ((), open) = tokio::join!(writing, opening);
        let log = log(&stage).await;
        assert_eq!(log.len(), 201);
        for (at, mut frames) in open {
            let expected: Vec<Position> = log.iter().copied().filter(|position| *position > at).collect();
            assert_eq!(positions(&mut frames, expected.len()).await, expected, "opened at {at:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_stops_reading_costs_a_queue_and_then_reads_the_log_without_a_gap() {
    let stage = stage().await;
    let case = case(&stage).await;
    live(&stage, async {
        let (mut slow, mut quick) = (follow(&stage, None), follow(&stage, None));
        for frames in [&mut slow, &mut quick] {
            assert!(matches!(next(frames).await, Frame::Opened(_)));
        }
        write(&stage, case, 300).await;
        // The quick one is at the end, and so the hub has let the slow one go.
        let expected = log(&stage).await;
        assert_eq!(positions(&mut quick, 300).await, expected);
        assert_eq!(stage.hub.streams(), 1, "a reader that does not read has no place at the hub");
        assert_eq!(positions(&mut slow, 300).await, expected);
        write(&stage, case, 3).await;
        let rest = log(&stage).await.split_off(300);
        assert_eq!(positions(&mut slow, 3).await, rest);
        assert_eq!(positions(&mut quick, 3).await, rest);
        assert_eq!(stage.hub.streams(), 2, "it is live again");
        drop((slow, quick));
        assert_eq!(stage.hub.streams(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_pruned_before_a_slow_reader_came_to_it_is_a_resync() {
    let stage = stage().await;
    let case = case(&stage).await;
    live(&stage, async {
        let mut slow = follow(&stage, None);
        assert!(matches!(next(&mut slow).await, Frame::Opened(_)));
        write(&stage, case, 1).await;
        assert_eq!(positions(&mut slow, 1).await.len(), 1);
        write(&stage, case, 300).await;
        let log = log(&stage).await;
        stage.seed().forget(log[250]).await;
        let mut kept = Vec::new();
        let resync = loop {
            match next(&mut slow).await {
                Frame::Event(happening) => kept.push(happening.event.position),
                Frame::Resync(at) => break at,
                Frame::Opened(at) => panic!("opened again at {at:?}"),
            }
        };
        // What it held is told, then comes the gap, then what is left, and it goes on live.
        assert_eq!(kept, log[1..=kept.len()]);
        assert_eq!(resync, log[kept.len()]);
        assert_eq!(positions(&mut slow, 50).await, log[251..]);
        write(&stage, case, 1).await;
        assert_eq!(positions(&mut slow, 1).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_position_before_the_retention_resyncs_once_and_goes_on() {
    let stage = stage().await;
    let case = case(&stage).await;
    write(&stage, case, 20).await;
    let log = log(&stage).await;
    stage.seed().forget(log[9]).await;
    live(&stage, async {
        let mut frames = follow(&stage, Some(log[3]));
        assert!(matches!(next(&mut frames).await, Frame::Opened(at) if at == log[3]));
        assert!(matches!(next(&mut frames).await, Frame::Resync(at) if at == log[3]));
        assert_eq!(positions(&mut frames, 10).await, log[10..]);
        // Exactly at the edge nothing is missing.
        let mut frames = follow(&stage, Some(log[9]));
        assert!(matches!(next(&mut frames).await, Frame::Opened(_)));
        assert_eq!(positions(&mut frames, 10).await, log[10..]);
        // With nothing left to read, the gap is still told, and only once.
        stage.seed().forget(log[19]).await;
        let mut frames = follow(&stage, Some(log[3]));
        assert!(matches!(next(&mut frames).await, Frame::Opened(_)));
        assert!(matches!(next(&mut frames).await, Frame::Resync(_)));
        write(&stage, case, 1).await;
        assert_eq!(positions(&mut frames, 1).await.len(), 1);
    })
    .await;
}
