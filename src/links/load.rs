//! Reading links, for many clients at a time.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Link;
use crate::ids::{AgencyId, ClientId};
use crate::storage::entities::employer_links;
use crate::storage::ranked::grouped;
use crate::storage::{Database, Error};

/// Every link of a client, oldest first, those that were removed at Truv included.
///
/// # Errors
/// When the database fails.
pub async fn load_all_of_client(db: &Database, agency: AgencyId, client: ClientId) -> Result<Vec<Link>, Error> {
    let query = employer_links::Entity::find()
        .filter(employer_links::Column::AgencyId.eq(agency.0))
        .filter(employer_links::Column::ClientId.eq(client.0))
        .order_by_asc(employer_links::Column::Id);
    Ok(query.all(db.read()).await?.into_iter().map(Link::from).collect())
}

/// The links of each client, oldest first, without those whose data and credentials were removed at Truv.
///
/// # Errors
/// When the database fails.
pub async fn load_of_clients(
    db: &Database,
    agency: AgencyId,
    clients: &[ClientId],
) -> Result<HashMap<ClientId, Vec<Link>>, Error> {
    let query = employer_links::Entity::find()
        .filter(employer_links::Column::AgencyId.eq(agency.0))
        .filter(employer_links::Column::ClientId.is_in(clients.iter().map(|id| id.0)))
        .filter(employer_links::Column::DeletedAt.is_null())
        .order_by_asc(employer_links::Column::Id);
    Ok(grouped(query.all(db.read()).await?.into_iter().map(Link::from), |link| link.client))
}
