//! What is known about the way webhooks come: the endpoint at Truv, how far Truv's history has been read, and which
//! deliveries an operator has had applied once more.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, boolean_null, integer, json_binary, text, text_null};

use crate::column::{at, at_null, id, index, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (_, mut agency) = owner("agency_id", "agencies");
        manager
            .create_table(
                Table::create()
                    .table("webhook_watch")
                    .col(ColumnDef::new("agency_id").uuid().primary_key())
                    .foreign_key(&mut agency)
                    // Everything that Truv sent up to here has been looked through.
                    .col(at("history_read_to"))
                    // A pass under way: where it goes on, and up to when it will then have read.
                    .col(text_null("history_cursor"))
                    .col(at_null("history_until"))
                    .col(at_null("history_read_at"))
                    // When we last learned by asking what a webhook should have told.
                    .col(at_null("missed_at"))
                    .col(boolean_null("is_enabled"))
                    .col(at_null("checked_at"))
                    .col(at_null("switched_on_at"))
                    .take(),
            )
            .await?;
        let from_history = boolean("is_from_history").default(false).take();
        manager.alter_table(Table::alter().table("deliveries").add_column(from_history).take()).await?;
        let (agency_id, mut agency) = owner("agency_id", "agencies");
        manager
            .create_table(
                Table::create()
                    .table("delivery_replays")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency)
                    .col(text("requested_by"))
                    .col(text("reason"))
                    .col(integer("delivery_count"))
                    .col(json_binary("delivery_ids"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("delivery_replays", "delivery_replays_agency", &["agency_id", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("delivery_replays").take()).await?;
        manager.alter_table(Table::alter().table("deliveries").drop_column("is_from_history").take()).await?;
        manager.drop_table(Table::drop().table("webhook_watch").take()).await
    }
}
