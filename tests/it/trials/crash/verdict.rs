//! Holds the gateways' database against the simulator's record, once nothing moves any more.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::Value;
use uuid::Uuid;

use super::stage::Stage;
use super::story;
use super::watcher::Seen;
use crate::support::promises;

/// Refreshes of one connection that Truv allows in 24 hours; a trial is shorter.
const QUOTA: usize = 3;
/// Intents that are asked for once more at the end.
const REPEATS: usize = 60;

pub(super) struct Verdict {
    pub(super) summary: String,
    /// Every promise that was broken; empty when all were kept.
    pub(super) faults: Vec<String>,
}

/// One of our orders.
struct Order {
    id: Uuid,
    parent: Option<Uuid>,
    status: String,
    truv_order_id: Option<String>,
    has_failure: bool,
    is_ask: bool,
    is_imported: bool,
    sends: i32,
}

pub(super) async fn judge(stage: &Stage, seen: &Seen, cycles: u64) -> Verdict {
    let mut court = Court { stage, truth: stage.truth().await, orders: orders(stage).await, faults: Vec::new() };
    court.faults.extend(stage.world.faults.lock().unwrap().drain(..));
    court.faults.extend(seen.faults.iter().cloned());
    court.one_refresh_per_intent().await;
    court.calls_are_written_down_first();
    court.quota().await;
    court.faults.extend(promises::bills(&court.truth, &stage.db).await);
    court.states_are_true().await;
    court.cases_have_come_to_rest().await;
    court.events_have_no_hole().await;
    court.nothing_is_stuck().await;
    court.acknowledged_is_stored().await;
    court.written();
    let made = court.orders.iter().filter(|order| !order.is_imported).count();
    if u64::try_from(made).unwrap() < cycles || seen.logged == 0 {
        court.fault(format!("{made} orders and {} events in {cycles} cycles prove nothing", seen.logged));
    }
    stage.world.faults.lock().unwrap().extend(court.faults.iter().cloned());
    let twice = court.orders.iter().filter(|order| order.sends > 1).count();
    let given_up = court.orders.iter().filter(|order| order.status == "OUTCOME_UNKNOWN").count();
    let query =
        "SELECT COUNT(*) AS n FROM events WHERE CAST(facts AS TEXT) LIKE '%\"order_status\":\"OUTCOME_UNKNOWN\"%'
        OR CAST(facts AS TEXT) LIKE '%\"order_status\": \"OUTCOME_UNKNOWN\"%'";
    let unknown: i64 = rows(stage, query).await[0].try_get("", "n").unwrap();
    let hit =
        |kind: &str| stage.log.iter().filter(|entry| entry["kind"] == kind && entry.get("fault").is_some()).count();
    let summary = format!(
        "{made} orders, {unknown} outcomes unknown on the way, {twice} sent a second time, {given_up} left to a person; \
         {} calls and {} deliveries went wrong on purpose; {} events, the screen resumed {} times; {} promises broken",
        hit("request"),
        hit("delivery"),
        seen.logged,
        seen.resumed,
        court.faults.len()
    );
    Verdict { summary, faults: court.faults }
}

struct Court<'a> {
    stage: &'a Stage,
    truth: Value,
    orders: Vec<Order>,
    faults: Vec<String>,
}

impl Court<'_> {
    fn fault(&mut self, fault: impl Into<String>) {
        self.faults.push(fault.into());
    }

    fn true_orders(&self) -> &[Value] {
        self.truth["orders"].as_array().unwrap()
    }

    /// Orders at Truv and orders of ours are the same ones, each intent has one of ours, and asked again it answers so.
    async fn one_refresh_per_intent(&mut self) {
        let mut ours: HashMap<&str, u32> = HashMap::new();
        for order in &self.orders {
            if let Some(id) = &order.truv_order_id {
                *ours.entry(id).or_default() += 1;
            }
        }
        let mut faults = Vec::new();
        let mut theirs = HashSet::new();
        for order in self.true_orders() {
            let id = order["order_id"].as_str().unwrap();
            theirs.insert(id);
            match ours.get(id) {
                Some(1) => {}
                Some(count) => faults.push(format!("Truv's order {id} is {count} orders of ours")),
                None => faults.push(format!(
                    "Truv carried out order {id} (a refresh of {}), and no intent of ours knows of it",
                    order["parent"]
                )),
            }
        }
        let invented = ours.keys().filter(|id| !theirs.contains(*id)).count();
        if invented > 0 {
            faults.push(format!("{invented} orders of ours do not exist at Truv"));
        }
        let intents = self.stage.world.intents.lock().unwrap().clone();
        let answered: HashSet<&str> = intents.iter().map(|intent| intent.order.as_str()).collect();
        if answered.len() != intents.len() {
            faults.push(format!("{} intents were answered with {} orders", intents.len(), answered.len()));
        }
        // Retries that followed by themselves have no caller; everything else was asked for.
        let query = "SELECT COUNT(*) AS n FROM orders WHERE requested_by = 'worker-1' AND purpose IS NOT NULL";
        let made: i64 = rows(self.stage, query).await[0].try_get("", "n").unwrap();
        if usize::try_from(made).unwrap() != intents.len() {
            faults.push(format!("{} intents were answered, {made} orders are stored", intents.len()));
        }
        let step = intents.len().div_ceil(REPEATS).max(1);
        for intent in intents.iter().step_by(step) {
            match story::repeat(&self.stage.world, intent).await {
                Some(order) if order == intent.order => {}
                other => faults.push(format!("{} was {} and is now {other:?}", intent.input, intent.order)),
            }
        }
        self.faults.extend(faults);
    }

    /// A call leaves only after it was written down that it does; what Truv refused to take does not count.
    fn calls_are_written_down_first(&mut self) {
        let by_id: HashMap<Uuid, &Order> = self.orders.iter().map(|order| (order.id, order)).collect();
        let mut sends: BTreeMap<String, i32> = BTreeMap::new();
        for order in &self.orders {
            if order.is_imported {
                continue;
            }
            let path = match order.parent.filter(|_| !order.is_ask).and_then(|parent| by_id.get(&parent)) {
                Some(parent) => format!("/v1/orders/{}/", parent.truv_order_id.as_deref().unwrap_or_default()),
                None => "/v1/orders/".to_owned(),
            };
            *sends.entry(path).or_default() += order.sends;
        }
        let mut calls: BTreeMap<&str, i32> = BTreeMap::new();
        for entry in &self.stage.log {
            let is_call = entry["kind"] == "request" && entry["method"] == "POST" && entry["status"] != 429;
            let path = entry["path"].as_str().unwrap_or_default();
            if is_call && path.starts_with("/v1/orders/") && !path.ends_with("/cancel/") {
                *calls.entry(path).or_default() += 1;
            }
        }
        let unwritten: Vec<String> = calls
            .iter()
            .filter(|(path, count)| sends.get(**path).is_none_or(|sends| sends < *count))
            .map(|(path, count)| format!("{count} calls of {path}, {:?} written down", sends.get(*path)))
            .collect();
        self.faults.extend(unwritten);
    }

    /// Never more than three refreshes of a connection, and each of them counted.
    async fn quota(&mut self) {
        let mut refreshes: HashMap<&str, usize> = HashMap::new();
        for order in self.true_orders().iter().filter(|order| !order["parent"].is_null()) {
            for employer in order["employers"].as_array().unwrap() {
                *refreshes.entry(employer["link_id"].as_str().unwrap()).or_default() += 1;
            }
        }
        let query = "SELECT l.truv_link_id AS link, COUNT(*) AS n FROM refresh_units u
            JOIN employer_links l ON l.id = u.link_id WHERE u.is_counted GROUP BY l.truv_link_id";
        let mut counted: HashMap<String, usize> = HashMap::new();
        for row in rows(self.stage, query).await {
            let count: i64 = row.try_get("", "n").unwrap();
            counted.insert(row.try_get("", "link").unwrap(), usize::try_from(count).unwrap());
        }
        let mut faults = Vec::new();
        for (link, count) in refreshes {
            let counted = counted.get(link).copied().unwrap_or_default();
            if count > QUOTA || counted > QUOTA || count > counted {
                faults.push(format!("link {link}: {count} refreshes at Truv, {counted} counted, {QUOTA} allowed"));
            }
        }
        self.faults.extend(faults);
    }

    /// Every order stands where it stands at Truv.
    async fn states_are_true(&mut self) {
        let query = "SELECT order_id, truv_suborder_id, raw_status, task_status FROM order_employers";
        let mut employers: HashMap<Uuid, HashMap<String, (String, Option<String>)>> = HashMap::new();
        for row in rows(self.stage, query).await {
            let suborder: Option<String> = row.try_get("", "truv_suborder_id").unwrap();
            let states = (row.try_get("", "raw_status").unwrap(), row.try_get("", "task_status").unwrap());
            let of_order = employers.entry(row.try_get("", "order_id").unwrap()).or_default();
            of_order.insert(suborder.unwrap_or_default(), states);
        }
        let truth: HashMap<&str, &Value> =
            self.true_orders().iter().map(|order| (order["order_id"].as_str().unwrap(), order)).collect();
        let mut faults = Vec::new();
        for order in &self.orders {
            let Some(real) = order.truv_order_id.as_deref().and_then(|id| truth.get(id)) else { continue };
            let real_employers = real["employers"].as_array().unwrap();
            let mine = employers.get(&order.id);
            let mut standings = Vec::new();
            for employer in real_employers {
                let (status, task) = (employer["status"].as_str().unwrap(), employer["last_task_status"].as_str());
                standings.push((status, task));
                let known = mine.and_then(|mine| mine.get(employer["id"].as_str().unwrap()));
                if known.is_none_or(|(raw, told)| raw != status || told.as_deref() != task) {
                    faults.push(format!("order {}: an employer is {status} ({task:?}), we say {known:?}", order.id));
                }
            }
            let expected = expected(&standings, !real["canceled_at"].is_null());
            if !expected.contains(&order.status.as_str()) {
                faults.push(format!("order {} is {}, and at Truv {standings:?}", order.id, order.status));
            }
        }
        for order in self.orders.iter().filter(|order| order.truv_order_id.is_none()) {
            let is_given_up = order.status == "OUTCOME_UNKNOWN" && order.has_failure && order.sends == 2;
            if !is_given_up && order.status != "CANCELED" {
                faults.push(format!("order {} is {} and unknown to Truv", order.id, order.status));
            }
        }
        self.faults.extend(faults);
    }

    /// A case is ready where its newest order brought data, and waits for nobody but people.
    async fn cases_have_come_to_rest(&mut self) {
        let query = "SELECT c.number AS number, c.status AS status, o.status AS latest FROM cases c
            JOIN orders o ON o.id = c.latest_order_id";
        for row in rows(self.stage, query).await {
            let text = |column: &str| -> String { row.try_get("", column).unwrap() };
            let (number, status, latest) = (text("number"), text("status"), text("latest"));
            let is_ready = status == "READY_FOR_REVIEW";
            if status == "REFRESHING" || (latest == "COMPLETED" && status != "NOT_DUE" && !is_ready) {
                self.fault(format!("case {number} is {status}, its newest order {latest}"));
            }
        }
    }

    /// The versions of a case's events follow one another without a gap, up to the case's own.
    async fn events_have_no_hole(&mut self) {
        let query = "SELECT c.number AS number, c.version AS version, e.n AS n, e.first AS first, e.last AS last
            FROM cases c JOIN (SELECT case_id, COUNT(DISTINCT case_version) AS n, MIN(case_version) AS first,
            MAX(case_version) AS last FROM events GROUP BY case_id) e ON e.case_id = c.id";
        let found = rows(self.stage, query).await;
        for row in &found {
            let number = |column: &str| -> i64 { row.try_get("", column).unwrap() };
            let (version, count, first, last) = (number("version"), number("n"), number("first"), number("last"));
            if last != version || count != last - first + 1 || first > 2 {
                let case: String = row.try_get("", "number").unwrap();
                self.fault(format!("case {case} has version {version} and {count} events from {first} to {last}"));
            }
        }
        if found.is_empty() {
            self.fault("there is no case with an event");
        }
    }

    async fn nothing_is_stuck(&mut self) {
        for (what, query) in [
            ("jobs were set aside", "SELECT COUNT(*) AS n FROM jobs WHERE is_dead"),
            ("jobs are in somebody's hand", "SELECT COUNT(*) AS n FROM jobs WHERE lease IS NOT NULL"),
            ("deliveries are open", "SELECT COUNT(*) AS n FROM deliveries WHERE settled_at IS NULL"),
            ("deliveries were of no use", "SELECT COUNT(*) AS n FROM deliveries WHERE status IN ('DEAD', 'UNMATCHED')"),
        ] {
            let count: i64 = rows(self.stage, query).await[0].try_get("", "n").unwrap();
            if count > 0 {
                self.fault(format!("{count} {what}"));
            }
        }
    }

    /// Whatever was answered with 2xx lies in the inbox.
    async fn acknowledged_is_stored(&mut self) {
        let stored: HashSet<String> = rows(self.stage, "SELECT dedupe_key FROM deliveries")
            .await
            .iter()
            .map(|row| row.try_get("", "dedupe_key").unwrap())
            .collect();
        let acknowledged = self.stage.log.iter().filter(|entry| entry["kind"] == "delivery" && entry["status"] == 204);
        let lost = acknowledged
            .filter(|entry| !stored.contains(&format!("id:{}", entry["webhook_id"].as_str().unwrap())))
            .count();
        if lost > 0 {
            self.fault(format!("{lost} deliveries were acknowledged and not stored"));
        }
    }

    /// No gateway has panicked, none has logged a fault but those that a trial brings about, and none has logged a secret
    /// or a person.
    fn written(&mut self) {
        let written = self.stage.written();
        // Every secret is one long word.
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let words: HashSet<&str> = written.split(|c| !is_of_word(c)).filter(|word| word.len() >= 16).collect();
        let secrets = self.stage.private();
        let told = secrets.iter().filter(|secret| words.contains(secret.as_str())).count();
        if told > 0 || secrets.len() < self.true_orders().len() {
            self.fault(format!("{told} of {} secrets were logged", secrets.len()));
        }
        for private in [self.stage.world.token.as_str(), "Rosa", "Ortiz", "rosa@example.test"] {
            if written.contains(private) {
                self.fault(format!("{private:.8} was logged"));
            }
        }
        for line in written.lines().filter(|line| line.contains("panicked") || line.contains("\"ERROR\"")) {
            let is_expected = line.contains("outcome stays unknown")
                // The simulator refuses and breaks off calls of every kind.
                || line.contains("webhooks could not be registered");
            if !is_expected {
                self.faults.push(format!("a gateway wrote {line}"));
            }
        }
    }
}

/// The states in which an order with such employers may be shown.
fn expected(employers: &[(&str, Option<&str>)], is_canceled: bool) -> Vec<&'static str> {
    let all = |status: &str| !employers.is_empty() && employers.iter().all(|(is, _)| *is == status);
    let completed = employers.iter().filter(|(status, _)| *status == "completed").count();
    let has_data = |(status, task): &(&str, Option<&str>)| *status == "completed" || *task == Some("done");
    if !employers.is_empty() && employers.iter().all(has_data) {
        // What has its data stays so, even if canceling it came too late.
        vec!["COMPLETED"]
    } else if is_canceled || all("canceled") {
        vec!["CANCELED"]
    } else if employers.iter().any(|(status, task)| matches!(*status, "pending" | "sent") && task.is_none()) {
        vec!["PENDING", "IN_PROGRESS"]
    } else if completed > 0 {
        vec!["PARTIAL"]
    } else if all("no_data") {
        vec!["NO_DATA"]
    } else {
        vec!["FAILED", "EXPIRED"]
    }
}

async fn orders(stage: &Stage) -> Vec<Order> {
    let query =
        "SELECT id, parent_id, status, truv_order_id, failure_reason, CAST(contact AS TEXT) AS contact, purpose,
        sends FROM orders";
    let rows = rows(stage, query).await;
    rows.iter()
        .map(|row| Order {
            id: row.try_get("", "id").unwrap(),
            parent: row.try_get("", "parent_id").unwrap(),
            status: row.try_get("", "status").unwrap(),
            truv_order_id: row.try_get("", "truv_order_id").unwrap(),
            has_failure: row.try_get::<Option<String>>("", "failure_reason").unwrap().is_some(),
            is_ask: row.try_get::<Option<String>>("", "contact").unwrap().is_some(),
            is_imported: row.try_get::<Option<String>>("", "purpose").unwrap().is_none(),
            sends: row.try_get("", "sends").unwrap(),
        })
        .collect()
}

async fn rows(stage: &Stage, query: &str) -> Vec<QueryResult> {
    stage.db.read().query_all_raw(Statement::from_string(stage.db.backend(), query)).await.unwrap()
}
