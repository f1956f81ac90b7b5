//! Notices to the agencies' own systems: stored with what they tell of, sent afterwards.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{integer, text, text_null, uuid_null};

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
        let (case_id, case) = owner("case_id", "cases");
        manager
            .create_table(
                Table::create()
                    .table("notices")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(case_id)
                    .foreign_key(&mut case.clone())
                    .col(text("kind"))
                    // The body byte for byte: every attempt signs and sends the same one.
                    .col(text("body"))
                    .col(text("status"))
                    .col(integer("attempts"))
                    .col(at("next_at"))
                    .col(at_null("settled_at"))
                    .col(text_null("last_error"))
                    .col(at_null("leased_until"))
                    .col(uuid_null("lease"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("notices", "notices_due", &["status", "next_at"])).await?;
        manager.create_index(index("notices", "notices_agency", &["agency_id", "id"])).await?;
        manager.create_index(index("notices", "notices_case", &["case_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("notices").take()).await
    }
}
