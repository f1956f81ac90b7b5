//! Random histories of an order's tasks, entries and words, told in any order and any number of times: what is known at the
//! end is the same.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use recert::ids::Ids;
use recert::orders::status::{self, Standing, Told};
use recert::orders::{OrderEmployer, Task};
use recert::words::OrderStatus;

const TASK_WORDS: [&str; 17] = [
    "new",
    "login",
    "mfa",
    "parse",
    "full_parse",
    "base_parse",
    "done",
    "login_error",
    "mfa_error",
    "account_locked",
    "unable_to_reset",
    "no_data",
    "unavailable",
    "not_supported",
    "config_error",
    "error",
    "unheard_of",
];
const ENTRY_WORDS: [&str; 9] =
    ["pending", "sent", "completed", "no_data", "error", "expired", "canceled", "skipped", "unheard_of"];

/// One thing that is told, mostly about one employer, at a second of the history.
#[derive(Clone, Debug)]
enum Piece {
    Task {
        employer: usize,
        task: usize,
        word: &'static str,
        at: i64,
    },
    Entry {
        employer: usize,
        word: &'static str,
        at: i64,
    },
    Told {
        employer: usize,
        word: &'static str,
        at: i64,
    },
    /// The whole order was canceled.
    Canceled,
}

fn piece(employers: usize) -> impl Strategy<Value = Piece> {
    // Few seconds, so that many pieces carry the same time.
    let (task, entry) = (prop::sample::select(&TASK_WORDS[..]), prop::sample::select(&ENTRY_WORDS[..]));
    prop_oneof![
        4 => (0..employers, 0..3_usize, task.clone(), 0..6_i64)
            .prop_map(|(employer, task, word, at)| Piece::Task { employer, task, word, at }),
        2 => (0..employers, entry, 0..6_i64).prop_map(|(employer, word, at)| Piece::Entry { employer, word, at }),
        2 => (0..employers, task, 0..6_i64).prop_map(|(employer, word, at)| Piece::Told { employer, word, at }),
        1 => Just(Piece::Canceled),
    ]
}

/// A history, and the same pieces once more in another order with repetitions.
fn history() -> impl Strategy<Value = (usize, Vec<Piece>, Vec<Piece>)> {
    (1..=3_usize).prop_flat_map(|employers| {
        prop::collection::vec(piece(employers), 1..14).prop_flat_map(move |pieces| {
            let again = prop::collection::vec(prop::sample::select(pieces.clone()), 0..8);
            (Just(pieces), again).prop_flat_map(move |(pieces, again)| {
                let all: Vec<Piece> = pieces.iter().cloned().chain(again).collect();
                (Just(employers), Just(pieces), Just(all).prop_shuffle())
            })
        })
    })
}

fn time(second: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 4, 15, 0, 0).unwrap() + TimeDelta::seconds(second)
}

/// Standing, the entry's word, the task's word, and when that was said.
type Seen = (Standing, String, Option<String>, Option<DateTime<Utc>>);

/// What is known, kept as the gateway keeps it.
struct Known {
    ids: Ids,
    employers: Vec<OrderEmployer>,
    tasks: Vec<Task>,
    is_canceled: bool,
    status: OrderStatus,
}

impl Known {
    fn new(employers: usize) -> Self {
        let ids = Ids::seeded(recert::clock::Clock::still(time(0)), 1);
        let order = ids.next();
        let agency = ids.next();
        let employers = (0..employers).map(|position| OrderEmployer {
            id: ids.next(),
            agency,
            order,
            position: i32::try_from(position).unwrap(),
            source: None,
            link: None,
            truv_suborder_id: None,
            suborder_number: None,
            company_name: None,
            raw_status: "pending".to_owned(),
            status_at: None,
            task_status: None,
            task_at: None,
            latest_task: None,
            told: None,
            message: None,
            updated_at: time(0),
        });
        Self {
            employers: employers.collect(),
            ids,
            tasks: Vec::new(),
            is_canceled: false,
            status: OrderStatus::Pending,
        }
    }

    fn hear(&mut self, piece: &Piece) {
        match *piece {
            Piece::Task { employer, task, word, at } => self.hear_task(employer, task, word, time(at)),
            Piece::Entry { employer, word, at } => {
                let entry = &mut self.employers[employer];
                if status::suborder_moves((&entry.raw_status, entry.status_at), (word, time(at))) {
                    (entry.raw_status, entry.status_at) = (word.to_owned(), Some(time(at)));
                }
            }
            Piece::Told { employer, word, at } => {
                let told = Told { raw_status: word.to_owned(), at: time(at) };
                let entry = &mut self.employers[employer];
                if status::told_moves(entry.told.as_ref(), &told) {
                    entry.told = Some(told);
                }
            }
            Piece::Canceled => self.is_canceled = true,
        }
        self.derive();
    }

    fn hear_all(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            self.hear(piece);
        }
    }

    fn hear_task(&mut self, employer: usize, task: usize, word: &str, at: DateTime<Utc>) {
        let name = format!("task-{employer}-{task}");
        match self.tasks.iter_mut().find(|task| task.truv_task_id == name) {
            Some(task) => {
                if status::task_moves(Some((&task.raw_status, task.status_at)), (word, at)) {
                    (task.raw_status, task.status_at) = (word.to_owned(), at);
                }
            }
            None => self.tasks.push(Task {
                id: self.ids.next(),
                employer: self.employers[employer].id,
                truv_task_id: name,
                raw_status: word.to_owned(),
                status_at: at,
                updated_at: at,
            }),
        }
    }

    fn derive(&mut self) {
        for employer in &mut self.employers {
            let tasks: Vec<Task> = self.tasks.iter().filter(|task| task.employer == employer.id).cloned().collect();
            if let Some((word, at, task)) = status::effective(&tasks, employer.told.as_ref()) {
                (employer.task_status, employer.task_at, employer.latest_task) = (Some(word), Some(at), task);
            }
        }
        let standings: Vec<Standing> = self.employers.iter().map(status::standing).collect();
        self.status = status::next(self.status, status::derive(&standings, self.is_canceled));
    }

    /// All that can be seen of it, without our own ids.
    fn seen(&self) -> (OrderStatus, Vec<Seen>) {
        let entry = |employer: &OrderEmployer| {
            (status::standing(employer), employer.raw_status.clone(), employer.task_status.clone(), employer.task_at)
        };
        (self.status, self.employers.iter().map(entry).collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_repetition_end_in_the_same_states((employers, told, retold) in history()) {
        let (mut once, mut again) = (Known::new(employers), Known::new(employers));
        once.hear_all(&told);
        again.hear_all(&retold);
        prop_assert_eq!(once.seen(), again.seen());
    }

    #[test]
    fn what_is_completed_stays_completed((employers, told, _) in history()) {
        let mut known = Known::new(employers);
        let mut was_completed = false;
        let mut completed = vec![false; employers];
        for piece in &told {
            known.hear(piece);
            prop_assert!(!was_completed || known.status == OrderStatus::Completed);
            was_completed |= known.status == OrderStatus::Completed;
            for (was, employer) in completed.iter_mut().zip(&known.employers) {
                prop_assert!(!*was || status::is_completed(employer));
                *was |= status::is_completed(employer);
            }
        }
    }

    #[test]
    fn what_was_heard_before_says_nothing_new((employers, told, _) in history()) {
        let mut known = Known::new(employers);
        known.hear_all(&told);
        let before = known.seen();
        for piece in &told {
            known.hear(piece);
            prop_assert_eq!(&known.seen(), &before);
        }
    }
}
