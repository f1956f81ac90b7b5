//! `recert export` and `recert verify`, and `recert notices` without a gateway.

use std::fs;
use std::path::Path;

use recert::simulator::Scenario;

use super::{HMAC, Run, SECRET, recert};
use crate::support::world::{COUNTY, World};

fn run(folder: &Path, database: &str, args: &[&str]) -> Run {
    let variables = [
        ("RECERT_AGENCY", COUNTY),
        ("RECERT_TRUV_ENVIRONMENT", "sandbox"),
        ("API_CLIENT_ID", "client"),
        ("API_SECRET", SECRET),
        ("RECERT_AUTH_HMAC_SECRET", HMAC),
        ("RECERT_DATABASE_URL", database),
    ];
    recert(folder, &variables, args)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_is_exported_verified_offline_and_every_change_is_named() {
    let world = World::start().await;
    let case = world.case("SNAP-1", &[Scenario::LoginError]).await;
    world.refresh(&case, "key-1").await;
    world.quiet().await;
    let folder = tempfile::tempdir().unwrap();
    let database = world.database_url();
    let exported = run(folder.path(), &database, &["export", "--case", "SNAP-1"]);
    assert_eq!(exported.code, Some(0), "{}", exported.err);
    let (seal, file) = exported.out.trim().split_once("  ").unwrap();
    let file = folder.path().join(file);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("SNAP-1-2026-") && name.ends_with(".evidence.json"), "{name}");

    // Offline: without any setting.
    let path = file.to_str().unwrap();
    let whole = recert(folder.path(), &[], &["verify", path, "--seal", seal]);
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    assert!(whole.out.starts_with(&format!("{seal}  ")) && whole.out.contains("lineage"), "{}", whole.out);
    let other = recert(folder.path(), &[], &["verify", path, "--seal", "00"]);
    assert_eq!(other.code, Some(1));
    assert!(other.err.contains("another one than was exported"), "{}", other.err);

    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(r#""operation":"export""#), "who looked: this export, too");
    fs::write(&file, text.replace("SNAP-1", "SNAP-2")).unwrap();
    let forged = recert(folder.path(), &[], &["verify", path]);
    assert_eq!(forged.code, Some(1));
    assert!(forged.err.contains("line 2, section 0 (packet)"), "the first difference: {}", forged.err);

    let nobody = run(folder.path(), &database, &["export", "--case", "SNAP-9"]);
    assert_eq!(nobody.code, Some(1));
    assert!(nobody.err.contains("There is no such case."), "{}", nobody.err);
    let never = run(folder.path(), &database, &["export", "--case", "SNAP-1", "--due", "2020-01-01"]);
    assert!(never.err.contains("has no such renewal"), "{}", never.err);

    // Without an endpoint in the settings the notice about the failure waits.
    let listed = run(folder.path(), &database, &["notices", "list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    assert!(listed.out.contains("\tPENDING\tcase.needs_person\t"), "{}", listed.out);
    let replayed = run(folder.path(), &database, &["notices", "replay", "--status", "given-up"]);
    assert_eq!(replayed.out, "0 to be sent once more\n", "{}", replayed.err);
}
