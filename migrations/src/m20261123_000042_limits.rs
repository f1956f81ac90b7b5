//! What Truv itself says about a connection's refreshes, and an index for forgetting old idempotency keys.

use sea_orm_migration::prelude::*;

use crate::column::{at_null, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Truv refused a refresh over its limit, so that none is left before then, whatever was counted here.
        let limited = Table::alter().table("employer_links").add_column(at_null("limited_until")).take();
        manager.alter_table(limited).await?;
        manager.create_index(index("idempotency_keys", "idempotency_keys_age", &["created_at"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("idempotency_keys_age").table("idempotency_keys").to_owned()).await?;
        manager.alter_table(Table::alter().table("employer_links").drop_column("limited_until").take()).await
    }
}
