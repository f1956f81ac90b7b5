//! Wake-ups between replicas. The suite that runs on PostgreSQL (`RECERT_TEST_DATABASE_URL`) goes through both buses and
//! so needs a NATS server, too: the one of `RECERT_TEST_NATS_URL`, `nats://127.0.0.1:4222` when that is not set. Where none
//! answers, it fails. On SQLite there is one process and no bus, and the same tests hold that one to the same.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chrono::Days;
use recert::app::{App, Parts};
use recert::caller::Scope;
use recert::config::Wake;
use recert::ids::Ids;
use recert::simulator::Settings;
use recert::storage::Database;
use recert::wake;
use recert::words::CaseEventKind;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::database::{fresh, server};
use crate::support::proxy::Proxy;
use crate::support::seed::{NewCase, Seed, Seeded};
use crate::support::socket::Screen;
use crate::support::world::{COUNTY, World, noon};

/// So long that only a wake-up can be the reason for what a test sees.
const NEVER: Duration = Duration::from_hours(1);

async fn nats() -> Proxy {
    #[expect(clippy::disallowed_methods, reason = "where the tests find their NATS server")]
    let server = std::env::var("RECERT_TEST_NATS_URL").unwrap_or("nats://127.0.0.1:4222".to_owned());
    Proxy::before(&server.parse().unwrap()).await
}

fn nats_through(proxy: &Proxy) -> Wake {
    Wake::Nats(SecretString::from(format!("nats://{}", proxy.address())))
}

async fn world(wake: Wake, poll_interval: Duration) -> World {
    World::tuned(Settings::at_once(), |config| {
        config.work.poll_interval = poll_interval;
        config.work.wake = wake;
    })
    .await
}

/// A second gateway on the same database.
async fn replica(world: &World) -> App {
    let mut config = world.config.clone();
    config.server.listen = config.server.admin_listen;
    let clock = world.clock.clone();
    let parts = Parts { ids: Ids::seeded(clock.clone(), 12), clock, db: world.open_database().await };
    App::start(&config, parts).await.unwrap()
}

/// A screen on one gateway, and a case whose events another one commits.
struct Scene<'a> {
    world: &'a World,
    case: Seeded,
    screen: Screen,
}

impl<'a> Scene<'a> {
    async fn open(world: &'a World, gateway: SocketAddr) -> Self {
        let agency = Seed(world.app.kit()).agency(COUNTY).await;
        let case = Seed(world.app.kit()).case(agency, NewCase::due("1", noon().date_naive() + Days::new(200))).await;
        let token = world.token(COUNTY, &[Scope::CasesRead]);
        let mut screen = Screen::at(gateway, &token, json!({})).await;
        assert_eq!(screen.event().await["kind"], "STREAM_OPENED");
        Self { world, case, screen }
    }

    async fn commit(&self) {
        Seed(self.world.app.kit()).event(self.case, CaseEventKind::ReviewCompleted, None, None).await;
    }

    async fn sees(&mut self) {
        assert_eq!(self.screen.event().await["kind"], "REVIEW_COMPLETED");
    }
}

/// The server processes that listen for wake-ups of this world's database.
async fn listeners(world: &World) -> Vec<i32> {
    let listen = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%recert_wake%' AND application_name = 'recert wake-ups'";
    let rows = world.app.kit().db.read().query_all_raw(Statement::from_string(DbBackend::Postgres, listen)).await;
    rows.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

#[tokio::test]
async fn the_databases_own_wake_ups_reach_the_streams_and_come_back_after_a_cut() {
    let world = world(Wake::Database, NEVER).await;
    if world.app.kit().db.backend() == DbBackend::Sqlite {
        let mut scene = Scene::open(&world, world.app.public_addr()).await;
        scene.commit().await;
        return scene.sees().await;
    }
    let other = replica(&world).await;
    let mut scene = Scene::open(&world, other.public_addr()).await;
    scene.commit().await;
    scene.sees().await;
    let both = async || Some(listeners(&world).await).filter(|pids| pids.len() == 2);
    for pid in world.until("both listen", both).await {
        let end = "SELECT pg_terminate_backend($1)";
        let end = Statement::from_sql_and_values(DbBackend::Postgres, end, [pid.into()]);
        world.app.kit().db.read().query_one_raw(end).await.unwrap();
    }
    scene.commit().await;
    scene.sees().await;
    world.until("both listen again", both).await;
    scene.commit().await;
    scene.sees().await;
    other.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn what_another_process_stores_wakes_the_workers() {
    let world = world(Wake::Database, NEVER).await;
    let agency = Seed(world.app.kit()).agency(COUNTY).await;
    world.quiet().await;
    let stop = CancellationToken::new();
    // On SQLite there is one process, and this is it.
    let there = match world.app.kit().db.backend() {
        DbBackend::Postgres => world.open_database().await,
        _ => world.app.kit().db.clone(),
    };
    let delivery = "INSERT INTO deliveries (id, agency_id, dedupe_key, body, status, attempts, received_at, next_at) VALUES ($1, $2, 'one', $3, 'RECEIVED', 0, $4, $4)";
    let (now, body) = (world.clock.now(), b"not what they send".to_vec());
    let values = [uuid::Uuid::now_v7().into(), agency.0.into(), body.into(), now.into()];
    let store = async {
        let tx = there.begin().await.unwrap();
        tx.execute_raw(Statement::from_sql_and_values(there.backend(), delivery, values)).await.unwrap();
        there.commit(tx).await.unwrap();
        let settled = async || {
            let count = recert::deliveries::counts(&world.app.kit().db).await.unwrap();
            (count.open == 0 && count.troubled == 1).then_some(())
        };
        world.until("the delivery has been looked at", settled).await;
        stop.cancel();
    };
    tokio::join!(store, wake::run(there.clone(), Wake::Database, stop.clone()));
}

#[tokio::test]
async fn wake_ups_through_nats_reach_the_streams_and_come_back_after_a_cut() {
    let proxy = if server().is_some() { Some(nats().await) } else { None };
    // Nobody else works on an SQLite file, so there the process has to do without the bus.
    let wake = proxy.as_ref().map_or(Wake::Off, nats_through);
    let world = world(wake, NEVER).await;
    let Some(proxy) = proxy else {
        let mut scene = Scene::open(&world, world.app.public_addr()).await;
        scene.commit().await;
        return scene.sees().await;
    };
    let other = replica(&world).await;
    let mut scene = Scene::open(&world, other.public_addr()).await;
    scene.commit().await;
    scene.sees().await;
    proxy.cut();
    scene.commit().await;
    proxy.mend();
    scene.sees().await;
    scene.commit().await;
    scene.sees().await;
    other.stop(Duration::ZERO).await;
}

#[tokio::test]
async fn without_any_wake_up_everything_arrives_by_looking() {
    // Nothing listens at this address any more.
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for wake in [Wake::Off, Wake::Nats(SecretString::from(format!("nats://{nowhere}")))] {
        let world = world(wake, Duration::from_millis(20)).await;
        let other = replica(&world).await;
        let mut scene = Scene::open(&world, other.public_addr()).await;
        scene.commit().await;
        scene.sees().await;
        other.stop(Duration::ZERO).await;
    }
}

async fn commit(db: &Database) {
    let tx = db.begin().await.unwrap();
    db.commit(tx).await.unwrap();
}

#[tokio::test]
async fn a_storm_of_commits_is_told_in_few_messages_and_the_last_one_is_told() {
    let (scratch, here, _) = fresh().await;
    let there = scratch.open().await;
    let Some(url) = here.direct_url() else {
        // No bus on SQLite: there is nothing to attend to.
        return wake::run(here.clone(), Wake::Database, CancellationToken::new()).await;
    };
    // A direct address beside a pooler, here the way through a proxy.
    let mut direct: url::Url = url.expose_secret().parse().unwrap();
    let proxy = Proxy::before(&direct).await;
    direct.set_port(Some(proxy.address().port())).unwrap();
    let nats = nats().await;
    for wake in [Wake::Postgres(SecretString::from(direct.to_string())), nats_through(&nats)] {
        let (end_here, stop_there) = (CancellationToken::new(), CancellationToken::new());
        let mut wakes = there.wakes();
        let storm = async {
            // Reaching the bus wakes this side; the first message of the other side does so again.
            wakes.changed().await.unwrap();
            commit(&here).await;
            wakes.changed().await.unwrap();
            let (before, began) = (*wakes.borrow_and_update(), Instant::now());
            for _ in 0..400 {
                commit(&here).await;
            }
            let stormed = began.elapsed();
            end_here.cancel();
            (before, stormed)
        };
        let listening = wake::run(there.clone(), wake.clone(), stop_there.clone());
        let telling = async {
            let ((before, stormed), ()) = tokio::join!(storm, wake::run(here.clone(), wake.clone(), end_here.clone()));
            (before, stormed)
        };
        let judged = async {
            let (before, stormed) = telling.await;
            let mut wakes = there.wakes();
            wakes.wait_for(|count| *count > before).await.unwrap();
            let messages = u128::from(*wakes.borrow() - before);
            let most = stormed.as_millis() / 25 + 3;
            assert!(messages <= most, "{messages} messages in {stormed:?}");
            stop_there.cancel();
        };
        let all = async { tokio::join!(listening, judged) };
        tokio::time::timeout(Duration::from_secs(90), Box::pin(all)).await.expect("every message in time");
    }
}
