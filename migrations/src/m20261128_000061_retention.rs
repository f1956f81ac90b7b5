//! Cases that must be kept as they are, and those whose personal data has been removed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text;

use crate::column::{at, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = |name: &'static str| {
            let (case_id, case) = owner("case_id", "cases");
            let (agency_id, agency) = owner("agency_id", "agencies");
            Table::create()
                .table(name)
                .col(case_id)
                .foreign_key(&mut case.clone())
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .primary_key(Index::create().col("case_id"))
                .take()
        };
        let holds = table("case_holds").col(text("reason")).col(text("placed_by")).col(at("placed_at")).take();
        manager.create_table(holds).await?;
        manager.create_table(table("case_redactions").col(at("redacted_at")).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["case_redactions", "case_holds"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
