//! Row-level security: what the database itself shows of whom, whatever a statement asks for.

use recert::app::{App, Parts, StartError};
use recert::config::Config;
use recert::ids::{AgencyId, Ids};
use recert::simulator::Scenario;
use recert::storage::{Database, WallError};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::support::database::{Scratch, fresh_walled};
use crate::support::seed::Seed;
use crate::support::world::{COUNTY, NEIGHBOUR, World};

async fn ask(db: &impl ConnectionTrait, statement: &str) -> Result<i64, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), statement);
    db.query_one_raw(statement).await?.unwrap().try_get("", "n")
}

/// How many rows a statement finds that asks for no owner.
async fn count(db: &impl ConnectionTrait, table: &str) -> i64 {
    ask(db, &format!("SELECT COUNT(*) AS n FROM {table}")).await.unwrap()
}

/// The tables of which the agency's door shows something, with how much.
async fn shown(db: &Database) -> Vec<(String, i64)> {
    let mut shown = Vec::new();
    for table in ["agencies", "cases", "clients", "orders", "order_employers", "employer_links", "reports", "events"] {
        shown.push((table.to_owned(), count(db.read(), table).await));
    }
    shown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_forgets_the_owner_finds_nothing_of_another_agency() {
    let world = World::walled().await;
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    assert_eq!(world.show(&case).await["status"], "READY_FOR_REVIEW", "all of it goes through the walls");
    let db = &world.app.kit().db;
    if db.backend() != DbBackend::Postgres {
        // There is one wall on SQLite: the owner conditions of the statements.
        return;
    }
    let seed = Seed(world.app.kit());
    let (county, neighbour) = (seed.agency(COUNTY).await, seed.agency(NEIGHBOUR).await);
    assert!(shown(&db.of(county)).await.iter().all(|(_, count)| *count > 0), "{:?}", shown(&db.of(county)).await);
    let of_neighbour = shown(&db.of(neighbour)).await;
    assert!(of_neighbour.iter().all(|(table, count)| *count == i64::from(table == "agencies")), "{of_neighbour:?}");
    assert_eq!(count(db.read(), "agencies").await, 2, "upkeep sees all");

    // In a transaction, and in writing.
    let tx = db.of(neighbour).begin().await.unwrap();
    assert_eq!(count(&tx, "cases").await, 0);
    let changed = tx.execute_unprepared("UPDATE cases SET version = version + 1").await.unwrap();
    assert_eq!(changed.rows_affected(), 0);
    let planted = format!("UPDATE agencies SET id = '{}'", county.0);
    assert!(tx.execute_unprepared(&planted).await.unwrap_err().to_string().contains("row-level security"));
    tx.rollback().await.unwrap();

    // What says nothing sees nothing: also on a connection that was used for an agency before.
    let bare = sea_orm::Database::connect(world.database_url()).await.unwrap();
    let said = format!("BEGIN; SET LOCAL recert.agency = '{}'; COMMIT", county.0);
    bare.execute_unprepared(&said).await.unwrap();
    assert_eq!((count(&bare, "cases").await, count(&bare, "agencies").await), (0, 0));
    bare.close().await.unwrap();
}

/// Requests, jobs and deliveries each go through their agency's door: what they write was said to be for it alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_for_an_agency_goes_through_its_door() {
    let world = World::walled().await;
    if world.app.kit().db.backend() != DbBackend::Postgres {
        return;
    }
    let case = world.case("SNAP-1", &[Scenario::Ok]).await;
    let note = "CREATE TABLE said (what text, whose text);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
            'BEGIN INSERT INTO said VALUES (TG_TABLE_NAME, current_setting(''recert.agency'')); RETURN NULL; END';
        CREATE TRIGGER note AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER note AFTER INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER note AFTER INSERT ON reports FOR EACH ROW EXECUTE FUNCTION note();
        CREATE TRIGGER note AFTER INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION note();
        GRANT SELECT ON said TO PUBLIC";
    world.owner().await.execute_unprepared(note).await.unwrap();
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let county = Seed(world.app.kit()).agency(COUNTY).await.0;
    // By a request and a job; by deliveries; by a job; by the way in.
    let wanted = ["deliveries", "orders", "reports", "tasks"].map(|what| format!("{what} {county}"));
    assert_eq!(world.column("SELECT DISTINCT what || ' ' || whose AS value FROM said ORDER BY 1").await, wanted);
}

/// Why a gateway does not start on this database.
async fn refused(config: &Config, db: Database) -> WallError {
    let clock = recert::clock::Clock::system();
    let parts = Parts { ids: Ids::new(clock.clone()), clock, db };
    match App::start(config, parts).await {
        Err(StartError::Walls(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it has started"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_does_not_start_where_walls_and_settings_do_not_agree() {
    let (scratch, db, _) = fresh_walled().await;
    if db.backend() != DbBackend::Postgres {
        return;
    }
    let config = Config::for_tests();
    let owner = |row_security| connect(scratch.owner_url(), row_security);
    assert!(matches!(refused(&config, connect(scratch.url(), false).await).await, WallError::Unexpected(_)));
    assert!(matches!(refused(&config, owner(true).await).await, WallError::NotHeld { .. }));
    assert_eq!(owner(true).await.raze_walls().await.unwrap(), open_walls(&scratch, &config).await);
    // Without walls and without the setting, as before.
    let clock = recert::clock::Clock::system();
    let parts = Parts { ids: Ids::new(clock.clone()), clock, db: owner(false).await };
    App::start(&config, parts).await.unwrap().stop(std::time::Duration::ZERO).await;
}

/// How many tables a gateway misses walls of.
async fn open_walls(scratch: &Scratch, config: &Config) -> usize {
    match refused(config, connect(scratch.url(), true).await).await {
        WallError::Open(tables) => tables.len(),
        other => panic!("{other}"),
    }
}

async fn connect(url: String, row_security: bool) -> Database {
    let url = secrecy::SecretString::from(url);
    let section = recert::config::Database { url, row_security, ..recert::config::Database::default() };
    Database::connect(&section).await.unwrap()
}

/// Every table with an owner is walled, those that later migrations make, too.
#[tokio::test]
async fn no_table_of_an_agency_stands_outside() {
    let (_scratch, db, _) = fresh_walled().await;
    if db.backend() != DbBackend::Postgres {
        return;
    }
    let open =
        "SELECT COUNT(*) AS n FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
        AND NOT relforcerowsecurity AND relname NOT IN ('installation', 'seaql_migrations')";
    assert_eq!(ask(db.read(), open).await.unwrap(), 0);
    let nobody = db.of(AgencyId(uuid::Uuid::nil()));
    assert_eq!(count(nobody.read(), "agencies").await, 0);
}
