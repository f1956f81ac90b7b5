//! Rows of agencies, caseworkers and clients.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::{Agency, Caseworker, Client, Found};
use crate::clock::Clock;
use crate::ids::{AgencyId, CaseworkerId, ClientId, Ids};
use crate::seal::Sealed;
use crate::storage::entities::{agencies, caseworkers, clients};
use crate::storage::{Database, Error, Tx};

/// Makes sure that the agency of the settings has a row, and answers it. The display name follows the settings.
///
/// # Errors
/// When the database fails.
pub async fn enroll_agency(db: &Database, clock: &Clock, ids: &Ids, slug: &str, name: &str) -> Result<Agency, Error> {
    let tx = db.begin().await?;
    let row = agencies::ActiveModel {
        id: Set(ids.next()),
        slug: Set(slug.to_owned()),
        name: Set(name.to_owned()),
        created_at: Set(clock.now()),
    };
    agencies::Entity::insert(row)
        .on_conflict(
            sea_orm::sea_query::OnConflict::column(agencies::Column::Slug)
                .update_column(agencies::Column::Name)
                .to_owned(),
        )
        .exec_without_returning(&tx)
        .await?;
    let row = agencies::Entity::find().filter(agencies::Column::Slug.eq(slug)).one(&tx).await?;
    tx.commit().await?;
    row.map(Agency::from).ok_or_else(|| Error::Corrupt(format!("agency {slug} is missing after it was stored")))
}

/// The agency of this name.
///
/// # Errors
/// When the database fails.
pub async fn find_agency(db: &Database, slug: &str) -> Result<Option<Agency>, Error> {
    let row = agencies::Entity::find().filter(agencies::Column::Slug.eq(slug)).one(db.read()).await?;
    Ok(row.map(Agency::from))
}

/// The member of staff behind a token's subject.
///
/// # Errors
/// When the database fails.
pub async fn find_caseworker(db: &Database, agency: AgencyId, external_id: &str) -> Result<Option<Caseworker>, Error> {
    let row = caseworkers::Entity::find()
        .filter(caseworkers::Column::AgencyId.eq(agency.0))
        .filter(caseworkers::Column::ExternalId.eq(external_id))
        .one(db.read())
        .await?;
    Ok(row.map(Caseworker::from))
}

/// The caseworkers of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_caseworkers(
    db: &Database,
    agency: AgencyId,
    ids: &[CaseworkerId],
) -> Result<Found<CaseworkerId, Caseworker>, Error> {
    let rows = caseworkers::Entity::find()
        .filter(caseworkers::Column::AgencyId.eq(agency.0))
        .filter(caseworkers::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// The clients of the agency among `ids`.
///
/// # Errors
/// When the database fails.
pub async fn load_clients(db: &Database, agency: AgencyId, ids: &[ClientId]) -> Result<Found<ClientId, Client>, Error> {
    let rows = clients::Entity::find()
        .filter(clients::Column::AgencyId.eq(agency.0))
        .filter(clients::Column::Id.is_in(ids.iter().map(|id| id.0)))
        .all(db.read())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.into())).collect())
}

/// One client of the agency.
pub(crate) async fn find_client<C: ConnectionTrait>(
    db: &C,
    agency: AgencyId,
    id: ClientId,
) -> Result<Option<Client>, Error> {
    let query = clients::Entity::find_by_id(id.0).filter(clients::Column::AgencyId.eq(agency.0));
    Ok(query.one(db).await?.map(Client::from))
}

/// Writes down Truv's id of a client, once an order has told it.
///
/// # Errors
/// When the database fails.
pub async fn remember_truv_user_in_tx(tx: &Tx, agency: AgencyId, client: ClientId, user: &str) -> Result<(), Error> {
    clients::Entity::update_many()
        .col_expr(clients::Column::TruvUserId, sea_orm::sea_query::Expr::value(user))
        .filter(clients::Column::AgencyId.eq(agency.0))
        .filter(clients::Column::Id.eq(client.0))
        .filter(clients::Column::TruvUserId.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

impl From<agencies::Model> for Agency {
    fn from(row: agencies::Model) -> Self {
        Self { id: row.id.into(), slug: row.slug, name: row.name }
    }
}

impl From<caseworkers::Model> for Caseworker {
    fn from(row: caseworkers::Model) -> Self {
        Self { id: row.id.into(), external_id: row.external_id, display_name: row.display_name, email: row.email }
    }
}

impl From<clients::Model> for Client {
    fn from(row: clients::Model) -> Self {
        Self {
            id: row.id.into(),
            agency: row.agency_id.into(),
            external_user_id: row.external_user_id,
            first_name: row.first_name,
            last_name: row.last_name,
            sealed_email: row.email.map(Sealed::of_row),
            sealed_phone: row.phone.map(Sealed::of_row),
            sealed_ssn_last4: row.ssn_last4.map(Sealed::of_row),
            language: row.language,
            preferred_channel: row.preferred_channel,
            truv_user_id: row.truv_user_id,
        }
    }
}
