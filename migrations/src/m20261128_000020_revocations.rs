//! Tokens that no longer count, or count for less: by subject or by token id, with who said so, when and why.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, text_null};

use crate::column::{at, at_null, id, index, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (agency_id, mut agency) = owner("agency_id", "agencies");
        manager
            .create_table(
                Table::create()
                    .table("revocations")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency)
                    // One of the two.
                    .col(text_null("subject"))
                    .col(text_null("token_id"))
                    // Of a subject's tokens those that were issued up to here.
                    .col(at_null("issued_before"))
                    // The scopes that are withdrawn, between spaces; nothing for all there is.
                    .col(text_null("scopes"))
                    // Every token concerned has ended by then.
                    .col(at("expires_at"))
                    .col(text("revoked_by"))
                    .col(text("reason"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("revocations", "revocations_agency", &["agency_id", "id"])).await?;
        manager.create_index(index("revocations", "revocations_end", &["expires_at"])).await?;
        // Counts the changes of the list, so that a look that finds nothing new costs one number.
        let count = big_integer("revocations").default(0).take();
        manager.alter_table(Table::alter().table("installation").add_column(count).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("installation").drop_column("revocations").take()).await?;
        manager.drop_table(Table::drop().table("revocations").take()).await
    }
}
