//! Those who write: quickly, slowly, in vain, and through the gateways.

use std::sync::Arc;
use std::time::Duration;

use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use recert::caller::Scope;
use recert::clock::Clock;
use recert::storage::Tx;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value as Sql};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::stage::{Agency, Case, Stage, World};
use crate::support::client::operation_of;

/// How many write into the database, and how many ask a gateway to.
const HERE: usize = 5;
const THERE: usize = 2;

pub(super) struct Writers {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

pub(super) fn start(stage: &Stage, random: &mut ChaCha8Rng) -> Writers {
    let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
    for number in 0..HERE + THERE {
        let (world, stop) = (Arc::clone(&stage.world), stop.clone());
        let mut random = ChaCha8Rng::seed_from_u64(random.random());
        tasks.spawn(async move {
            while !stop.is_cancelled() {
                if number < HERE {
                    write(&world, &mut random).await;
                } else {
                    assign(&world, &mut random).await;
                }
                tokio::time::sleep(Duration::from_millis(random.random_range(10..120))).await;
            }
        });
    }
    Writers { stop, tasks }
}

impl Writers {
    /// Returns when the last transaction has ended.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }
}

/// One transaction over one to three cases.
async fn write(world: &World, random: &mut ChaCha8Rng) {
    let agency = world.agencies.choose_weighted(random, |agency| agency.cases.len()).unwrap();
    let mut cases: Vec<&Case> = agency.cases.iter().choose_multiple(random, 3);
    cases.truncate(random.random_range(1..=3));
    // In one order, so that two of them never wait for each other.
    cases.sort_by_key(|case| case.row);
    let (is_early, is_held, is_in_vain) = (random.random_bool(0.3), random.random_bool(0.12), random.random_bool(0.15));
    // On SQLite the others wait for as long.
    let is_postgres = world.db.backend() == DbBackend::Postgres;
    let longest = if is_postgres { 2_500 } else { 120 };
    let pause = Duration::from_millis(random.random_range(longest / 5..longest));
    let tx = world.db.begin().await.unwrap();
    if is_early && is_postgres {
        // The number comes first, and others come in between.
        tx.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
        if is_held {
            tokio::time::sleep(pause / 2).await;
        }
    }
    for case in cases {
        append(&tx, agency, case, random.random_bool(0.4)).await;
    }
    if is_held {
        world.count("transactions held open");
        tokio::time::sleep(pause).await;
    }
    if is_in_vain {
        world.count("rolled back");
        tx.rollback().await.unwrap();
    } else {
        world.db.commit(tx).await.unwrap();
        world.count("commits");
    }
}

/// As the product does it, for which this test has no door: the row's lock, the next version, the event.
pub(super) async fn append(tx: &Tx, agency: &Agency, case: &Case, is_review: bool) {
    let backend = tx.get_database_backend();
    let run = |sql: &str, values: Vec<Sql>| Statement::from_sql_and_values(backend, sql, values);
    let lock = if backend == DbBackend::Postgres { " FOR UPDATE" } else { "" };
    let locked = run(&format!("SELECT version, assignee_id FROM cases WHERE id = $1{lock}"), vec![case.row.into()]);
    let locked = tx.query_one_raw(locked).await.unwrap().unwrap();
    let version: i64 = locked.try_get::<i64>("", "version").unwrap() + 1;
    let assignee: Option<Uuid> = locked.try_get("", "assignee_id").unwrap();
    let number = match backend {
        DbBackend::Postgres => {
            "GREATEST(pg_current_xact_id()::text::bigint, (SELECT max(last.tx) FROM events AS last WHERE last.case_id = $2))"
        }
        _ => "0",
    };
    let kind = if is_review { "REVIEW_COMPLETED" } else { "CASE_STATUS_CHANGED" };
    let insert = format!(
        "INSERT INTO events (tx, agency_id, case_id, case_version, assignee_id, kind, facts, occurred_at) \
         VALUES ({number}, $1, $2, $3, $4, $5, $6, $7)"
    );
    let values = vec![
        agency.id.0.into(),
        case.row.into(),
        version.into(),
        assignee.into(),
        kind.into(),
        json!({}).into(),
        Clock::system().now().into(),
    ];
    tx.execute_raw(run(&insert, values)).await.unwrap();
    let update = run("UPDATE cases SET version = $2 WHERE id = $1", vec![case.row.into(), version.into()]);
    tx.execute_raw(update).await.unwrap();
}

/// Gives a case to somebody else, through a gateway that may be killed meanwhile: then the log alone knows.
async fn assign(world: &World, random: &mut ChaCha8Rng) {
    let Some((_, gateway)) = world.any_gateway(random) else { return };
    let agency = world.agencies.choose(random).unwrap();
    let (case, to) = (agency.cases.choose(random).unwrap(), agency.staff.choose(random).unwrap());
    let token = world.token(&agency.slug, "dispatcher", &[Scope::CasesRead, Scope::CasesWrite]);
    let input = json!({ "caseId": case.id, "assigneeId": to.id });
    let body = json!({ "query": operation_of("AssignCase"), "variables": { "input": input } });
    let request = world.http.post(format!("http://{gateway}/graphql")).bearer_auth(token).json(&body);
    if request.timeout(Duration::from_secs(10)).send().await.is_ok_and(|answer| answer.status().is_success()) {
        world.count("assignments");
    }
}
