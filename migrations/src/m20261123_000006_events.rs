//! The event log.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, json_binary, text, uuid_null};
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{at, index, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Ids are given out before the commit, so on PostgreSQL a later id can become visible first. The log is
        // therefore read in the order (transaction, id), below the oldest transaction still running. SQLite has one
        // writer and needs no such care: its number is always 0.
        let mut transaction = ColumnDef::new("tx");
        transaction.big_integer().not_null();
        match manager.get_database_backend() {
            DbBackend::Postgres => transaction.default(Expr::cust("(pg_current_xact_id()::text::bigint)")),
            _ => transaction.default(0),
        };
        let (agency_id, agency) = owner("agency_id", "agencies");
        let (case_id, case) = owner("case_id", "cases");
        manager
            .create_table(
                Table::create()
                    .table("events")
                    .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
                    .col(transaction)
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(case_id)
                    .foreign_key(&mut case.clone())
                    .col(big_integer("case_version"))
                    // The case's caseworker at that time: streams are filtered by it without a look at the case.
                    .col(uuid_null("assignee_id"))
                    .col(text("kind"))
                    .col(uuid_null("order_id"))
                    .col(uuid_null("order_employer_id"))
                    .col(uuid_null("task_id"))
                    .col(uuid_null("report_id"))
                    .col(json_binary("facts"))
                    .col(at("occurred_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("events", "events_order", &["tx", "id"])).await?;
        manager.create_index(index("events", "events_agency", &["agency_id", "tx", "id"])).await?;
        manager.create_index(index("events", "events_case", &["case_id", "tx", "id"])).await?;

        // One row, drawn when the database is made. A cursor carries the epoch, so that a cursor of a restored or
        // exchanged database is noticed rather than believed; the key authenticates cursors, the same on every replica.
        manager
            .create_table(
                Table::create()
                    .table("installation")
                    .col(ColumnDef::new("id").integer().not_null().primary_key())
                    .col(big_integer("epoch"))
                    .col(binary("cursor_key"))
                    // The last event that was pruned; a cursor before it cannot be continued without loss.
                    .col(ColumnDef::new("pruned_tx").big_integer().not_null().default(-1))
                    .col(ColumnDef::new("pruned_id").big_integer().not_null().default(-1))
                    .take(),
            )
            .await?;
        let (epoch, key) = match manager.get_database_backend() {
            DbBackend::Postgres => (
                "(random() * 2147483647)::bigint",
                "decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')",
            ),
            _ => ("abs(random() % 2147483647)", "randomblob(32)"),
        };
        manager
            .get_connection()
            .execute_unprepared(&format!("INSERT INTO installation (id, epoch, cursor_key) VALUES (1, {epoch}, {key})"))
            .await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["installation", "events"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
