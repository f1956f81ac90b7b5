//! `recert keys`.

use chrono::Days;
use recert::config::{Config, SealKey, Sealing};
use recert::kit::Kit;
use recert::seal::Sealer;
use recert::words::OrderStatus;
use sea_orm::{ConnectionTrait as _, Statement};

use super::{Run, VARIABLES, recert};
use crate::support::database::fresh;
use crate::support::seed::{NewCase, Seed};
use crate::support::world::noon;

/// A database whose rows were sealed with `keys`, holding two links.
async fn two_links(keys: &[(&str, u8)]) -> (crate::support::database::Scratch, recert::storage::Database) {
    let (scratch, db, _) = fresh().await;
    let clock = recert::clock::Clock::still(noon());
    let keys = keys.iter().map(|(id, byte)| SealKey { id: (*id).to_owned(), key: vec![*byte; 32].into() });
    let config = Config::for_tests();
    let kit = Kit {
        opaque: db.opaque().await.unwrap(),
        audit: recert::audit::Recorder::alone(db.clone()),
        sealer: Sealer::new(&Sealing { keys: keys.collect() }).unwrap(),
        db: db.clone(),
        ids: recert::ids::Ids::seeded(clock.clone(), 3),
        clock,
        accounts: recert::kit::Accounts::default(),
        renewals: config.renewals,
        lifetimes: recert::lifetimes::Shelf::default(),
        work: config.work,
        webhooks: config.webhooks,
    };
    let seed = Seed(&kit);
    let agency = seed.agency("harbor").await;
    for number in ["A-1", "A-2"] {
        let case = seed.case(agency, NewCase::due(number, noon().date_naive() + Days::new(9))).await;
        seed.order(case, None, OrderStatus::Completed).await;
    }
    (scratch, db)
}

/// `ID:KEY` with a key of one byte repeated.
fn setting(id: &str, byte: u8) -> String {
    use base64::Engine as _;
    format!("{id}:{}", base64::engine::general_purpose::STANDARD.encode([byte; 32]))
}

fn keys(database: &str, act: &str, keys: &[String]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys.join(",");
    let variables = [&VARIABLES[..], &[("RECERT_DATABASE_URL", database), ("RECERT_SEAL_KEYS", &keys)]].concat();
    recert(folder.path(), &variables, &["keys", act])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_exchanged_and_the_old_one_is_needed_no_more() {
    let (scratch, db) = two_links(&[("old", 1)]).await;
    let (old, new) = (setting("old", 1), setting("new", 2));
    let url = scratch.url();
    let both = [new.clone(), old];
    let before = keys(&url, "status", &both);
    assert_eq!(before.code, Some(0), "{}", before.err);
    assert!(before.out.contains("orders.share_url\told\t2\n"), "{}", before.out);
    let rotated = keys(&url, "rotate", &both);
    assert_eq!(rotated.code, Some(0), "{}", rotated.err);
    assert!(rotated.out.contains("orders.share_url\t2 renewed\t0 left\n"), "{}", rotated.out);
    let after = keys(&url, "status", std::slice::from_ref(&new));
    assert!(after.out.contains("orders.share_url\tnew\t2\n"), "{}", after.out);
    assert!(
        keys(&url, "rotate", &[new]).out.contains("orders.share_url\t0 renewed\t0 left\n"),
        "a second one finds nothing"
    );
    db.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_in_clear_are_sealed_and_those_that_do_not_open_are_counted_and_left() {
    let (scratch, db) = two_links(&[("lost", 1)]).await;
    let clear = "UPDATE orders SET share_url = 'https://x.test/link' \
                 WHERE id = (SELECT id FROM orders ORDER BY id LIMIT 1)";
    db.read().execute_raw(Statement::from_string(db.backend(), clear)).await.unwrap();
    let rotated = keys(&scratch.url(), "rotate", &[setting("new", 2)]);
    assert_eq!(rotated.code, Some(1));
    assert!(rotated.out.contains("orders.share_url\t1 renewed\t1 left\n"), "{}", rotated.out);
    assert!(rotated.out.contains("clients.email\t0 renewed\t2 left\n"), "{}", rotated.out);
    assert!(rotated.err.contains("7 values do not open"), "{}", rotated.err);
    let rows = Statement::from_string(db.backend(), "SELECT COUNT(*) AS n FROM orders WHERE share_url LIKE 'https:%'");
    let left: i64 = db.read().query_one_raw(rows).await.unwrap().unwrap().try_get("", "n").unwrap();
    assert_eq!(left, 0, "nothing lies in clear any more");
    db.close().await.unwrap();
}

#[test]
fn a_new_key_is_one_that_the_settings_take() {
    let folder = tempfile::tempdir().unwrap();
    let made = recert(folder.path(), &[], &["keys", "new", "--id", "spring"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let other = recert(folder.path(), &[], &["keys", "new", "--id", "spring"]);
    assert_ne!(made.out, other.out);
    let with = |key: &str| {
        let variables = [&VARIABLES[..], &[("RECERT_SEAL_KEYS", key)]].concat();
        recert(folder.path(), &variables, &["serve", "--check"])
    };
    assert_eq!(with(made.out.trim()).code, Some(0));
    let twice = with(&format!("{},{}", made.out.trim(), other.out.trim()));
    assert_eq!(twice.code, Some(2));
    assert!(twice.err.contains("two keys of the same name"), "{}", twice.err);
    assert!(!twice.err.contains(made.out.trim().split(':').nth(1).unwrap()), "a key is never printed");
    assert_eq!(recert(folder.path(), &[], &["keys", "new", "--id", "Not Good"]).code, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_missing_is_found_by_the_doctor() {
    let (scratch, _db) = two_links(&[("old", 1)]).await;
    let folder = tempfile::tempdir().unwrap();
    let url = scratch.url();
    let doctor = |keys: &[String]| {
        let keys = keys.join(",");
        // Nobody listens there: what the other checks say is of no concern.
        let own =
            [("RECERT_DATABASE_URL", &*url), ("RECERT_SEAL_KEYS", &keys), ("RECERT_TRUV_URL", "http://127.0.0.1:9/")];
        let run = recert(folder.path(), &[&VARIABLES[..], &own].concat(), &["doctor", "--json", "--before-start"]);
        let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let findings = report["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["check"] == "sealed data").unwrap().clone()
    };
    let (old, new) = (setting("old", 1), setting("new", 2));
    let missing = doctor(std::slice::from_ref(&new));
    assert_eq!(missing["verdict"], "fault", "{missing}");
    assert!(missing["got"].as_str().unwrap().contains("sealed with other keys"), "{missing}");
    assert!(missing["change"].as_str().unwrap().contains("from RECERT_SEAL_KEYS"), "{missing}");
    assert_eq!(doctor(&[new, old])["verdict"], "ok");
}
