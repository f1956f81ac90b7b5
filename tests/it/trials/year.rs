//! A year of renewals on a clock that is moved: the whole gateway against the simulator, day by day, once with refreshes on
//! the due date and once with refreshes on the day the cycle opens, everything else being equal.
//!
//! Clients logged in last when they were certified last. Their providers end connections after 90, 180 or 400 days; a
//! client who is asked logs in some days later or, one in eight, not at all; caseworkers confirm every review on the
//! same day. All of it is drawn from the seed, by case and due date, so that both runs meet the same people.
//!
//! ```text
//! RECERT_TEST_YEAR_CASES=2000 RECERT_TEST_YEAR_DAYS=365 cargo test --test it trials::year -- --nocapture
//! ```

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{Days, NaiveDate, TimeDelta};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recert::simulator::{Scenario, Settings};
use serde_json::{Value, json};

use super::{asked, say};
use crate::support::caseload::Client;
use crate::support::world::World;

/// Days at the end of which renewals are not counted: who is asked on the due date needs time to answer, too.
const TAIL: u64 = 30;
const DAY: Duration = Duration::from_hours(24);

/// Everything that an agency reads of a case in the morning.
const CASES: &str = "query($status: [CaseStatus!], $after: String) {
    cases(first: 100, after: $after, filter: { status: $status }, sort: [{ field: NUMBER }]) {
        pageInfo { hasNextPage endCursor }
        nodes { id number dueOn version status latestOrder { truvOrderId kind } renewal { dueOn orders { kind } } } } }";

/// What became of the renewals of one kind of cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Due within the counted days.
    due: u32,
    /// Decided without anybody having contacted the client.
    zero_touch: u32,
    /// Decided by the due date.
    in_time: u32,
    /// Messages to clients.
    contacts: u32,
}

/// Cycle in days, and its outcomes.
type Outcomes = BTreeMap<u64, Outcome>;

fn draws(seed: u64, number: &str, due_on: NaiveDate) -> ChaCha8Rng {
    let name = number.bytes().fold(seed, |hash, byte| hash.wrapping_mul(1_099_511_628_211) ^ u64::from(byte));
    let day = u64::try_from((due_on - NaiveDate::default()).num_days()).unwrap();
    ChaCha8Rng::seed_from_u64(name ^ (day << 32))
}

/// Half of the cases on either cycle, due on days spread over it.
fn clients(seed: u64, count: u64, today: NaiveDate) -> Vec<Client> {
    let client = |place: u64| {
        let cycle_days = if place.is_multiple_of(2) { 181 } else { 365 };
        let number = format!("{cycle_days}-{place:04}");
        let mut random = draws(seed, &number, today);
        let due_on = today + Days::new(random.random_range(1..=cycle_days));
        let provider = match random.random_range(0..10) {
            0 => "long_payroll",
            1 | 2 => "short_payroll",
            _ => "usual_payroll",
        };
        let scenario = match random.random_range(0..100) {
            0..3 => Scenario::UnavailableThenOk(1),
            3..6 => Scenario::OkLeftJob,
            _ => Scenario::Ok,
        };
        Client {
            number,
            due_on,
            cycle_days,
            connected_on: due_on - Days::new(cycle_days),
            provider,
            scenario,
            has_address_at_truv: false,
        }
    };
    (0..count).map(client).collect()
}

/// The agency at work.
struct Agency {
    world: World,
    seed: u64,
    /// When clients who were asked will log in, by case and order.
    logins: HashMap<String, Option<NaiveDate>>,
    counted_until: NaiveDate,
    outcomes: Outcomes,
}

fn cycle(number: &str) -> u64 {
    number.split_once('-').unwrap().0.parse().unwrap()
}

fn day(value: &Value) -> NaiveDate {
    value.as_str().unwrap().parse().unwrap()
}

impl Agency {
    async fn cases(&self, status: &[&str]) -> Vec<Value> {
        let (mut found, mut after) = (Vec::new(), Value::Null);
        loop {
            let answer = self.world.query(CASES, json!({ "status": status, "after": after })).await;
            let page = answer["data"]["cases"].clone();
            found.extend(page["nodes"].as_array().unwrap_or_else(|| panic!("{answer}")).iter().cloned());
            if page["pageInfo"]["hasNextPage"] != true {
                return found;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    /// What is done in a day: let clients log in, refresh what is due, ask who must be asked, and decide what has come.
    async fn work(&mut self) {
        let today = self.world.clock.today();
        for case in self.cases(&["WAITING_ON_CLIENT"]).await {
            self.perhaps_log_in(&case, today).await;
        }
        if !self.cases(&["DUE", "NEEDS_CLIENT"]).await.is_empty() {
            self.refresh(today).await;
        }
        for case in self.cases(&["READY_FOR_REVIEW"]).await {
            self.decide(&case, today).await;
        }
    }

    async fn refresh(&self, today: NaiveDate) {
        let input = json!({
            "name": today, "filter": { "status": ["DUE", "NEEDS_CLIENT"] },
            "sendLinksOnFailure": true, "idempotencyKey": format!("day-{today}"),
        });
        let started =
            self.world.send("StartRenewalBatch", json!({ "input": input })).await["startRenewalBatch"].clone();
        assert_eq!(started["userErrors"], json!([]), "{started}");
        self.world.quiet().await;
        self.world.advance(Duration::from_secs(15)).await;
    }

    async fn decide(&mut self, case: &Value, today: NaiveDate) {
        let (number, due_on) = (case["number"].as_str().unwrap(), day(&case["renewal"]["dueOn"]));
        let orders = case["renewal"]["orders"].as_array().unwrap();
        let asks = orders.iter().filter(|order| order["kind"] == "REAUTHENTICATION").count();
        let input = json!({ "caseId": case["id"], "decision": "CONFIRMED", "expectedVersion": case["version"] });
        let answer = self.world.send("CompleteReview", json!({ "input": input })).await["completeReview"].clone();
        assert_eq!(answer["userErrors"], json!([]), "{answer}");
        if due_on > self.counted_until {
            return;
        }
        let outcome = self.outcomes.entry(cycle(number)).or_default();
        outcome.due += 1;
        outcome.zero_touch += u32::from(asks == 0);
        outcome.in_time += u32::from(today <= due_on);
        outcome.contacts += u32::try_from(asks).unwrap();
    }

    /// A client who was asked logs in after some days, or never.
    async fn perhaps_log_in(&mut self, case: &Value, today: NaiveDate) {
        let order = case["latestOrder"]["truvOrderId"].as_str().unwrap().to_owned();
        let mut random = draws(self.seed, case["number"].as_str().unwrap(), day(&case["dueOn"]));
        let drawn = || (!random.random_bool(0.125)).then(|| today + Days::new(random.random_range(1..=20)));
        // Truv gives three working days; who comes later has to be asked again, and then comes at once.
        let login = *self.logins.entry(order.clone()).or_insert_with(drawn);
        if login.is_some_and(|on| on <= today) {
            self.world.applicant(&order, json!({ "action": "login" })).await;
            self.world.quiet().await;
        }
    }

    /// What was due and is still open at the end was not renewed.
    async fn close(mut self) -> Outcomes {
        let open = ["DUE", "REFRESHING", "RETRY_SCHEDULED", "NEEDS_CLIENT", "WAITING_ON_CLIENT", "NEEDS_CASEWORKER"];
        for case in self.cases(&[&open[..], &["READY_FOR_REVIEW"]].concat()).await {
            if day(&case["dueOn"]) <= self.counted_until {
                let outcome = self.outcomes.entry(cycle(case["number"].as_str().unwrap())).or_default();
                outcome.due += 1;
                let orders = case["renewal"]["orders"].as_array().unwrap();
                let asks = orders.iter().filter(|order| order["kind"] == "REAUTHENTICATION").count();
                outcome.contacts += u32::try_from(asks).unwrap();
            }
        }
        self.world.app.stop(Duration::ZERO).await;
        self.outcomes
    }
}

/// Lives through the days with cases that become due so many days before their due date.
async fn live(seed: u64, count: u64, days: u64, window_days: u32) -> Outcomes {
    let lifetimes = [("short_payroll", 90), ("usual_payroll", 180), ("long_payroll", 400)];
    let provider_lifetimes = lifetimes.map(|(provider, days)| (provider.to_owned(), days)).into();
    // An ask stays open for twelve weeks, the longest that Truv allows.
    let settings = Settings { provider_lifetimes, order_window_hours: 12 * 7 * 24, ..Settings::at_once() };
    let tune = |config: &mut recert::config::Config| config.renewals.window_days = window_days;
    let world = World::seeded(Some(seed), settings, tune).await;
    let today = world.clock.today();
    world.bring_in(&clients(seed, count, today)).await;
    let counted_until = today + Days::new(days.saturating_sub(TAIL));
    let mut agency = Agency { world, seed, logins: HashMap::new(), counted_until, outcomes: Outcomes::new() };
    for passed in 0..days {
        agency.work().await;
        let tomorrow = agency.world.clock.today().succ_opt().unwrap();
        let morning = tomorrow.and_hms_opt(15, 0, 0).unwrap().and_utc();
        let wait = (morning - agency.world.clock.now()).max(TimeDelta::zero()).to_std().unwrap();
        agency.world.advance(wait.min(DAY)).await;
        if passed % 30 == 29 {
            say!("year: window of {window_days} days, day {}: {:?}", passed + 1, agency.outcomes);
        }
    }
    agency.close().await
}

fn percent(part: u32, whole: u32) -> u32 {
    (part * 100 + whole / 2).checked_div(whole).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshing_when_the_cycle_opens_renews_more_without_the_client_than_on_the_due_date() {
    let (count, days) = (asked("RECERT_TEST_YEAR_CASES", 80), asked("RECERT_TEST_YEAR_DAYS", 60));
    let seed = asked("RECERT_TEST_SEED", 20_261_128);
    let at_due = live(seed, count, days, 0).await;
    let at_opening = live(seed, count, days, 30).await;
    say!("year: {count} cases, {days} days, seed {seed}");
    say!("| cycle | refreshed | renewals due | without contact | decided by the due date | messages to clients |");
    say!("| --- | --- | --- | --- | --- | --- |");
    let total = |outcomes: &Outcomes| {
        outcomes.values().fold(Outcome::default(), |sum, of| Outcome {
            due: sum.due + of.due,
            zero_touch: sum.zero_touch + of.zero_touch,
            in_time: sum.in_time + of.in_time,
            contacts: sum.contacts + of.contacts,
        })
    };
    for (when, outcomes) in [("on the due date", &at_due), ("when the cycle opens", &at_opening)] {
        for (cycle, outcome) in outcomes {
            let Outcome { due, zero_touch, in_time, contacts } = *outcome;
            say!(
                "| {cycle} days | {when} | {due} | {zero_touch} ({} %) | {in_time} ({} %) | {contacts} |",
                percent(zero_touch, due),
                percent(in_time, due)
            );
        }
    }
    let (due, opening) = (total(&at_due), total(&at_opening));
    assert!(due.due > 0 && opening.due >= due.due, "{due:?} {opening:?}");
    assert!(opening.zero_touch > due.zero_touch, "{due:?} {opening:?}");
    assert!(opening.in_time > due.in_time, "{due:?} {opening:?}");
}
