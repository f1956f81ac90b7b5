//! What refreshes cost: a line for each connection, caps that hold, and Truv's invoice.

use std::time::Duration;

use futures_util::future::join_all;
use recert::cli::ledger as export;
use recert::config::{Cap, Config};
use recert::ledger::Filter;
use recert::simulator::{Scenario, Settings};
use serde_json::{Value, json};

use crate::support::seed::Seed;
use crate::support::world::{COUNTY, World};

const DAY: Duration = Duration::from_hours(24);

fn priced(config: &mut Config) {
    config.agencies[0].spending.price_cents.income = Some(250);
}

async fn lines(world: &World) -> Vec<Value> {
    world.send("Ledger", json!({})).await["ledger"]["nodes"].as_array().unwrap().clone()
}

async fn states(world: &World) -> Vec<String> {
    lines(world).await.iter().map(|line| line["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refreshed_connection_has_one_line_that_ends_as_the_refresh_did() {
    let world = World::tuned(Settings { step_ms: 60_000, ..Settings::at_once() }, priced).await;
    let case = world.case("SNAP-1", &[Scenario::Ok, Scenario::LoginError]).await;
    let made = world.refresh(&case, "key-1").await;
    world.quiet().await;
    let begun = lines(&world).await;
    assert_eq!(begun.len(), 2, "{begun:#?}");
    for line in &begun {
        assert_eq!(
            (&line["status"], &line["amount"], &line["month"]),
            (&"ATTEMPTED".into(), &"2.50".into(), &"2026-03".into())
        );
        assert_eq!((&line["order"]["id"], &line["case"]["number"]), (&made["order"]["id"], &"SNAP-1".into()));
    }
    world.pass(10, Duration::from_mins(1)).await;
    assert_eq!(states(&world).await, ["ESTIMATED", "VOID"]);
    // The bill of the simulator has the same.
    let bill = world.truth().await["billing"].as_array().unwrap().clone();
    let refreshes: Vec<&Value> = bill.iter().filter(|line| line["kind"] == "refresh").collect();
    let estimated: Vec<Value> = lines(&world).await.into_iter().filter(|line| line["status"] == "ESTIMATED").collect();
    assert_eq!(refreshes.len(), 1);
    assert_eq!(
        (&refreshes[0]["order_id"], &refreshes[0]["link_id"]),
        (&estimated[0]["order"]["truvOrderId"], &estimated[0]["link"]["truvLinkId"])
    );
    // The client logs in late: the same line comes alive again.
    let order = estimated[0]["order"]["truvOrderId"].as_str().unwrap();
    let employer = world.true_order(order).await["employers"].as_array().unwrap().clone();
    let failed = employer.iter().find(|one| one["status"] != "completed").unwrap();
    world.applicant(order, json!({ "action": "login", "employer_id": failed["id"] })).await;
    world.pass(10, Duration::from_mins(1)).await;
    assert_eq!(states(&world).await, ["ESTIMATED", "ESTIMATED"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_carried_out_is_void() {
    let world = World::tuned(Settings::at_once(), priced).await;
    let refused = world.case("SNAP-1", &[Scenario::QuotaUsed]).await;
    world.refresh(&refused, "key-1").await;
    world.quiet().await;
    let canceled = world.case("SNAP-2", &[Scenario::Ok]).await;
    world.faults(json!([{ "where": "api", "action": "throttle" }])).await;
    let made = world.refresh(&canceled, "key-2").await;
    world.quiet().await;
    let input = json!({ "orderId": made["order"]["id"] });
    let answer = world.send("CancelOrder", json!({ "input": input })).await;
    assert_eq!(answer["cancelOrder"]["userErrors"], json!([]), "{answer}");
    assert_eq!(states(&world).await, ["VOID", "VOID"]);
    let preview = world.send("RefreshPreview", json!({ "caseId": refused.id })).await["refreshPreview"].clone();
    assert_eq!(
        (&preview["spending"]["committed"], &preview["spending"]["requested"]),
        (&"0.00".into(), &"2.50".into())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_invoice_confirms_a_line_and_a_difference_is_shown() {
    let world = World::tuned(Settings::at_once(), priced).await;
    let (billed, unbilled) =
        (world.case("SNAP-1", &[Scenario::Ok]).await, world.case("SNAP-2", &[Scenario::NoData]).await);
    world.refresh(&billed, "key-1").await;
    world.quiet().await;
    world.refresh(&unbilled, "key-2").await;
    world.quiet().await;
    assert_eq!(states(&world).await, ["ESTIMATED", "VOID"]);
    world.pass(2, DAY).await;
    let confirmed = async || (states(&world).await == ["CONFIRMED", "VOID"]).then_some(());
    world.until("the invoice confirms the line", confirmed).await;
    assert!(lines(&world).await.iter().all(|line| line["difference"].is_null()));

    // Truv forgets to bill another one.
    let other = world.case("SNAP-3", &[Scenario::Ok]).await;
    world.refresh(&other, "key-3").await;
    world.quiet().await;
    world.faults(json!([{ "where": "api", "match": { "path_prefix": "/v1/orders/", "method": "GET" }, "action": "bad_gateway" }])).await;
    world.pass(3, Duration::from_hours(1)).await;
    assert_eq!(states(&world).await, ["CONFIRMED", "VOID", "ESTIMATED"], "a look that fails proves nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hard_cap_of_a_month_holds_under_concurrency_and_the_soft_one_warns() {
    let world = World::tuned(Settings::at_once(), |config| {
        priced(config);
        config.agencies[0].spending.caps.snap = Cap { soft_cents: Some(500), hard_cents: Some(1_000) };
    })
    .await;
    let mut cases = Vec::new();
    for n in 0..12 {
        cases.push(world.case(&format!("SNAP-{n}"), &[Scenario::Ok]).await);
    }
    let answers = join_all(cases.iter().enumerate().map(|(n, case)| {
        let world = &world;
        async move { world.try_refresh(case, &format!("key-{n}"), json!({})).await }
    }))
    .await;
    let (made, refused): (Vec<&Value>, Vec<&Value>) =
        answers.iter().partition(|answer| answer["userErrors"] == json!([]));
    assert_eq!((made.len(), refused.len()), (4, 8), "{answers:#?}");
    assert_eq!(made.iter().filter(|answer| !answer["spendingWarning"].is_null()).count(), 2, "{made:#?}");
    for answer in refused {
        let error = &answer["userErrors"][0];
        assert_eq!(
            (&error["__typename"], &error["code"]),
            (&"SpendingCapError".into(), &"CONFLICT".into()),
            "{answer}"
        );
        assert_eq!(
            (&error["spending"]["hardCap"], &error["spending"]["committed"]),
            (&"10.00".into(), &"10.00".into()),
            "{answer}"
        );
    }
    world.quiet().await;
    assert_eq!(lines(&world).await.len(), 4);

    let kit = world.app.kit();
    let agency = Seed(kit).agency(COUNTY).await;
    let mut csv = Vec::new();
    export::lines(&kit.db, agency, &Filter::default(), &mut csv).await.unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.lines().nth(1).unwrap().starts_with("2026-03,2026-03-04T"), "{csv}");
    let mut sums = Vec::new();
    export::sums(&kit.db, agency, &Filter::default(), &mut sums).await.unwrap();
    assert_eq!(
        String::from_utf8(sums).unwrap(),
        "month,program,product,status,count,amount\n2026-03,SNAP,INCOME,ESTIMATED,4,10.00\n"
    );
    let totals = world.send("Ledger", json!({})).await["ledgerTotals"].clone();
    assert_eq!((&totals[0]["amount"], &totals[0]["count"]), (&"10.00".into(), &4.into()), "{totals}");

    // Another month, another cap.
    world.advance(30 * DAY).await;
    let next = world.case("SNAP-next", &[Scenario::Ok]).await;
    world.refresh(&next, "key-next").await;
}
