//! What must hold whatever happens on the wire, judged from both sides at rest: Truv's record and the gateway's rows.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use recert::storage::Database;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use serde_json::Value;

/// Refreshes of one connection that Truv allows in 24 hours.
const QUOTA: usize = 3;

/// Every promise that was broken, a sentence each. `truth` is the simulator's state.
pub(crate) async fn broken(truth: &Value, db: &Database) -> Vec<String> {
    let mut faults = quota(truth);
    faults.extend(one_order_for_each_intent(truth, db).await);
    faults.extend(bills(truth, db).await);
    faults.extend(contacts(truth, db).await);
    faults
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn list<'a>(truth: &'a Value, field: &str) -> &'a [Value] {
    truth[field].as_array().unwrap()
}

/// Never more than three refreshes of a connection in any 24 hours.
fn quota(truth: &Value) -> Vec<String> {
    let mut refreshes: BTreeMap<&str, Vec<DateTime<Utc>>> = BTreeMap::new();
    for order in list(truth, "orders").iter().filter(|order| !order["parent"].is_null()) {
        let at = text(order, "created_at").parse().unwrap();
        for employer in order["employers"].as_array().unwrap() {
            refreshes.entry(text(employer, "link_id")).or_default().push(at);
        }
    }
    let day = TimeDelta::hours(24);
    let in_a_day = |all: &[DateTime<Utc>]| {
        let from = |first: &DateTime<Utc>| all.iter().filter(|at| **at >= *first && **at < *first + day).count();
        all.iter().map(from).max().unwrap_or_default()
    };
    let counted = refreshes.iter().map(|(link, all)| (link, in_a_day(all)));
    counted
        .filter(|(_, count)| *count > QUOTA)
        .map(|(link, count)| format!("link {link} was refreshed {count} times in one day"))
        .collect()
}

/// Truv's orders and ours are the same ones, so that no intent was carried out twice and none without being known.
async fn one_order_for_each_intent(truth: &Value, db: &Database) -> Vec<String> {
    let mut ours: HashMap<String, u32> = HashMap::new();
    for row in rows(db, "SELECT truv_order_id AS id FROM orders WHERE truv_order_id IS NOT NULL").await {
        *ours.entry(row.try_get("", "id").unwrap()).or_default() += 1;
    }
    let mut faults = Vec::new();
    for order in list(truth, "orders") {
        match ours.remove(text(order, "order_id")) {
            Some(1) => {}
            Some(count) => faults.push(format!("Truv's order {} is {count} orders of ours", order["order_id"])),
            None => faults.push(format!("no intent of ours knows Truv's order {}", order["order_id"])),
        }
    }
    faults.extend(ours.keys().map(|id| format!("an order of ours names {id}, which Truv does not know")));
    faults
}

/// What Truv bills for a refresh is one live line of the ledger, and each live line is billed. A line stays open only
/// while nobody knows what became of its order.
pub(crate) async fn bills(truth: &Value, db: &Database) -> Vec<String> {
    let is_refresh: HashSet<&str> = list(truth, "orders")
        .iter()
        .filter(|order| !order["parent"].is_null())
        .map(|order| text(order, "order_id"))
        .collect();
    let mut billed: HashSet<(String, String)> = list(truth, "billing")
        .iter()
        .map(|line| (text(line, "order_id").to_owned(), text(line, "link_id").to_owned()))
        .filter(|(order, _)| is_refresh.contains(order.as_str()))
        .collect();
    let query = "SELECT o.truv_order_id AS truv_order, o.status AS status, o.failure_reason AS failure,
        k.truv_link_id AS link, l.status AS line
        FROM ledger_lines l JOIN orders o ON o.id = l.order_id JOIN employer_links k ON k.id = l.link_id";
    let mut faults = Vec::new();
    for row in rows(db, query).await {
        let text = |column: &str| -> Option<String> { row.try_get("", column).unwrap() };
        let (status, line) = (text("status").unwrap(), text("line").unwrap());
        let key = (text("truv_order").unwrap_or_default(), text("link").unwrap());
        match line.as_str() {
            "ESTIMATED" | "CONFIRMED" if billed.remove(&key) => {}
            "ESTIMATED" | "CONFIRMED" => {
                faults.push(format!("a line of {key:?} is {line} and not billed, or not once"));
            }
            "ATTEMPTED" if status == "OUTCOME_UNKNOWN" && text("failure").is_some() => {}
            "VOID" => {}
            _ => faults.push(format!("a line of {key:?} is {line}, its order {status}")),
        }
    }
    faults.extend(billed.iter().map(|key| format!("Truv bills {key:?}, and no line of ours says so")));
    faults
}

/// Nobody is asked twice for one failure, neither by Truv nor by the agency, and nobody for an outage.
async fn contacts(truth: &Value, db: &Database) -> Vec<String> {
    let mut faults = Vec::new();
    let mut told = HashSet::new();
    for notice in list(truth, "notices") {
        if !told.insert((text(notice, "order_id"), text(notice, "employer_id"), text(notice, "channel"))) {
            faults.push(format!("the applicant was told twice: {notice}"));
        }
        if text(notice, "reason") == "unavailable" {
            faults.push(format!("the applicant was told of an outage: {notice}"));
        }
    }
    let query = "SELECT parent_id, COUNT(*) AS n FROM orders WHERE contact IS NOT NULL AND status <> 'CANCELED'
        AND status <> 'REJECTED' GROUP BY parent_id HAVING COUNT(*) > 1";
    let asked = rows(db, query).await.len();
    if asked > 0 {
        faults.push(format!("the clients of {asked} orders were asked more than once"));
    }
    faults
}

async fn rows(db: &Database, query: &str) -> Vec<QueryResult> {
    db.read().query_all_raw(Statement::from_string(db.backend(), query)).await.unwrap()
}
