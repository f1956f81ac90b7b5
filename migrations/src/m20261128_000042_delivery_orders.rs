//! Which order a delivery was applied to, and the hash of what it said: evidence of what a decision stands on.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text_null, uuid_null};

use crate::column::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column a statement. No foreign key: SQLite could add none to a table that is there.
        for column in [uuid_null("order_id"), text_null("body_sha256")] {
            manager.alter_table(Table::alter().table("deliveries").add_column(column).take()).await?;
        }
        manager.create_index(index("deliveries", "deliveries_order", &["order_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("deliveries_order").table("deliveries").to_owned()).await?;
        for column in ["order_id", "body_sha256"] {
            manager.alter_table(Table::alter().table("deliveries").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
