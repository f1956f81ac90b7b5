//! The report as it was received lies sealed, which is text, and is missing where none is kept.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter().table("reports").add_column(ColumnDef::new("body").text().null()).take();
        manager.alter_table(add).await?;
        // What was stored in clear is sealed by `recert keys rotate`.
        let text = match manager.get_database_backend() {
            DbBackend::Postgres => "raw::text",
            _ => "raw",
        };
        manager.get_connection().execute_unprepared(&format!("UPDATE reports SET body = {text}")).await?;
        manager.alter_table(Table::alter().table("reports").drop_column("raw").take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What is sealed cannot be opened here.
        let add = Table::alter()
            .table("reports")
            .add_column(ColumnDef::new("raw").json_binary().not_null().default("{}"))
            .take();
        manager.alter_table(add).await?;
        manager.alter_table(Table::alter().table("reports").drop_column("body").take()).await
    }
}
