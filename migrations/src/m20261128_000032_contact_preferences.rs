//! In which language and by which way a client wants to be asked.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["language", "preferred_channel"] {
            manager.alter_table(Table::alter().table("clients").add_column(text_null(column)).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["preferred_channel", "language"] {
            manager.alter_table(Table::alter().table("clients").drop_column(column).take()).await?;
        }
        Ok(())
    }
}
