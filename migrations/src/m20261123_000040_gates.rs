//! Gates: what the replicas share about each access key at Truv, so that they keep one budget and wait together.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, text_null};

use crate::column::{at, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (agency_id, agency) = owner("agency_id", "agencies");
        manager
            .create_table(
                Table::create()
                    .table("gates")
                    // A hash of the key: another key is another budget, and begins with an open gate.
                    .col(ColumnDef::new("fingerprint").text().not_null().primary_key())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    // Microseconds since 1970, because both databases can calculate with whole numbers.
                    .col(big_integer("paced_to"))
                    .col(big_integer("bulk_paced_to"))
                    .col(big_integer("held_until"))
                    .col(integer("throttles"))
                    .col(ColumnDef::new("state").text().not_null())
                    .col(text_null("reason"))
                    .col(integer("failures"))
                    .col(integer("openings"))
                    .col(big_integer("retry_at"))
                    .col(at("changed_at"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("gates").take()).await
    }
}
