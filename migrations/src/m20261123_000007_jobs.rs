//! Jobs: background work that must survive the process.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, integer, text, text_null, uuid, uuid_null};

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
                    .table("jobs")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(text("kind"))
                    // What the job is about, an order mostly. One job of a kind and subject at a time.
                    .col(uuid("subject_id"))
                    // Counts requests for this job: a job asked for again while it ran runs once more.
                    .col(big_integer("generation"))
                    .col(integer("priority"))
                    .col(at("run_at"))
                    .col(integer("attempts"))
                    .col(boolean("is_dead"))
                    .col(at_null("leased_until"))
                    .col(uuid_null("lease"))
                    .col(text_null("last_error"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("jobs", "jobs_subject", &["kind", "subject_id"]).unique().take()).await?;
        manager
            .create_index(
                index("jobs", "jobs_ready", &["priority", "run_at", "id"])
                    .and_where(Expr::col("is_dead").eq(false))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("jobs").take()).await
    }
}
