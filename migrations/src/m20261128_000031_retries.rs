//! A retry that somebody called off, or that waits for a connection's allowance.

use sea_orm_migration::prelude::*;

use crate::column::at_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["retry_canceled_at", "retry_moved_to"] {
            manager.alter_table(Table::alter().table("orders").add_column(at_null(column)).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["retry_moved_to", "retry_canceled_at"] {
            manager.alter_table(Table::alter().table("orders").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
