//! Rows that an import reads and writes.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::row::{ImportClient, ImportOrder, ImportRow};
use crate::caller::{CaseScope, Caseload};
use crate::cases::Case;
use crate::cases::store::{in_scope, keep_renewal_in_tx};
use crate::ids::{AgencyId, CaseId, CaseworkerId, ClientId, OrderId, RenewalId};
use crate::people;
use crate::seal::{self, Place, Sealer, column};
use crate::storage::entities::{cases, caseworkers, clients, orders, renewals};
use crate::storage::{Error, Tx};
use crate::words::{CaseStatus, NextAction, OrderKind, OrderStatus, Program};

/// What is stored about the things that some rows name, by the agency's own names.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By external id.
    pub(super) clients: HashMap<String, Person>,
    /// By number.
    pub(super) cases: HashMap<String, Stored>,
    /// By the token's `sub`, with the name.
    pub(super) staff: HashMap<String, (CaseworkerId, String)>,
    /// The case of an order, by Truv's id.
    pub(super) orders: HashMap<String, CaseId>,
    /// The people whom the caller has a case of; `None` for a caller who sees every case.
    in_sight: Option<HashSet<ClientId>>,
}

impl Known {
    /// Whether the caller may see this person, and therefore say something of them.
    pub(super) fn is_in_sight(&self, client: ClientId) -> bool {
        self.in_sight.as_ref().is_none_or(|clients| clients.contains(&client))
    }

    /// The caller has just made this person known.
    pub(super) fn bring_into_sight(&mut self, client: ClientId) {
        if let Some(clients) = &mut self.in_sight {
            clients.insert(client);
        }
    }
}

/// A person as stored.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) id: ClientId,
    said: ImportClient,
}

/// A case as stored, as far as a row can change it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) id: CaseId,
    pub(super) client: ClientId,
    pub(super) program: Program,
    pub(super) due_on: NaiveDate,
    pub(super) period: Period,
    pub(super) assignee: Option<CaseworkerId>,
}

/// A certification period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    start: Option<NaiveDate>,
    end: Option<NaiveDate>,
}

impl Period {
    pub(super) fn of(row: &ImportRow) -> Self {
        Self { start: Some(row.period_start), end: Some(row.period_end) }
    }

    /// Its length in whole months, at least one: what the next due date is reckoned with.
    fn months(self) -> i32 {
        let days = self.end.zip(self.start).map_or(365, |(end, start)| (end - start).num_days() + 1);
        // A month has 30.44 days on average.
        i32::try_from((days * 100 + 1_522) / 3_044).unwrap_or(i32::MAX).max(1)
    }
}

impl Person {
    pub(super) fn of(id: ClientId, said: &ImportClient) -> Self {
        Self { id, said: said.clone() }
    }

    /// Takes over what the row says; an empty cell says nothing. Answers whether that changed anything.
    pub(super) fn take_in(&mut self, row: &ImportClient) -> bool {
        let before = self.said.clone();
        let said = &mut self.said;
        said.first_name.clone_from(&row.first_name);
        said.last_name.clone_from(&row.last_name);
        said.preferred_channel = row.preferred_channel.or(said.preferred_channel);
        for (old, new) in [
            (&mut said.email, &row.email),
            (&mut said.phone, &row.phone),
            (&mut said.ssn_last4, &row.ssn_last4),
            (&mut said.language, &row.language),
        ] {
            if new.is_some() {
                old.clone_from(new);
            }
        }
        self.said != before
    }

    fn stored(sealer: &Sealer, row: people::Client) -> Result<Self, seal::Error> {
        let said = ImportClient {
            email: row.email(sealer)?,
            phone: row.phone(sealer)?,
            ssn_last4: row.ssn_last4(sealer)?,
            external_user_id: row.external_user_id,
            first_name: row.first_name,
            last_name: row.last_name,
            language: row.language,
            preferred_channel: row.preferred_channel,
        };
        Ok(Self { id: row.id, said })
    }

    /// E-mail address, phone number and digits of the social security number as their columns hold them.
    fn sealed(&self, sealer: &Sealer, agency: AgencyId) -> Result<[Option<String>; 3], seal::Error> {
        let seal = |column, text: &Option<String>| {
            sealer.seal_some(&Place { agency, column, row: self.id.0 }, text.as_deref())
        };
        Ok([
            seal(column::CLIENT_EMAIL, &self.said.email)?,
            seal(column::CLIENT_PHONE, &self.said.phone)?,
            seal(column::CLIENT_SSN_LAST4, &self.said.ssn_last4)?,
        ])
    }

    /// What the queue sorts by.
    fn sort(said: &ImportClient) -> String {
        format!("{}, {}", said.last_name, said.first_name).to_lowercase()
    }
}

/// Looks up everything that the rows name.
pub(super) async fn find_known(tx: &Tx, sealer: &Sealer, scope: CaseScope, rows: &[ImportRow]) -> Result<Known, Error> {
    let agency = scope.agency;
    let mut known = Known::default();
    let found = clients::Entity::find()
        .filter(clients::Column::AgencyId.eq(agency.0))
        .filter(clients::Column::ExternalUserId.is_in(rows.iter().map(|row| row.client.external_user_id.as_str())))
        .all(tx)
        .await?;
    for row in found {
        known.clients.insert(row.external_user_id.clone(), Person::stored(sealer, row.into())?);
    }
    if scope.caseload != Caseload::All {
        let own = in_scope(cases::Entity::find(), scope)
            .select_only()
            .column(cases::Column::ClientId)
            .filter(cases::Column::ClientId.is_in(known.clients.values().map(|client| client.id.0)));
        let own: Vec<uuid::Uuid> = own.into_tuple().all(tx).await?;
        known.in_sight = Some(own.into_iter().map(ClientId::from).collect());
    }
    let found = cases::Entity::find()
        .filter(cases::Column::AgencyId.eq(agency.0))
        .filter(cases::Column::Number.is_in(rows.iter().map(|row| row.case_number.as_str())))
        .all(tx)
        .await?;
    known.cases.extend(found.into_iter().map(|row| (row.number.clone(), Stored::from(row))));
    let named = rows.iter().filter_map(|row| Some(row.assignee.as_ref()?.external_id.as_str()));
    let found = caseworkers::Entity::find()
        .filter(caseworkers::Column::AgencyId.eq(agency.0))
        .filter(caseworkers::Column::ExternalId.is_in(named))
        .all(tx)
        .await?;
    known.staff.extend(found.into_iter().map(|row| (row.external_id, (row.id.into(), row.display_name))));
    let named = rows.iter().flat_map(|row| row.orders.iter().map(|order| order.truv_id.as_str()));
    let found: Vec<(Option<String>, uuid::Uuid)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::TruvOrderId, orders::Column::CaseId])
        .filter(orders::Column::AgencyId.eq(agency.0))
        .filter(orders::Column::TruvOrderId.is_in(named))
        .into_tuple()
        .all(tx)
        .await?;
    known.orders.extend(found.into_iter().filter_map(|(id, case)| Some((id?, CaseId::from(case)))));
    Ok(known)
}

/// The latest due date of the case that somebody has decided on.
pub(super) async fn find_last_decided_due(tx: &Tx, case: CaseId) -> Result<Option<NaiveDate>, Error> {
    let due: Option<Option<NaiveDate>> = renewals::Entity::find()
        .select_only()
        .column_as(renewals::Column::DueOn.max(), "due_on")
        .filter(renewals::Column::CaseId.eq(case.0))
        .filter(renewals::Column::ClosedAt.is_not_null())
        .into_tuple()
        .one(tx)
        .await?;
    Ok(due.flatten())
}

pub(super) async fn insert_client_in_tx(
    tx: &Tx,
    sealer: &Sealer,
    agency: AgencyId,
    client: &Person,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let [email, phone, ssn_last4] = client.sealed(sealer, agency)?;
    let said = client.said.clone();
    let row = clients::ActiveModel {
        id: Set(client.id.0),
        agency_id: Set(agency.0),
        external_user_id: Set(said.external_user_id),
        first_name: Set(said.first_name),
        last_name: Set(said.last_name),
        email: Set(email),
        phone: Set(phone),
        ssn_last4: Set(ssn_last4),
        language: Set(said.language),
        preferred_channel: Set(said.preferred_channel),
        truv_user_id: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    };
    clients::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes a person who has changed, and the name that their cases are sorted by.
pub(super) async fn save_client_in_tx(
    tx: &Tx,
    sealer: &Sealer,
    agency: AgencyId,
    client: &Person,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let [email, phone, ssn_last4] = client.sealed(sealer, agency)?;
    let said = client.said.clone();
    let sort = Person::sort(&said);
    let row = clients::ActiveModel {
        first_name: Set(said.first_name),
        last_name: Set(said.last_name),
        email: Set(email),
        phone: Set(phone),
        ssn_last4: Set(ssn_last4),
        language: Set(said.language),
        preferred_channel: Set(said.preferred_channel),
        updated_at: Set(now),
        ..Default::default()
    };
    clients::Entity::update_many().set(row).filter(clients::Column::Id.eq(client.id.0)).exec(tx).await?;
    cases::Entity::update_many()
        .col_expr(cases::Column::ClientSort, Expr::value(sort.as_str()))
        .filter(cases::Column::AgencyId.eq(agency.0))
        .filter(cases::Column::ClientId.eq(client.id.0))
        .filter(cases::Column::ClientSort.ne(sort.as_str()))
        .exec(tx)
        .await?;
    Ok(())
}

pub(super) async fn insert_caseworker_in_tx(
    tx: &Tx,
    (agency, id): (AgencyId, CaseworkerId),
    external_id: &str,
    name: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = caseworkers::ActiveModel {
        id: Set(id.0),
        agency_id: Set(agency.0),
        external_id: Set(external_id.to_owned()),
        display_name: Set(name.to_owned()),
        email: Set(None),
        created_at: Set(now),
    };
    caseworkers::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub(super) async fn rename_caseworker_in_tx(tx: &Tx, id: CaseworkerId, name: &str) -> Result<(), Error> {
    caseworkers::Entity::update_many()
        .col_expr(caseworkers::Column::DisplayName, Expr::value(name))
        .filter(caseworkers::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// Stores a new case, not due yet and without events.
pub(super) async fn insert_case_in_tx(
    tx: &Tx,
    agency: AgencyId,
    row: &ImportRow,
    case: &Stored,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = cases::ActiveModel {
        id: Set(case.id.0),
        agency_id: Set(agency.0),
        number: Set(row.case_number.clone()),
        program: Set(case.program),
        client_id: Set(case.client.0),
        client_sort: Set(Person::sort(&row.client)),
        assignee_id: Set(case.assignee.map(|id| id.0)),
        status: Set(CaseStatus::NotDue),
        next_action: Set(NextAction::None),
        next_actor: Set(None),
        due_on: Set(case.due_on),
        period_start: Set(case.period.start),
        period_end: Set(case.period.end),
        cycle_months: Set(case.period.months()),
        original_order_id: Set(None),
        latest_order_id: Set(None),
        renewal_id: Set(None),
        version: Set(0),
        created_at: Set(now),
        updated_at: Set(now),
    };
    cases::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes what only an import changes on a case. The caller holds the lock of its row.
pub(super) async fn save_details_in_tx(tx: &Tx, case: CaseId, program: Program, period: &Period) -> Result<(), Error> {
    let row = cases::ActiveModel {
        program: Set(program),
        period_start: Set(period.start),
        period_end: Set(period.end),
        cycle_months: Set(period.months()),
        ..Default::default()
    };
    cases::Entity::update_many().set(row).filter(cases::Column::Id.eq(case.0)).exec(tx).await?;
    Ok(())
}

/// An open renewal is for the due date that its case has.
pub(super) async fn move_open_renewal_in_tx(
    tx: &Tx,
    (agency, renewal): (AgencyId, Option<RenewalId>),
    due_on: NaiveDate,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(id) = renewal else { return Ok(()) };
    keep_renewal_in_tx(tx, agency, id, now).await?;
    renewals::Entity::update_many()
        .col_expr(renewals::Column::DueOn, Expr::value(due_on))
        .filter(renewals::Column::Id.eq(id.0))
        .exec(tx)
        .await?;
    Ok(())
}

/// The root of the tree that an order stands in.
pub(super) async fn load_root_in_tx(tx: &Tx, order: OrderId) -> Result<OrderId, Error> {
    let row = orders::Entity::find_by_id(order.0).one(tx).await?;
    row.map(|row| row.root_id.into()).ok_or_else(|| Error::Corrupt(format!("order {order} is missing")))
}

/// An order that was made at Truv before the import.
pub(super) struct Earlier<'a> {
    pub(super) id: OrderId,
    pub(super) case: &'a Case,
    /// The first order of the case; `None` when this is it.
    pub(super) root: Option<OrderId>,
    pub(super) kind: OrderKind,
    pub(super) order: &'a ImportOrder,
    pub(super) made_at: DateTime<Utc>,
    pub(super) requested_by: &'a str,
    pub(super) now: DateTime<Utc>,
}

pub(super) async fn insert_order_in_tx(tx: &Tx, earlier: &Earlier<'_>) -> Result<(), Error> {
    let row = orders::ActiveModel {
        id: Set(earlier.id.0),
        agency_id: Set(earlier.case.agency.0),
        case_id: Set(earlier.case.id.0),
        parent_id: Set(earlier.root.map(|id| id.0)),
        root_id: Set(earlier.root.unwrap_or(earlier.id).0),
        depth: Set(i32::from(earlier.root.is_some())),
        kind: Set(earlier.kind),
        status: Set(OrderStatus::Pending),
        product: Set(earlier.order.product),
        truv_order_id: Set(Some(earlier.order.truv_id.clone())),
        number: Set(earlier.order.number.clone()),
        requested_by: Set(earlier.requested_by.to_owned()),
        attempt: Set(0),
        sends: Set(0),
        news_at: Set(earlier.now),
        created_at: Set(earlier.made_at),
        updated_at: Set(earlier.now),
        version: Set(1),
        ..Default::default()
    };
    orders::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

impl From<cases::Model> for Stored {
    fn from(row: cases::Model) -> Self {
        Self {
            id: row.id.into(),
            client: row.client_id.into(),
            program: row.program,
            due_on: row.due_on,
            period: Period { start: row.period_start, end: row.period_end },
            assignee: row.assignee_id.map(Into::into),
        }
    }
}
