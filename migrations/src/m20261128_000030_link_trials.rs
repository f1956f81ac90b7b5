//! What became of refreshes by the age of their connection: the only way to learn how long connections last.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, integer, text_null};

use crate::column::{at, index, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (employer_id, employer) = owner("order_employer_id", "order_employers");
        let (agency_id, agency) = owner("agency_id", "agencies");
        let (link_id, link) = owner("link_id", "employer_links");
        manager
            .create_table(
                Table::create()
                    .table("link_trials")
                    // One for each attempt, whatever is told of it, and however often.
                    .col(employer_id.clone().primary_key().take())
                    .foreign_key(&mut employer.clone())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(link_id)
                    .foreign_key(&mut link.clone())
                    .col(text_null("provider_id"))
                    .col(integer("age_days"))
                    .col(boolean("has_worked"))
                    .col(at("tried_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("link_trials", "link_trials_age", &["agency_id", "provider_id", "age_days"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("link_trials").take()).await
    }
}
