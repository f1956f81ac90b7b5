//! The audit trail: entries wait in `audit_pending` until they get their place in their agency's chain.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text, text_null, uuid, uuid_null};

use crate::column::{at, id, index, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Written by whoever answers; no index but the key, so that an entry costs one small write.
        manager.create_table(with_facts(Table::create().table("audit_pending").col(id()).take())).await?;
        let (agency_id, agency) = owner("agency_id", "agencies");
        let entries = Table::create()
            .table("audit_entries")
            .col(agency_id)
            .foreign_key(&mut agency.clone())
            // From 1 on, without a gap.
            .col(big_integer("seq"))
            .col(uuid("id"))
            // SHA-256 of the one before and of this one, hexadecimal.
            .col(text("previous"))
            .col(text("hash"))
            .primary_key(Index::create().col("agency_id").col("seq"))
            .take();
        manager.create_table(without_agency(entries)).await?;
        cases(manager).await?;
        heads(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["audit_heads", "audit_cases", "audit_entries", "audit_pending"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn with_facts(mut table: TableCreateStatement) -> TableCreateStatement {
    let (agency_id, agency) = owner("agency_id", "agencies");
    without_agency(table.col(agency_id).foreign_key(&mut agency.clone()).take())
}

fn without_agency(mut table: TableCreateStatement) -> TableCreateStatement {
    table
        .col(at("at"))
        .col(text("channel"))
        .col(text("subject"))
        .col(text_null("token_id"))
        .col(uuid_null("request_id"))
        .col(text_null("operation"))
        .col(text_null("document"))
        .col(text("outcome"))
        // Letters, see `audit::Access`.
        .col(text("access"))
        // The cases with their letters, as JSON.
        .col(text("cases"))
        .take()
}

/// Which entries speak of a case.
async fn cases(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let table = Table::create()
        .table("audit_cases")
        .col(uuid("agency_id"))
        .col(uuid("case_id"))
        .col(big_integer("seq"))
        .primary_key(Index::create().col("agency_id").col("case_id").col("seq"))
        .take();
    manager.create_table(table).await?;
    manager.create_index(index("audit_cases", "audit_cases_seq", &["agency_id", "seq"])).await?;
    manager.create_index(index("audit_entries", "audit_entries_at", &["agency_id", "at"])).await
}

/// Where each chain begins and ends.
async fn heads(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let table = Table::create()
        .table("audit_heads")
        .col(agency_id)
        .foreign_key(&mut agency.clone())
        .col(big_integer("seq"))
        .col(text("hash"))
        // The last entry that was removed because of its age: what is left begins after it.
        .col(big_integer("base_seq"))
        .col(text("base_hash"))
        .primary_key(Index::create().col("agency_id"))
        .take();
    manager.create_table(table).await
}
