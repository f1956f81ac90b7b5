//! Rows that are taken in: known by the agency's own names, safe to be given twice, refused without a trace.

use std::time::Duration;

use chrono::{Days, NaiveDate};
use recert::audit::Recorder;
use recert::caller::{Caller, Scope};
use recert::cases::Error;
use recert::cases::import::{
    ImportAssignee, ImportClient, ImportOrder, ImportRow, Imported, Outcome, Report, Seen, import,
};
use recert::clock::Clock;
use recert::config::{Renewals, Sealing, Webhooks, Work};
use recert::ids::Ids;
use recert::kit::{Accounts, Kit};
use recert::people::{Client, enroll_agency, load_clients};
use recert::seal::Sealer;
use recert::simulator::{Scenario, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson};
use recert::words::{ProductType, Program};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::support::database::{Scratch, fresh};
use crate::support::seed::Seed;
use crate::support::world::{World, noon};

struct Office {
    kit: Kit,
    caller: Caller,
    // Last: the database goes when nobody uses it any more.
    _scratch: Scratch,
}

impl Office {
    async fn open() -> Self {
        let (scratch, db, _) = fresh().await;
        let clock = Clock::still(noon());
        let kit = Kit {
            opaque: db.opaque().await.unwrap(),
            audit: Recorder::alone(db.clone()),
            sealer: Sealer::new(&Sealing::default()).unwrap(),
            db,
            ids: Ids::seeded(clock.clone(), 5),
            clock,
            accounts: Accounts::default(),
            renewals: Renewals::default(),
            work: Work::default(),
            webhooks: Webhooks::default(),
            lifetimes: recert::lifetimes::Shelf::default(),
        };
        let agency = enroll_agency(&kit.db, &kit.clock, &kit.ids, "sonoma", "Sonoma").await.unwrap().id;
        Self { caller: Caller::system(agency, "import"), kit, _scratch: scratch }
    }

    async fn import(&self, rows: &[ImportRow]) -> Report {
        import(&self.kit, &self.caller, rows, &mut Seen::default()).await.unwrap()
    }

    /// The only client there is.
    async fn client(&self) -> Client {
        let db = &self.kit.db;
        let query = Statement::from_string(db.backend(), "SELECT id FROM clients");
        let id: uuid::Uuid = db.read().query_one_raw(query).await.unwrap().unwrap().try_get("", "id").unwrap();
        load_clients(db, self.caller.agency, &[id.into()]).await.unwrap().remove(&id.into()).unwrap()
    }

    /// One row that must be taken in.
    async fn outcome(&self, row: ImportRow) -> Outcome {
        let report = self.import(&[row]).await;
        assert_eq!(report.refused, [], "{report:?}");
        report.imported[0].outcome
    }

    /// The reason why a row is refused.
    async fn refusal(&self, row: ImportRow) -> (Option<&'static str>, String) {
        let report = self.import(&[row]).await;
        assert_eq!(report.imported, [], "{report:?}");
        (report.refused[0].column, report.refused[0].reason.clone())
    }

    async fn number(&self, select: &str) -> i64 {
        number(&self.kit, select).await
    }

    async fn run(&self, statement: &str) {
        let tx = self.kit.db.begin().await.unwrap();
        tx.execute_unprepared(statement).await.unwrap();
        self.kit.db.commit(tx).await.unwrap();
    }
}

async fn number(kit: &Kit, select: &str) -> i64 {
    let statement = Statement::from_string(kit.db.backend(), format!("SELECT {select}"));
    kit.db.read().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

fn in_days(days: u64) -> NaiveDate {
    noon().date_naive() + Days::new(days)
}

/// A case of Rosa's, due in ten days, with one earlier order.
fn row(case_number: &str) -> ImportRow {
    ImportRow {
        line: 2,
        case_number: case_number.to_owned(),
        program: Program::Snap,
        due_date: in_days(10),
        period_start: NaiveDate::from_ymd_opt(2025, 9, 15).unwrap(),
        period_end: NaiveDate::from_ymd_opt(2026, 3, 14).unwrap(),
        client: ImportClient {
            external_user_id: format!("person-{case_number}"),
            first_name: "Rosa".to_owned(),
            last_name: "Quintero".to_owned(),
            email: Some("rosa@example.test".to_owned()),
            phone: Some("+1 503 555 0142".to_owned()),
            ssn_last4: Some("0142".to_owned()),
            language: Some("es".to_owned()),
            preferred_channel: None,
        },
        assignee: Some(ImportAssignee { external_id: "kim".to_owned(), name: Some("Kim Lee".to_owned()) }),
        orders: vec![order(&format!("truv-{case_number}"))],
    }
}

fn order(truv_id: &str) -> ImportOrder {
    ImportOrder {
        truv_id: truv_id.to_owned(),
        number: None,
        product: ProductType::Income,
        date: NaiveDate::from_ymd_opt(2025, 9, 10),
    }
}

#[tokio::test]
async fn a_case_that_is_due_within_the_window_opens_its_renewal_and_a_later_one_waits() {
    let office = Office::open().await;
    let later = ImportRow { due_date: in_days(90), ..row("B") };
    let report = office.import(&[row("A"), later]).await;
    assert_eq!(report.count(Outcome::Created), 2);
    let due = "COUNT(*) FROM cases c JOIN renewals r ON r.id = c.renewal_id AND r.due_on = c.due_on \
               WHERE c.number = 'A' AND c.status = 'DUE' AND c.cycle_months = 6";
    assert_eq!(office.number(due).await, 1);
    assert_eq!(office.number("COUNT(*) FROM cases WHERE number = 'B' AND status = 'NOT_DUE'").await, 1);
    let events = "COUNT(*) FROM events e JOIN cases c ON c.id = e.case_id WHERE c.number = 'A'";
    assert_eq!(office.number(events).await, office.number("version FROM cases WHERE number = 'A'").await);
    let orders = "COUNT(*) FROM orders WHERE kind = 'ORIGINAL' AND status = 'PENDING' AND renewal_id IS NULL";
    assert_eq!(office.number(orders).await, 2);
    assert_eq!(office.number("COUNT(*) FROM jobs WHERE kind = 'READ_ORDER'").await, 2);
}

#[tokio::test]
async fn the_same_rows_given_again_change_nothing() {
    let office = Office::open().await;
    let rows: Vec<ImportRow> =
        (0..250).map(|number| ImportRow { line: number + 2, ..row(&format!("C-{number}")) }).collect();
    assert_eq!(office.import(&rows).await.count(Outcome::Created), 250);
    let versions = "CAST(SUM(version) AS BIGINT) FROM cases";
    let (events, sum) = (office.number("COUNT(*) FROM events").await, office.number(versions).await);
    office.kit.clock.advance(Duration::from_hours(1));
    let again = office.import(&rows).await;
    assert_eq!(again.count(Outcome::Unchanged), 250);
    assert_eq!((office.number("COUNT(*) FROM events").await, office.number(versions).await), (events, sum));
    // Within one file too.
    let twice = office.import(&[row("D"), row("D")]).await;
    assert_eq!(
        twice.imported.iter().map(|row| row.outcome).collect::<Vec<_>>(),
        [Outcome::Created, Outcome::Unchanged]
    );
}

#[tokio::test]
async fn rows_that_contradict_each_other_do_not_take_turns() {
    let office = Office::open().await;
    let of_a = |line, client| ImportRow { line, client, ..row(&format!("C-{line}")) };
    let elsewhere = of_a(3, ImportClient { phone: Some("503 555 0199".to_owned()), ..row("A").client });
    let moved = ImportRow { line: 4, due_date: in_days(20), ..row("A") };
    let silent = of_a(5, ImportClient { phone: None, email: None, ..row("A").client });
    let rows = [row("A"), elsewhere, moved, silent];
    for outcome in [Outcome::Created, Outcome::Unchanged, Outcome::Unchanged] {
        let report = office.import(&rows).await;
        assert_eq!(
            (report.count(outcome), report.count(Outcome::Updated)),
            (2, 0),
            "an empty cell contradicts nothing"
        );
        let refused: Vec<_> = report.refused.iter().map(|row| (row.line, row.column)).collect();
        assert_eq!(refused, [(3, Some("external_user_id")), (4, Some("case_number"))]);
        assert!(report.refused.iter().all(|row| row.reason.contains("row at 2")), "{:?}", report.refused);
    }
}

#[tokio::test]
async fn a_changed_row_moves_the_due_date_and_renames_and_reassigns() {
    let office = Office::open().await;
    office.outcome(row("A")).await;
    let version = office.number("version FROM cases").await;
    let mut changed = row("A");
    changed.due_date = in_days(20);
    changed.program = Program::Medicaid;
    changed.client.last_name = "Quintero-Diaz".to_owned();
    changed.assignee = Some(ImportAssignee { external_id: "sam".to_owned(), name: None });
    assert_eq!(office.outcome(changed.clone()).await, Outcome::Updated);
    let moved = "COUNT(*) FROM cases c JOIN renewals r ON r.id = c.renewal_id AND r.due_on = c.due_on \
                 JOIN caseworkers w ON w.id = c.assignee_id WHERE c.program = 'MEDICAID' AND w.external_id = 'sam' \
                 AND c.client_sort = 'quintero-diaz, rosa'";
    assert_eq!(office.number(moved).await, 1);
    assert_eq!(office.number("version FROM cases").await, version + 1);
    assert_eq!(office.outcome(changed).await, Outcome::Unchanged);
}

#[tokio::test]
async fn an_empty_cell_says_nothing_and_removes_nothing() {
    let office = Office::open().await;
    office.outcome(row("A")).await;
    let mut sparse = row("A");
    (sparse.client.email, sparse.client.phone, sparse.client.ssn_last4) = (None, None, None);
    (sparse.assignee, sparse.orders) = (None, Vec::new());
    assert_eq!(office.outcome(sparse.clone()).await, Outcome::Unchanged);
    sparse.client.phone = Some("+1 503 555 0199".to_owned());
    assert_eq!(office.outcome(sparse).await, Outcome::Updated);
    let client = office.client().await;
    let sealer = &office.kit.sealer;
    assert_eq!(client.email(sealer).unwrap().as_deref(), Some("rosa@example.test"));
    assert_eq!(client.phone(sealer).unwrap().as_deref(), Some("+1 503 555 0199"));
    let clear = "COUNT(*) FROM clients WHERE email LIKE '%rosa%' OR phone LIKE '%503%' OR ssn_last4 LIKE '____'";
    assert_eq!(office.number(clear).await, 0, "nothing of it lies in clear");
}

#[tokio::test]
async fn later_orders_of_a_case_hang_on_its_original() {
    let office = Office::open().await;
    let mut first = row("A");
    first.orders = vec![order("truv-1"), order("truv-2")];
    office.outcome(first.clone()).await;
    first.orders.push(order("truv-3"));
    assert_eq!(office.outcome(first).await, Outcome::Updated);
    let refreshes = "COUNT(*) FROM orders o JOIN orders root ON root.id = o.root_id AND root.id = o.parent_id \
                     WHERE o.kind = 'REFRESH' AND o.depth = 1 AND root.truv_order_id = 'truv-1'";
    assert_eq!(office.number(refreshes).await, 2);
    let newest = "COUNT(*) FROM cases c JOIN orders o ON o.id = c.latest_order_id WHERE o.truv_order_id = 'truv-2'";
    assert_eq!(office.number(newest).await, 1, "what arrives late does not become the newest");
}

#[tokio::test]
async fn a_refused_row_leaves_no_trace_and_costs_only_itself() {
    let office = Office::open().await;
    office.outcome(row("A")).await;
    let people = office.number("COUNT(*) FROM clients").await;

    let stolen = ImportRow { orders: vec![order("truv-A")], ..row("B") };
    assert_eq!(office.refusal(stolen).await.0, Some("orders"));
    let mut other = row("A");
    other.client.external_user_id = "somebody-else".to_owned();
    assert_eq!(office.refusal(other).await.0, Some("external_user_id"));
    let mut nameless = row("B");
    nameless.client.first_name = " ".to_owned();
    assert_eq!(office.refusal(nameless).await, (Some("first_name"), "is missing".to_owned()));
    let mut whole = row("B");
    whole.client.ssn_last4 = Some("900010142".to_owned());
    let (column, reason) = office.refusal(whole).await;
    assert!(column == Some("ssn_last4") && !reason.contains("0142"), "{reason}");
    let mut hostile = row("B");
    hostile.orders = vec![order("../users")];
    assert_eq!(office.refusal(hostile).await.0, Some("orders"));

    assert_eq!(office.number("COUNT(*) FROM clients").await, people);
    let mut bad = ImportRow { line: 3, ..row("B") };
    bad.client.email = Some("nobody".to_owned());
    let report = office.import(&[row("C"), bad, ImportRow { line: 4, ..row("D") }]).await;
    assert_eq!(report.imported.iter().map(|Imported { line, .. }| *line).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(report.refused[0].line, 3);
}

#[tokio::test]
async fn a_due_date_that_was_decided_does_not_come_back() {
    let office = Office::open().await;
    office.outcome(row("A")).await;
    office.run("UPDATE renewals SET closed_at = created_at, decided_at = created_at").await;
    let next = in_days(190);
    office.run(&format!("UPDATE cases SET renewal_id = NULL, status = 'NOT_DUE', due_on = '{next}'")).await;
    assert_eq!(office.outcome(row("A")).await, Outcome::Unchanged);
    assert_eq!(office.number(&format!("COUNT(*) FROM cases WHERE due_on = '{next}'")).await, 1);
    let onward = ImportRow { due_date: in_days(200), ..row("A") };
    assert_eq!(office.outcome(onward).await, Outcome::Updated);
}

#[tokio::test]
async fn a_caller_imports_only_into_what_is_theirs() {
    let office = Office::open().await;
    office.outcome(row("A")).await;
    let reader = Caller { scopes: vec![Scope::CasesRead], ..office.caller.clone() };
    assert!(matches!(import(&office.kit, &reader, &[row("A")], &mut Seen::default()).await, Err(Error::Forbidden(_))));
    let limited = Caller { scopes: vec![Scope::CasesWrite, Scope::CasesReadAssigned], ..office.caller.clone() };
    let mut changed = row("A");
    changed.client.last_name = "Changed".to_owned();
    let report = import(&office.kit, &limited, &[changed], &mut Seen::default()).await.unwrap();
    assert_eq!(report.refused[0].column, Some("case_number"));
    assert_eq!(office.number("COUNT(*) FROM clients WHERE last_name = 'Changed'").await, 0);
    // A case of one's own is no way to the person of somebody else's, who would then be sent links elsewhere.
    let mut own = row("B");
    own.client = ImportClient { email: Some("elsewhere@example.test".to_owned()), ..row("A").client };
    let report = import(&office.kit, &limited, &[own], &mut Seen::default()).await.unwrap();
    assert_eq!(report.refused[0].column, Some("external_user_id"));
    assert_eq!(office.number("COUNT(*) FROM cases").await, 1);
    let report = import(&office.kit, &limited, &[row("C"), row("C")], &mut Seen::default()).await.unwrap();
    assert_eq!(
        (report.count(Outcome::Created), report.refused.len()),
        (1, 1),
        "a person of one's own is welcome, and \
        the case is kim's from then on"
    );
    // Another agency may have the same numbers.
    let clock = &office.kit.clock;
    let other = enroll_agency(&office.kit.db, clock, &office.kit.ids, "marin", "Marin").await.unwrap().id;
    let report =
        import(&office.kit, &Caller::system(other, "import"), &[row("A")], &mut Seen::default()).await.unwrap();
    assert_eq!(report.count(Outcome::Created), 1);
}

#[tokio::test]
async fn an_imported_order_is_read_from_truv_with_employers_connections_and_report() {
    let world = World::start().await;
    let connected_at = noon() - Days::new(60);
    let link = SeedLink {
        link_id: None,
        access_token: None,
        provider_id: None,
        provider_name: None,
        company_name: "Harbor Grocery Co".to_owned(),
        company_mapping_id: None,
        data_source: None,
        connected_at,
        scenario: Scenario::Ok,
        jobs: Vec::new(),
    };
    let seeded = SeedOrder {
        order_id: Some("truv-A".to_owned()),
        order_number: None,
        product: "income".to_owned(),
        created_at: connected_at,
        completed_at: Some(connected_at),
        employers: vec![SeedEmployer { link: Some(0), ..SeedEmployer::default() }],
        initial_order: None,
    };
    let person = SeedPerson {
        external_user_id: "person-A".to_owned(),
        first_name: "Rosa".to_owned(),
        last_name: "Quintero".to_owned(),
        links: vec![link],
        orders: vec![seeded],
        ..SeedPerson::default()
    };
    world.sim.seed(SeedBatch { people: vec![person], ..SeedBatch::default() }).unwrap();

    let kit = world.app.kit();
    let agency = Seed(kit).agency("test-county").await;
    import(kit, &Caller::system(agency, "import"), &[row("A")], &mut Seen::default()).await.unwrap();
    world.quiet().await;

    let case = world.send("Case", json!({ "by": { "number": "A" } })).await["case"].clone();
    assert_eq!(case["status"], "DUE");
    assert_eq!(case["latestOrder"]["status"], "COMPLETED");
    assert_eq!(case["employerLinks"][0]["companyName"], "Harbor Grocery Co");
    assert_eq!(number(kit, "COUNT(*) FROM reports WHERE monthly_income IS NOT NULL").await, 1);
}
