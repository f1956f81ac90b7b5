//! Rows for tests, written past the verbs.

use chrono::{DateTime, NaiveDate, Utc};
use recert::events::Position;
use recert::ids::{
    AgencyId, CaseId, CaseworkerId, ClientId, EmploymentId, LinkId, OrderEmployerId, OrderId, RenewalId, ReportId,
    TaskId,
};
use recert::kit::Kit;
use recert::seal::{Place, column};
use recert::storage::Tx;
use recert::words::{CaseEventKind, CaseStatus, OrderKind, OrderStatus};
use sea_orm::sea_query::{Expr, InsertStatement, Query, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, Statement, StatementBuilder};
use serde_json::json;

/// Writes rows.
pub(crate) struct Seed<'a>(pub(crate) &'a Kit);

/// What a test says about a case; the rest is the same for all.
#[derive(Clone, Debug)]
pub(crate) struct NewCase {
    pub(crate) number: String,
    pub(crate) name: (&'static str, &'static str),
    pub(crate) status: CaseStatus,
    pub(crate) due_on: NaiveDate,
    pub(crate) assignee: Option<CaseworkerId>,
}

impl NewCase {
    pub(crate) fn due(number: impl Into<String>, due_on: NaiveDate) -> Self {
        Self { number: number.into(), name: ("Rosa", "Ortiz"), status: CaseStatus::Due, due_on, assignee: None }
    }
}

/// A seeded case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seeded {
    pub(crate) agency: AgencyId,
    pub(crate) case: CaseId,
    pub(crate) client: ClientId,
}

fn null() -> SimpleExpr {
    Expr::cust("NULL")
}

fn id(id: Option<uuid::Uuid>) -> SimpleExpr {
    id.map_or_else(null, Expr::value)
}

impl Seed<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    async fn insert(&self, table: &'static str, row: Vec<(&'static str, SimpleExpr)>) {
        self.run(&self.insertion(table, row)).await;
    }

    fn insertion(&self, table: &'static str, row: Vec<(&'static str, SimpleExpr)>) -> InsertStatement {
        // Ids made at different times sort in the order they were made.
        self.0.clock.advance(std::time::Duration::from_millis(1));
        let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
        Query::insert().into_table(table).columns(columns).values_panic(values).take()
    }

    async fn run(&self, statement: &impl StatementBuilder) {
        let tx = self.0.db.begin().await.unwrap();
        tx.execute(statement).await.unwrap();
        self.0.db.commit(tx).await.unwrap();
    }

    async fn set(&self, table: &'static str, row: uuid::Uuid, column: &'static str, value: SimpleExpr) {
        use sea_orm::sea_query::ExprTrait;
        let update = Query::update().table(table).value(column, value).and_where(Expr::col("id").eq(row)).take();
        self.run(&update).await;
    }

    pub(crate) async fn agency(&self, slug: &str) -> AgencyId {
        recert::people::enroll_agency(&self.0.db, &self.0.clock, &self.0.ids, slug, slug).await.unwrap().id
    }

    pub(crate) async fn caseworker(&self, agency: AgencyId, name: &str) -> CaseworkerId {
        let worker: CaseworkerId = self.0.ids.next();
        let row = vec![
            ("id", worker.0.into()),
            ("agency_id", agency.0.into()),
            ("external_id", name.into()),
            ("display_name", name.into()),
            ("created_at", self.now().into()),
        ];
        self.insert("caseworkers", row).await;
        worker
    }

    pub(crate) async fn case(&self, agency: AgencyId, new: NewCase) -> Seeded {
        let (client, case): (ClientId, CaseId) = (self.0.ids.next(), self.0.ids.next());
        let (first, last) = new.name;
        let sealed = |column, text| {
            let place = Place { agency, column, row: client.0 };
            self.0.sealer.seal_some(&place, Some(text)).unwrap().into()
        };
        let row = vec![
            ("id", client.0.into()),
            ("agency_id", agency.0.into()),
            ("external_user_id", format!("client-{}", new.number).into()),
            ("first_name", first.into()),
            ("last_name", last.into()),
            ("email", sealed(column::CLIENT_EMAIL, "rosa@example.test")),
            ("phone", sealed(column::CLIENT_PHONE, "+1 555 555 0188")),
            ("ssn_last4", sealed(column::CLIENT_SSN_LAST4, "6789")),
            ("created_at", self.now().into()),
            ("updated_at", self.now().into()),
        ];
        self.insert("clients", row).await;
        let row = vec![
            ("id", case.0.into()),
            ("agency_id", agency.0.into()),
            ("number", new.number.into()),
            ("program", "SNAP".into()),
            ("client_id", client.0.into()),
            ("client_sort", format!("{last}, {first}").to_lowercase().into()),
            ("assignee_id", id(new.assignee.map(|worker| worker.0))),
            ("status", new.status.word().into()),
            ("next_action", "CREATE_REFRESH_ORDER".into()),
            ("next_actor", "CASEWORKER".into()),
            ("due_on", new.due_on.into()),
            ("cycle_months", 6.into()),
            ("version", 1_i64.into()),
            ("created_at", self.now().into()),
            ("updated_at", self.now().into()),
        ];
        self.insert("cases", row).await;
        Seeded { agency, case, client }
    }

    pub(crate) async fn renewal(&self, of: Seeded, due_on: NaiveDate) -> RenewalId {
        let renewal: RenewalId = self.0.ids.next();
        let row = vec![
            ("id", renewal.0.into()),
            ("agency_id", of.agency.0.into()),
            ("case_id", of.case.0.into()),
            ("due_on", due_on.into()),
            ("opened_on", due_on.into()),
            ("created_at", self.now().into()),
        ];
        self.insert("renewals", row).await;
        self.set("cases", of.case.0, "renewal_id", renewal.0.into()).await;
        renewal
    }

    pub(crate) async fn reviewed(&self, renewal: RenewalId, baseline: Option<ReportId>, current: ReportId) {
        self.set("renewals", renewal.0, "baseline_report_id", id(baseline.map(|report| report.0))).await;
        self.set("renewals", renewal.0, "current_report_id", current.0.into()).await;
        self.set("renewals", renewal.0, "prepared_at", self.now().into()).await;
    }

    /// An order with one employer over one link, with a task and a line of the ledger; the case's newest order.
    pub(crate) async fn order(&self, of: Seeded, parent: Option<OrderId>, status: OrderStatus) -> OrderId {
        let order: OrderId = self.0.ids.next();
        let kind = if parent.is_some() { OrderKind::Refresh } else { OrderKind::Original };
        let failed = status == OrderStatus::Failed;
        let text = |text: &str| if failed { text.into() } else { null() };
        let link_place = Place { agency: of.agency, column: column::ORDER_SHARE_URL, row: order.0 };
        let row = vec![
            ("id", order.0.into()),
            ("agency_id", of.agency.0.into()),
            ("case_id", of.case.0.into()),
            ("parent_id", id(parent.map(|parent| parent.0))),
            ("root_id", order.0.into()),
            ("depth", 0.into()),
            ("kind", kind.word().into()),
            ("status", status.word().into()),
            ("product", "INCOME".into()),
            ("truv_order_id", format!("truv-{order}").into()),
            ("requested_by", "worker-1".into()),
            ("attempt", 0.into()),
            ("sends", 0.into()),
            (
                "share_url",
                self.0.sealer.seal(&link_place, "https://cdn.truv.test/link?token=secret").unwrap().as_str().into(),
            ),
            ("failure_reason", text("SESSION_EXPIRED")),
            ("failure_next_action", text("SEND_VERIFICATION_LINK")),
            ("failure_next_actor", text("CLIENT")),
            ("failure_message", text("The client must log in again.")),
            ("failure_at", if failed { self.now().into() } else { null() }),
            ("news_at", self.now().into()),
            ("created_at", self.now().into()),
            ("updated_at", self.now().into()),
            ("version", 1_i64.into()),
        ];
        self.insert("orders", row).await;
        self.set("cases", of.case.0, "latest_order_id", order.0.into()).await;
        if parent.is_none() {
            self.set("cases", of.case.0, "original_order_id", order.0.into()).await;
        }
        let link = self.link(of).await;
        self.employer(of, order, link).await;
        order
    }

    /// An earlier order as an import leaves it: known by Truv's id alone, still to be read from there.
    pub(crate) async fn imported_order(&self, of: Seeded, number: &str, truv_order_id: &str) -> OrderId {
        let order: OrderId = self.0.ids.next();
        let long_ago = self.now() - chrono::TimeDelta::days(90);
        let row = vec![
            ("id", order.0.into()),
            ("agency_id", of.agency.0.into()),
            ("case_id", of.case.0.into()),
            ("root_id", order.0.into()),
            ("depth", 0.into()),
            ("kind", OrderKind::Original.word().into()),
            ("status", OrderStatus::Pending.word().into()),
            ("product", "INCOME".into()),
            ("truv_order_id", truv_order_id.into()),
            ("number", number.into()),
            ("requested_by", "import".into()),
            ("attempt", 0.into()),
            ("sends", 0.into()),
            ("news_at", long_ago.into()),
            ("created_at", long_ago.into()),
            ("updated_at", long_ago.into()),
            ("version", 1_i64.into()),
        ];
        self.insert("orders", row).await;
        self.set("cases", of.case.0, "latest_order_id", order.0.into()).await;
        self.set("cases", of.case.0, "original_order_id", order.0.into()).await;
        order
    }

    pub(crate) async fn link(&self, of: Seeded) -> LinkId {
        let link: LinkId = self.0.ids.next();
        let row = vec![
            ("id", link.0.into()),
            ("agency_id", of.agency.0.into()),
            ("client_id", of.client.0.into()),
            ("truv_link_id", format!("link-{link}").into()),
            ("company_name", "Facade Bakery".into()),
            ("data_source", "payroll".into()),
            ("connected_at", self.now().into()),
            ("created_at", self.now().into()),
            ("updated_at", self.now().into()),
        ];
        self.insert("employer_links", row).await;
        link
    }

    /// One more employer of an order, over a link of its own.
    pub(crate) async fn another_employer(&self, of: Seeded, order: OrderId) {
        let link = self.link(of).await;
        self.employer(of, order, link).await;
    }

    async fn employer(&self, of: Seeded, order: OrderId, link: LinkId) {
        let (employer, task): (OrderEmployerId, TaskId) = (self.0.ids.next(), self.0.ids.next());
        let row = vec![
            ("id", employer.0.into()),
            ("agency_id", of.agency.0.into()),
            ("order_id", order.0.into()),
            ("position", 0.into()),
            ("link_id", link.0.into()),
            ("company_name", "Facade Bakery".into()),
            ("raw_status", "completed".into()),
            ("latest_task_id", task.0.into()),
            ("updated_at", self.now().into()),
        ];
        self.insert("order_employers", row).await;
        let entry: uuid::Uuid = self.0.ids.next();
        let row = vec![
            ("id", entry.into()),
            ("agency_id", of.agency.0.into()),
            ("case_id", of.case.0.into()),
            ("order_id", order.0.into()),
            ("order_employer_id", employer.0.into()),
            ("link_id", link.0.into()),
            ("month", "2026-03".into()),
            ("program", "SNAP".into()),
            ("product", "INCOME".into()),
            ("status", "ESTIMATED".into()),
            ("attempted_at", self.now().into()),
            ("checks", 0.into()),
        ];
        self.insert("ledger_lines", row).await;
        let row = vec![
            ("id", task.0.into()),
            ("agency_id", of.agency.0.into()),
            ("order_employer_id", employer.0.into()),
            ("truv_task_id", format!("task-{task}").into()),
            ("raw_status", "done".into()),
            ("status_at", self.now().into()),
            ("created_at", self.now().into()),
            ("updated_at", self.now().into()),
        ];
        self.insert("tasks", row).await;
    }

    /// A report with jobs that have so many statements each.
    pub(crate) async fn report(&self, of: Seeded, order: OrderId, jobs: usize, statements: i32) -> ReportId {
        let report: ReportId = self.0.ids.next();
        let row = vec![
            ("id", report.0.into()),
            ("agency_id", of.agency.0.into()),
            ("case_id", of.case.0.into()),
            ("order_id", order.0.into()),
            ("generated_at", self.now().into()),
            ("monthly_income", "2600.50".into()),
            ("created_at", self.now().into()),
        ];
        self.insert("reports", row).await;
        for job in 0..jobs {
            let employment: EmploymentId = self.0.ids.next();
            let row = vec![
                ("id", employment.0.into()),
                ("agency_id", of.agency.0.into()),
                ("report_id", report.0.into()),
                ("position", i32::try_from(job).unwrap().into()),
                ("key", format!("job-{job}").into()),
                ("company_name", "Facade Bakery".into()),
                ("derived_fields", json!(["pay_rate"]).into()),
                ("income", "31206".into()),
                ("pay_frequency", "BW".into()),
            ];
            self.insert("employments", row).await;
            for position in 0..statements {
                let statement: uuid::Uuid = self.0.ids.next();
                let row = vec![
                    ("id", statement.into()),
                    ("agency_id", of.agency.0.into()),
                    ("employment_id", employment.0.into()),
                    ("position", position.into()),
                    ("gross_pay", "1200.50".into()),
                    ("earnings", json!([{ "name": "Regular", "category": null, "amount": "1200.50" }]).into()),
                    ("deductions", json!([]).into()),
                    ("is_new", (position == 0).into()),
                ];
                self.insert("pay_statements", row).await;
            }
        }
        report
    }

    /// Appends an event and waits until it can be read.
    pub(crate) async fn event(
        &self,
        of: Seeded,
        kind: CaseEventKind,
        order: Option<OrderId>,
        assignee: Option<CaseworkerId>,
    ) {
        self.append(of, kind, order, assignee).await;
        self.settled().await;
    }

    /// Appends an event of the case as it is now assigned; the transaction's number is what the verbs would write.
    pub(crate) async fn append(
        &self,
        of: Seeded,
        kind: CaseEventKind,
        order: Option<OrderId>,
        assignee: Option<CaseworkerId>,
    ) {
        let tx = self.0.db.begin().await.unwrap();
        self.append_in_tx(&tx, of, kind, order, assignee).await;
        self.0.db.commit(tx).await.unwrap();
    }

    /// The same in a transaction that goes on.
    pub(crate) async fn append_in_tx(
        &self,
        tx: &Tx,
        of: Seeded,
        kind: CaseEventKind,
        order: Option<OrderId>,
        assignee: Option<CaseworkerId>,
    ) {
        let row = vec![
            ("agency_id", of.agency.0.into()),
            ("case_id", of.case.0.into()),
            ("case_version", 2_i64.into()),
            ("assignee_id", id(assignee.map(|worker| worker.0))),
            ("kind", kind.word().into()),
            ("order_id", id(order.map(|order| order.0))),
            ("facts", json!({ "previous_order_status": "PENDING" }).into()),
            ("occurred_at", self.now().into()),
        ];
        tx.execute(&self.insertion("events", row)).await.unwrap();
    }

    /// Waits until readers may see every event. On PostgreSQL an older transaction of the same database holds them
    /// back, be it a worker's.
    pub(crate) async fn settled(&self) {
        if self.0.db.backend() != DbBackend::Postgres {
            return;
        }
        // As `events::horizon` has it, but from outside: the oldest transaction of this database that has written.
        let held = "SELECT EXISTS (SELECT FROM events WHERE tx >= COALESCE((SELECT min(backend_xid::text::bigint) \
            FROM pg_stat_activity WHERE datname = current_database()), pg_snapshot_xmax(pg_current_snapshot())::text::bigint))";
        for _ in 0..100_000 {
            let row = self.0.db.read().query_one_raw(Statement::from_string(DbBackend::Postgres, held)).await.unwrap();
            if !row.unwrap().try_get_by_index::<bool>(0).unwrap() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the events of the test are still held back");
    }

    /// Removes the log up to here, as pruning does.
    pub(crate) async fn forget(&self, upto: Position) {
        use sea_orm::sea_query::ExprTrait;
        let place = Expr::tuple([Expr::col("tx"), Expr::col("id")]);
        let bound = Expr::tuple([Expr::value(upto.tx), Expr::value(upto.id)]);
        self.run(&Query::delete().from_table("events").and_where(place.lte(bound)).take()).await;
        self.prune(upto).await;
    }

    /// Says that the log has been forgotten up to here.
    pub(crate) async fn prune(&self, upto: Position) {
        let update =
            Query::update().table("installation").value("pruned_tx", upto.tx).value("pruned_id", upto.id).take();
        self.run(&update).await;
    }
}
