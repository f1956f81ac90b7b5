//! What a gateway that ends does with the work in hand.

use std::time::Duration;

use recert::clock::Clock;
use recert::simulator::{Settings, Simulator};
use recert::storage::Database;
use sea_orm::{ConnectionTrait as _, Statement};
use wiremock::matchers::path_regex;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::seed::{NewCase, Seed};
use crate::support::world::{COUNTY, World, noon};

async fn count(db: &Database, condition: &str) -> i64 {
    let statement = Statement::from_string(db.backend(), format!("SELECT COUNT(*) AS n FROM jobs WHERE {condition}"));
    db.read().query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

#[tokio::test]
async fn a_job_that_does_not_end_in_time_is_free_for_the_next_process_at_once() {
    // Whoever asks it for an order waits for ever.
    let silent = MockServer::start().await;
    let never = ResponseTemplate::new(200).set_delay(Duration::from_hours(1));
    Mock::given(path_regex("orders")).respond_with(never).mount(&silent).await;
    let world = World::tuned(Settings::at_once(), |config| {
        config.truv.url = format!("{}/", silent.uri()).parse().unwrap();
        config.server.drain_timeout = Duration::from_millis(50);
    })
    .await;
    let seed = Seed(world.app.kit());
    let agency = seed.agency(COUNTY).await;
    let case = seed.case(agency, NewCase::due("1", noon().date_naive())).await;
    seed.imported_order(case, "1", "an order of theirs").await;
    // The look for orders without news makes a job of it, which asks Truv in vain.
    world.clock.advance(Duration::from_secs(61));
    let taken = async || (count(&world.app.kit().db, "lease IS NOT NULL").await == 1).then_some(());
    world.until("the job is in hand", taken).await;
    let world = world
        .restart(async |_: &Simulator, _: &Clock, db: &Database| {
            assert_eq!(count(db, "lease IS NULL AND leased_until IS NULL AND attempts = 0").await, 1);
        })
        .await;
    // The clock has not moved: a lease that had to run out would still hold.
    let taken = async || (count(&world.app.kit().db, "lease IS NOT NULL").await == 1).then_some(());
    world.until("the job is in hand again", taken).await;
    world.app.stop(Duration::ZERO).await;
}
