//! Deliveries: the inbox of webhooks.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{binary, integer, text, text_null, uuid_null};

use crate::column::{at, at_null, id, index, owner};

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
                    .table("deliveries")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    // `webhook_id`, or the hash of the body where it is missing: what "once" means.
                    .col(text("dedupe_key"))
                    .col(text_null("event_type"))
                    .col(binary("body"))
                    .col(text("status"))
                    .col(text_null("reason"))
                    .col(integer("attempts"))
                    .col(at("received_at"))
                    .col(at("next_at"))
                    .col(at_null("leased_until"))
                    .col(uuid_null("lease"))
                    .col(at_null("settled_at"))
                    // What a parked delivery waits for.
                    .col(text_null("truv_order_id"))
                    .col(text_null("truv_suborder_id"))
                    .col(text_null("truv_link_id"))
                    .take(),
            )
            .await?;
        manager
            .create_index(index("deliveries", "deliveries_once", &["agency_id", "dedupe_key"]).unique().take())
            .await?;
        // Only what is still to be done, so that the queue stays small beside years of history.
        manager
            .create_index(
                index("deliveries", "deliveries_open", &["next_at", "id"])
                    .and_where(Expr::col("settled_at").is_null())
                    .take(),
            )
            .await?;
        manager.create_index(index("deliveries", "deliveries_status", &["agency_id", "status", "id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("deliveries").take()).await
    }
}
