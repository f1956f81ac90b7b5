//! A schema over a fresh database, and callers of every kind.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Request, Variables};
use chrono::{NaiveDate, TimeZone, Utc};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use recert::audit::Recorder;
use recert::caller::{Caller, Scope, Standing};
use recert::clock::Clock;
use recert::config::{Renewals, Sealing, Webhooks, Work};
use recert::events::Hub;
use recert::graphql::{Follow, Schema, Told, request_data, schema};
use recert::ids::{AgencyId, CaseworkerId, Ids};
use recert::kit::{Accounts, Kit};
use recert::seal::Sealer;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::support::database::{Scratch, Statements, fresh};
use crate::support::seed::Seed;

pub(crate) const QUEUE: &str = include_str!("../../../schema/operations/Queue.graphql");
pub(crate) const CASE: &str = include_str!("../../../schema/operations/Case.graphql");
pub(crate) const LINEAGE: &str = include_str!("../../../schema/operations/Lineage.graphql");
pub(crate) const REVIEW: &str = include_str!("../../../schema/operations/Review.graphql");
pub(crate) const EVENTS: &str = include_str!("../../../schema/operations/CaseEvents.graphql");
pub(crate) const EVENTS_PAGE: &str = include_str!("../../../schema/operations/CaseEventsPage.graphql");

pub(crate) struct Stage {
    pub(crate) kit: Arc<Kit>,
    pub(crate) hub: Hub,
    pub(crate) schema: Schema,
    pub(crate) follow: Follow,
    pub(crate) agency: AgencyId,
    pub(crate) statements: Statements,
    // Last: the database goes when nobody uses it any more.
    _scratch: Scratch,
}

/// A schema over an empty database with one agency, at noon on 2026-03-20.
pub(crate) async fn stage() -> Stage {
    let (scratch, db, statements) = fresh().await;
    let clock = Clock::still(Utc.with_ymd_and_hms(2026, 3, 20, 12, 0, 0).unwrap());
    let ids = Ids::seeded(clock.clone(), 7);
    let kit = Arc::new(Kit {
        opaque: db.opaque().await.unwrap(),
        audit: Recorder::alone(db.clone()),
        sealer: Sealer::new(&Sealing::default()).unwrap(),
        db,
        clock,
        ids,
        accounts: Accounts::default(),
        renewals: Renewals::default(),
        work: Work { poll_interval: Duration::from_millis(50), ..Work::default() },
        webhooks: Webhooks::default(),
        lifetimes: recert::lifetimes::Shelf::default(),
    });
    let agency = Seed(&kit).agency("sonoma").await;
    let hub = Hub::new();
    let schema = schema();
    let follow = Follow::new(Arc::clone(&kit), hub.clone(), schema.clone());
    Stage { schema, follow, hub, kit, agency, statements, _scratch: scratch }
}

impl Stage {
    pub(crate) fn seed(&self) -> Seed<'_> {
        Seed(&self.kit)
    }

    /// Somebody of the stage's agency with every scope.
    pub(crate) fn anybody(&self) -> Caller {
        self.caller(&Scope::ALL)
    }

    pub(crate) fn caller(&self, scopes: &[Scope]) -> Caller {
        Caller {
            agency: self.agency,
            subject: "worker-1".to_owned(),
            display_name: Some("Dana Reyes".to_owned()),
            scopes: scopes.to_vec(),
            caseworker: None,
            token_id: None,
            expires_at: None,
        }
    }

    /// Somebody who sees only one caseload.
    pub(crate) fn limited(&self, to: CaseworkerId) -> Caller {
        Caller { caseworker: Some(to), ..self.caller(&[Scope::CasesReadAssigned]) }
    }

    pub(crate) fn request(&self, caller: impl Into<Standing>, document: &str, variables: Value) -> Request {
        Request::new(document).variables(Variables::from_json(variables)).data(request_data(&self.kit, caller))
    }

    /// Starts a subscription; its results as JSON.
    pub(crate) fn follow(
        &self,
        caller: impl Into<Standing>,
        document: &str,
        variables: Value,
    ) -> BoxStream<'static, Value> {
        let request = Request::new(document).variables(Variables::from_json(variables));
        self.follow
            .start(request, caller.into())
            .map(|told| match told {
                Told::Written(written) => serde_json::from_str(&written.json).unwrap(),
                Told::Raw(response, _) => serde_json::to_value(&*response).unwrap(),
            })
            .boxed()
    }

    /// The whole answer as JSON.
    pub(crate) async fn ask(&self, caller: Caller, document: &str, variables: Value) -> Value {
        let answer = self.schema.execute(self.request(caller, document, variables)).await;
        serde_json::to_value(&answer).unwrap()
    }

    /// The data of an answer without errors.
    pub(crate) async fn data(&self, document: &str, variables: Value) -> Value {
        let mut answer = self.ask(self.anybody(), document, variables).await;
        assert_eq!(answer.get("errors"), None, "{answer:#}");
        answer["data"].take()
    }

    /// The code of the only error of an answer.
    pub(crate) async fn code(&self, caller: Caller, document: &str, variables: Value) -> String {
        let answer = self.ask(caller, document, variables).await;
        let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("no error in {answer:#}"));
        assert_eq!(errors.len(), 1, "{answer:#}");
        errors[0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("no code in {answer:#}")).to_owned()
    }
}

/// Runs the hub beside `work`.
pub(crate) async fn live<T>(stage: &Stage, work: impl Future<Output = T>) -> T {
    let stop = CancellationToken::new();
    let hub = stage.hub.clone().run(Kit::clone(&stage.kit), stop.clone());
    let work = async {
        let done = work.await;
        stop.cancel();
        done
    };
    tokio::join!(hub, work).1
}

pub(crate) fn day(y: i32, m: u32, d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(y, m, d).unwrap()
}
