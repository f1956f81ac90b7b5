//! Renewal batches, their items, and the orders made for them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, integer, json_binary, text, text_null, uuid_null};

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
                    .table("renewal_batches")
                    .col(id())
                    .col(agency_id.clone())
                    .foreign_key(&mut agency.clone())
                    .col(text("name"))
                    .col(text("status"))
                    .col(text("product"))
                    .col(boolean("sends_links"))
                    // The filter as it was asked for; the items are what it meant then.
                    .col(json_binary("selection"))
                    .col(text("requested_by"))
                    .col(text("idempotency_key"))
                    .col(text("fingerprint"))
                    .col(big_integer("version"))
                    .col(at("created_at"))
                    .col(at("updated_at"))
                    .col(at_null("finished_at"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                index("renewal_batches", "renewal_batches_key", &["agency_id", "idempotency_key"]).unique().take(),
            )
            .await?;
        manager.create_index(index("renewal_batches", "renewal_batches_list", &["agency_id", "id"])).await?;
        let (batch_id, batch) = owner("batch_id", "renewal_batches");
        let (case_id, case) = owner("case_id", "cases");
        manager
            .create_table(
                Table::create()
                    .table("renewal_batch_items")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(batch_id)
                    .foreign_key(&mut batch.clone())
                    .col(case_id)
                    .foreign_key(&mut case.clone())
                    // The turn, from 1: the case that is due first comes first.
                    .col(integer("position"))
                    .col(text("status"))
                    .col(text_null("skip_reason"))
                    .col(uuid_null("order_id"))
                    .col(integer("attempts"))
                    // Not before this instant: a connection may have no refresh left for now.
                    .col(at("next_at"))
                    .col(at_null("settled_at"))
                    .col(at("updated_at"))
                    .take(),
            )
            .await?;
        for (name, columns) in [
            ("renewal_batch_items_once", &["batch_id", "case_id"][..]),
            ("renewal_batch_items_list", &["batch_id", "position"]),
        ] {
            manager.create_index(index("renewal_batch_items", name, columns).unique().take()).await?;
        }
        for (name, columns) in [
            ("renewal_batch_items_turn", &["batch_id", "status", "position"][..]),
            // Progress is counted from this index alone.
            ("renewal_batch_items_count", &["batch_id", "status", "settled_at"]),
            ("renewal_batch_items_case", &["case_id"]),
        ] {
            manager.create_index(index("renewal_batch_items", name, columns)).await?;
        }
        // The items point to orders; a foreign key back would be a circle.
        for mut column in [uuid_null("batch_item_id"), boolean("is_bulk").default(false).take()] {
            manager.alter_table(Table::alter().table("orders").add_column(&mut column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["is_bulk", "batch_item_id"] {
            manager.alter_table(Table::alter().table("orders").drop_column(column).take()).await?;
        }
        for table in ["renewal_batch_items", "renewal_batches"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
