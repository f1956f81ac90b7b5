//! What rows said before they changed, so that a case can be shown as it could be seen at any time since.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{json_binary, text, uuid};

use crate::column::{at, at_null, index, owner};

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
                    .table("superseded_rows")
                    .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(text("kind"))
                    .col(uuid("row_id"))
                    // The case; of a connection the client.
                    .col(uuid("owner_id"))
                    // The row said so up to here.
                    .col(at("until"))
                    .col(json_binary("said"))
                    .take(),
            )
            .await?;
        manager.create_index(index("superseded_rows", "superseded_rows_owner", &["owner_id", "kind", "until"])).await?;
        manager.create_index(index("superseded_rows", "superseded_rows_row", &["row_id", "until"])).await?;
        // From here on nothing is missing; set at the first start.
        let since = Table::alter().table("installation").add_column(at_null("history_since")).take();
        manager.alter_table(since).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("installation").drop_column("history_since").take()).await?;
        manager.drop_table(Table::drop().table("superseded_rows").take()).await
    }
}
