//! What a report says about the strength of its own data, and the arithmetic of its figures, kept with it.
//!
//! Columns of snapshots from before stay null: what was not kept then is not known now.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean_null, json_binary_null, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

fn columns() -> [(&'static str, ColumnDef); 7] {
    [
        ("employments", json_binary_null("missing_fields")),
        ("employments", boolean_null("is_suspicious")),
        ("employments", text_null("identity")),
        // Every way to a monthly figure with what went in, the one that counts first.
        ("employments", json_binary_null("arithmetic")),
        ("pay_statements", json_binary_null("derived_fields")),
        ("pay_statements", json_binary_null("missing_fields")),
        // Jobs of earlier reports that nobody asked about this time: their last evidence stands.
        ("reports", json_binary_null("carried")),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column a statement.
        for (table, column) in columns() {
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            let name = column.get_column_name();
            manager.alter_table(Table::alter().table(table).drop_column(name).take()).await?;
        }
        Ok(())
    }
}
