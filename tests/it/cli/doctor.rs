//! `recert doctor`: in each set-up one thing is broken, and the doctor names it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use recert::clock::Clock;
use recert::simulator::{AccessKey, Options, SeedBatch, SeedWebhook, Settings, Simulator};
use reqwest::Method;
use rstest::rstest;
use sea_orm::{ConnectionTrait as _, DbBackend};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::serving::Served;
use super::{HMAC, Run, SECRET, VARIABLES, recert};
use crate::support::database::{Scratch, fresh, server};

const OLDER_SECRET: &str = "sandbox-0000000000000000000000000000000000000000";

/// A machine on which everything is in order but the way in, since no gateway is running.
struct Clinic {
    folder: tempfile::TempDir,
    scratch: Scratch,
    sim: Simulator,
    clock: Clock,
    http: reqwest::Client,
}

/// What the doctor has said.
struct Diagnosis {
    code: Option<i32>,
    findings: Vec<Value>,
    text: String,
}

impl Clinic {
    async fn open() -> Self {
        let (scratch, db, _) = fresh().await;
        db.close().await.unwrap();
        let clock = Clock::shifted();
        let keys = [SECRET, OLDER_SECRET]
            .map(|secret| AccessKey { client_id: "client".to_owned(), secret: SecretString::from(secret) });
        let options = Options { clock: clock.clone(), settings: Settings::at_once(), ..Options::new(keys.to_vec()) };
        let sim = Simulator::start(options).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let clinic = Self { folder: tempfile::tempdir().unwrap(), scratch, sim, clock, http };
        clinic.register("https://127.0.0.1/webhooks/truv/harbor");
        clinic
    }

    fn register(&self, url: &str) {
        let webhook = SeedWebhook { name: "gateway".to_owned(), webhook_url: url.to_owned(), events: Vec::new() };
        self.sim.seed(SeedBatch { webhooks: vec![webhook], ..SeedBatch::default() }).unwrap();
    }

    fn truv(&self) -> String {
        format!("http://{}/", self.sim.api_addr())
    }

    /// Variables with which nothing is at fault; later ones win over these.
    fn variables(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut variables: Vec<_> = VARIABLES.iter().map(|(name, value)| own(name, value)).collect();
        variables.push(own("RECERT_DATABASE_URL", &self.scratch.url()));
        variables.push(own("RECERT_TRUV_URL", &self.truv()));
        variables.push(own("RECERT_LISTEN", "127.0.0.1:0"));
        variables.push(own("RECERT_ADMIN_LISTEN", "127.0.0.1:0"));
        variables.extend(more.iter().map(|(name, value)| own(name, value)));
        variables
    }

    async fn run(&self, more: &[(&str, &str)], args: &[&str]) -> Run {
        let folder = self.folder.path().to_owned();
        let variables = self.variables(more);
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        tokio::task::spawn_blocking(move || {
            let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
            recert(&folder, &variables, &args.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .await
        .unwrap()
    }

    async fn doctor(&self, more: &[(&str, &str)], args: &[&str]) -> Diagnosis {
        let run = self.run(more, &[&["doctor", "--json"][..], args].concat()).await;
        assert!(!run.out.contains("5f0e7c1d") && !run.err.contains("5f0e7c1d"), "a secret was shown: {}", run.out);
        let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{}{}", run.out, run.err));
        let findings = report["findings"].as_array().unwrap().clone();
        for finding in &findings {
            let said = |field: &str| finding[field].as_str().is_some_and(|text| !text.trim().is_empty());
            let bad = matches!(finding["verdict"].as_str().unwrap(), "fault" | "warning");
            assert!(said("check") && said("tried") && said("got") && (said("change") || !bad), "{finding:#}");
        }
        Diagnosis { code: run.code, findings, text: run.out }
    }

    async fn control(&self, method: Method, path: &str, body: Value) {
        let url = format!("http://{}{path}", self.sim.control_addr());
        assert!(self.http.request(method, url).json(&body).send().await.unwrap().status().is_success());
    }

    /// The simulator's API, as the agency.
    async fn truv_call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.truv())).json(&body);
        let request = request.header("x-access-client-id", "client").header("x-access-secret", SECRET);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }
}

impl Diagnosis {
    /// The one finding of this check.
    fn of(&self, check: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("{check} was not checked:\n{}", self.text))
    }

    /// This check, and no other one, is at fault, for that reason and with that cure.
    fn is_only(&self, check: &str, got: &str, change: &str) {
        self.names("fault", check, got, change);
        let faults: Vec<&Value> = self.findings.iter().filter(|finding| finding["verdict"] == "fault").collect();
        assert!(faults.len() == 1 && self.code == Some(1), "{:?} {faults:#?}", self.code);
    }

    fn names(&self, verdict: &str, check: &str, got: &str, change: &str) {
        let finding = self.of(check);
        assert_eq!(finding["verdict"], verdict, "{finding:#}");
        let has = |field: &str, part: &str| finding[field].as_str().unwrap_or_default().contains(part);
        assert!(has("got", got) && has("change", change), "{got:?} and {change:?} are not in {finding:#}");
    }
}

/// An address where nobody listens.
async fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn nothing_is_at_fault_where_nothing_is_broken() {
    let clinic = Clinic::open().await;
    let seen = clinic.doctor(&[], &[]).await;
    assert_eq!(seen.code, Some(0), "{}", seen.text);
    assert!(seen.of("settings")["got"].as_str().unwrap().contains("agencies[0].slug = harbor (from RECERT_AGENCY)"));
    for check in ["database", "migrations", "Truv (harbor)", "clock (harbor)", "webhook endpoint (harbor)", "wake-ups"]
    {
        assert_eq!(seen.of(check)["verdict"], "ok", "{}", seen.text);
    }
    // The same for people.
    let run = clinic.run(&[], &["doctor"]).await;
    assert_eq!(run.code, Some(0), "{}", run.out);
    assert!(run.out.contains("0 at fault") && run.out.contains("tried   opening"), "{}", run.out);
}

#[tokio::test]
async fn settings_that_cannot_be_used_come_first_and_end_with_2() {
    let clinic = Clinic::open().await;
    let more = [("API_SECRET", "prod-5f0e7c1d9b2a4e6f"), ("RECERT_LISTN", "127.0.0.1:1"), ("RECERT_WORKERS", "none")];
    let seen = clinic.doctor(&more, &[]).await;
    assert_eq!(seen.code, Some(2));
    seen.names("fault", "setting agencies[0].secrets", "Truv's prod environment", "own Truv environment");
    seen.names("fault", "setting RECERT_LISTN", "no such variable", "did you mean RECERT_LISTEN?");
    seen.names("fault", "setting work.workers", "not a whole number", "digits");
    assert_eq!(seen.of("everything else")["verdict"], "skipped");
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_told_by_its_cause() {
    let clinic = Clinic::open().await;
    let folder = clinic.folder.path();
    let at = |name: &str| format!("sqlite://{}", folder.join(name).display());

    let seen = clinic.doctor(&[("RECERT_DATABASE_URL", &at("gone/recert.sqlite"))], &[]).await;
    seen.is_only("disk", "No such file or directory", "make the folder");

    fs::write(folder.join("letter.sqlite"), "Dear customer, this is no database at all. ".repeat(40)).unwrap();
    let seen = clinic.doctor(&[("RECERT_DATABASE_URL", &at("letter.sqlite"))], &[]).await;
    seen.is_only("database", "file is not a database", "restore a backup");
    assert_eq!(seen.of("wake-ups")["verdict"], "skipped");

    let seen = clinic.doctor(&[("RECERT_DATABASE_URL", &format!("sqlite://{}", folder.display()))], &[]).await;
    seen.is_only("database", "a folder", "name a file in it");

    let closed = nowhere().await;
    let url = format!("postgres://recert:s3cr3t@{closed}/recert");
    let seen = clinic.doctor(&[("RECERT_DATABASE_URL", &url)], &[]).await;
    seen.is_only(
        "database",
        "refused",
        "start PostgreSQL, or mend host and port in database.url (from RECERT_DATABASE_URL)",
    );
    assert!(!seen.text.contains("s3cr3t"), "{}", seen.text);

    let file = folder.join("mine.sqlite");
    let seen = clinic.doctor(&[("RECERT_DATABASE_URL", &at("mine.sqlite"))], &["--min-free", "999999999999"]).await;
    seen.is_only("disk", "MB are wanted", "make room");
    assert!(!file.exists(), "a look makes no file");
}

#[tokio::test]
async fn a_file_with_secrets_that_all_may_read_is_pointed_at() {
    let clinic = Clinic::open().await;
    let file = clinic.folder.path().join("recert.toml");
    fs::write(&file, format!("[auth]\nhmac_secret = \"{HMAC}\"\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let more = [("RECERT_AUTH_HMAC_SECRET", "")];
    clinic.doctor(&more, &[]).await.names("warning", "file recert.toml", "everybody", "chmod o-rwx recert.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(clinic.doctor(&more, &[]).await.of("file recert.toml")["verdict"], "ok");
}

#[tokio::test]
async fn a_schema_that_is_not_this_programs_is_told() {
    let clinic = Clinic::open().await;
    let db = clinic.scratch.open().await;
    db.read().execute_unprepared("INSERT INTO seaql_migrations VALUES ('m29991231_000001_later', 0)").await.unwrap();
    clinic.doctor(&[], &[]).await.is_only("migrations", "m29991231_000001_later", "newer version of Recert");
    db.read().execute_unprepared("DELETE FROM seaql_migrations WHERE version LIKE 'm2999%'").await.unwrap();
    if db.backend() != DbBackend::Postgres {
        return;
    }
    // Nobody migrates PostgreSQL by the way.
    db.read()
        .execute_unprepared("DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)")
        .await
        .unwrap();
    clinic.doctor(&[], &[]).await.is_only("migrations", "1 are missing", "recert migrate");
}

#[tokio::test]
async fn walls_that_do_not_hold_the_gateway_are_told() {
    if server().is_none() {
        return;
    }
    let clinic = Clinic::open().await;
    let on = [("RECERT_DATABASE_ROW_SECURITY", "true")];
    clinic.doctor(&on, &[]).await.is_only("row security", "have no wall", "recert migrate --row-security ROLE");
    let db = clinic.scratch.open().await;
    db.raise_walls("postgres").await.unwrap();
    clinic.doctor(&on, &[]).await.is_only("row security", "is a superuser", "CREATE ROLE");
    clinic.doctor(&[], &[]).await.is_only("row security", "nothing in them would be seen", "--no-row-security");
    db.raze_walls().await.unwrap();
    assert_eq!(clinic.doctor(&[], &[]).await.of("row security")["verdict"], "ok");
}

#[tokio::test]
async fn a_postgresql_that_does_not_let_us_in_is_told() {
    let Some(server) = server() else { return };
    let clinic = Clinic::open().await;
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path("recert_there_is_none");
    let seen = clinic.doctor(&[("RECERT_DATABASE_URL", url.as_str())], &[]).await;
    seen.is_only("database", "does not exist", "createdb");
    url.set_username("recert_nobody").unwrap();
    let seen = clinic.doctor(&[("RECERT_DATABASE_URL", url.as_str())], &[]).await;
    seen.is_only("database", "recert_nobody", "user");
}

#[tokio::test]
async fn a_truv_that_cannot_be_used_is_told_by_its_cause() {
    let clinic = Clinic::open().await;
    let closed = format!("http://{}/", nowhere().await);
    let seen = clinic.doctor(&[("RECERT_TRUV_URL", &closed)], &[]).await;
    seen.is_only("Truv (harbor)", "refused", "truv.url (from RECERT_TRUV_URL)");
    assert_eq!(seen.of("webhook endpoint (harbor)")["verdict"], "skipped");

    let seen = clinic.doctor(&[("API_SECRET", "sandbox-5f0e7c1d0000")], &[]).await;
    seen.is_only("Truv (harbor)", "does not accept the access key", "agencies[0].secrets (from API_SECRET)");

    let turned = format!("sandbox-5f0e7c1d0000,{SECRET}");
    let seen = clinic.doctor(&[("RECERT_TRUV_SECRETS", &turned)], &[]).await;
    seen.is_only("Truv (harbor)", "does not accept the access key", "Truv takes the second secret: put it first");

    let page = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(ResponseTemplate::new(200).set_body_string("<html>")).mount(&page).await;
    let seen = clinic.doctor(&[("RECERT_TRUV_URL", &page.uri())], &[]).await;
    seen.is_only("Truv (harbor)", "cannot be read", "something else than Truv");

    for (action, got, change) in [
        ("error_before", "status 500", "trouble of its own"),
        ("throttle", "too many requests", "another program uses the same key"),
        ("never_answer", "in time", "swallows the call"),
    ] {
        let rules = json!({ "rules": [{ "where": "api", "action": action }] });
        clinic.control(Method::PUT, "/control/faults", rules).await;
        clinic.doctor(&[("RECERT_TRUV_TIMEOUT", "1")], &[]).await.is_only("Truv (harbor)", got, change);
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_from_truvs_answer() {
    let clinic = Clinic::open().await;
    assert!(clinic.clock.advance(Duration::from_mins(10)));
    let seen = clinic.doctor(&[], &[]).await;
    seen.is_only("clock (harbor)", "behind Truv", "NTP");
}

#[tokio::test]
async fn an_endpoint_through_which_nothing_comes_is_told_by_its_cause() {
    let clinic = Clinic::open().await;
    let check = "webhook endpoint (harbor)";
    let here = [("RECERT_PUBLIC_URL", "https://127.0.0.1/")];
    let before = ["--before-start"];
    assert_eq!(clinic.doctor(&here, &before).await.code, Some(0));

    let seen = clinic.doctor(&[("RECERT_PUBLIC_URL", "https://127.0.0.2/")], &before).await;
    seen.is_only(check, "Truv sends to https://127.0.0.1/webhooks/truv/harbor", "recert webhook register");

    let other = [("RECERT_PUBLIC_URL", "https://127.0.0.1/"), ("RECERT_AGENCY", "bay")];
    clinic.doctor(&other, &before).await.is_only(
        "webhook endpoint (bay)",
        "not among the 1",
        "recert webhook register",
    );
    let other = [("RECERT_AGENCY", "bay")];
    clinic.doctor(&other, &before).await.is_only(
        "webhook endpoint (bay)",
        "server.public_url is not set",
        "RECERT_PUBLIC_URL",
    );

    let known = clinic.truv_call(Method::GET, "v1/webhooks/", Value::Null).await;
    let path = format!("v1/webhooks/{}/", known["results"][0]["id"].as_str().unwrap());
    clinic.truv_call(Method::PATCH, &path, json!({ "events": ["order-created"] })).await;
    clinic.doctor(&here, &before).await.is_only(check, "without the event task-status-updated", "all events");
    clinic.truv_call(Method::PATCH, &path, json!({ "events": [], "enabled": false })).await;
    clinic.doctor(&here, &before).await.is_only(check, "switched off", "recert webhook register");

    // And the cure works.
    let run = clinic.run(&here, &["webhook", "register"]).await;
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.contains("is on again"), "{}", run.out);
    assert_eq!(clinic.doctor(&here, &before).await.code, Some(0));
}

#[tokio::test]
async fn deliveries_that_were_not_taken_are_found_in_truvs_history() {
    let clinic = Clinic::open().await;
    let door = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(ResponseTemplate::new(401)).mount(&door).await;
    let public = door.uri();
    clinic.register(&format!("{public}/webhooks/truv/harbor"));
    let order = json!({ "order_number": "1", "first_name": "A", "last_name": "B", "products": ["income"] });
    clinic.truv_call(Method::POST, "v1/orders/", order).await;
    clinic.control(Method::POST, "/control/settled", json!({})).await;
    let seen = clinic.doctor(&[("RECERT_PUBLIC_URL", &public)], &["--before-start"]).await;
    seen.is_only("webhook deliveries (harbor)", "answered 401", "signs with another secret");
}

#[rstest]
#[case::a_file_that_is_missing(None, "the file cannot be opened")]
#[case::something_else(Some("no keys here"), "it is not JSON")]
#[case::a_key_that_is_too_weak(Some(r#"{"keys":[{"kid":"a","kty":"RSA","n":"AQAB","e":"AQAB"}]}"#), "no usable key")]
#[tokio::test]
async fn a_key_set_that_cannot_be_used_is_told(#[case] set: Option<&str>, #[case] got: &str) {
    let clinic = Clinic::open().await;
    if let Some(set) = set {
        fs::write(clinic.folder.path().join("keys.json"), set).unwrap();
    }
    let more = [("RECERT_AUTH_HMAC_SECRET", ""), ("RECERT_AUTH_JWKS", "keys.json")];
    clinic.doctor(&more, &[]).await.is_only("token keys", got, "auth.jwks (from RECERT_AUTH_JWKS)");
}

#[tokio::test]
async fn an_issuer_that_does_not_give_its_keys_and_a_shared_secret_for_real_people_are_told() {
    let clinic = Clinic::open().await;
    let issuer = format!("http://{}/keys.json", clinic.sim.control_addr());
    let more = [("RECERT_AUTH_HMAC_SECRET", ""), ("RECERT_AUTH_JWKS", &*issuer)];
    clinic.doctor(&more, &[]).await.is_only("token keys", "does not answer 200", "auth.jwks");
    let real = [("API_SECRET", "prod-5f0e7c1d0000"), ("RECERT_TRUV_ENVIRONMENT", "prod")];
    let seen = clinic.doctor(&real, &[]).await;
    seen.names("fault", "setting auth.hmac_secret", "production data", "RECERT_AUTH_JWKS");
    assert_eq!(seen.code, Some(2));
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_on_is_told() {
    let clinic = Clinic::open().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let seen = clinic.doctor(&[("RECERT_LISTEN", &address)], &[]).await;
    seen.is_only("server.listen", "another program", "server.listen (from RECERT_LISTEN)");
    let seen = clinic.doctor(&[("RECERT_ADMIN_LISTEN", "192.0.2.1:8081")], &[]).await;
    seen.is_only("server.admin_listen", "assign", "address of this machine");
}

#[tokio::test]
async fn a_bus_that_is_not_there_is_told() {
    let clinic = Clinic::open().await;
    let wake = format!("nats://s3cr3t@{}", nowhere().await);
    let seen = clinic.doctor(&[("RECERT_WAKE", &wake)], &[]).await;
    seen.is_only("wake-ups", "NATS", "work.wake (from RECERT_WAKE)");
    assert!(!seen.text.contains("s3cr3t"), "{}", seen.text);
    if let Some(server) = server() {
        // A bus of another database: everything seems to work, and nobody hears anything.
        clinic.doctor(&[("RECERT_WAKE", &server)], &[]).await.is_only(
            "wake-ups",
            "did not come back",
            "direct address",
        );
    }
}

#[tokio::test]
async fn a_closed_way_in_is_told_by_its_cause() {
    let clinic = Clinic::open().await;
    let check = "signature round trip (harbor)";
    let truv = clinic.truv();
    let served = Served::start(&clinic.scratch.url(), &[("RECERT_TRUV_URL", &truv)]);
    let (public, admin) = (served.public.to_string(), served.admin.to_string());
    let listening = [("RECERT_LISTEN", &*public), ("RECERT_ADMIN_LISTEN", &*admin)];

    // At the gateway's own door, and from outside by the same way.
    assert_eq!(clinic.doctor(&listening, &[]).await.of(check)["verdict"], "ok");
    let run = clinic.run(&listening, &["webhook", "test"]).await;
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.out.contains("answered 204, and the request is in the inbox"), "{}", run.out);

    let door = format!("http://{}", nowhere().await);
    clinic.register(&format!("{door}/webhooks/truv/harbor"));
    let seen = clinic.doctor(&[&listening[..], &[("RECERT_PUBLIC_URL", door.as_str())]].concat(), &[]).await;
    seen.is_only(check, "the gateway itself takes it", "name service, certificate and proxy");

    let proxy = MockServer::start().await;
    let url = proxy.uri();
    clinic.register(&format!("{url}/webhooks/truv/harbor"));
    for (status, got, change) in [
        (401, "answered 401; the gateway itself takes it", "drops the header X-WEBHOOK-SIGN"),
        (404, "answered 404; the gateway itself takes it", "pass POST /webhooks/truv/ on"),
        (204, "nobody signed was answered 204", "checks no signature"),
    ] {
        proxy.reset().await;
        Mock::given(matchers::any()).respond_with(ResponseTemplate::new(status)).mount(&proxy).await;
        let seen = clinic.doctor(&[&listening[..], &[("RECERT_PUBLIC_URL", url.as_str())]].concat(), &[]).await;
        seen.is_only(check, got, change);
    }

    // A gateway that was not restarted after the secrets were changed.
    let newer = format!("{SECRET},{OLDER_SECRET}");
    let seen = clinic.doctor(&[&listening[..], &[("RECERT_TRUV_SECRETS", newer.as_str())]].concat(), &[]).await;
    seen.is_only(check, "answered 401", "secret 2 of these settings: restart it");

    // A gateway on another database.
    let (elsewhere, db, _) = fresh().await;
    db.close().await.unwrap();
    let url = elsewhere.url();
    let seen = clinic.doctor(&[&listening[..], &[("RECERT_DATABASE_URL", url.as_str())]].concat(), &[]).await;
    seen.is_only(check, "is not in this database", "works on another one");
    let run =
        clinic.run(&[&listening[..], &[("RECERT_DATABASE_URL", url.as_str())]].concat(), &["webhook", "test"]).await;
    assert!(run.code == Some(1) && run.err.contains("works on another one"), "{}", run.err);
}
