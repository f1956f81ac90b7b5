//! The ledger: what refreshes cost, a line for each connection and order, and the sums that caps are held against.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, text, text_null};

use crate::column::{at, at_null, id, index, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lines(manager).await?;
        months(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["ledger_months", "ledger_lines"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

async fn lines(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let (case_id, case) = owner("case_id", "cases");
    let (order_id, order) = owner("order_id", "orders");
    let (employer_id, employer) = owner("order_employer_id", "order_employers");
    let (link_id, link) = owner("link_id", "employer_links");
    manager
        .create_table(
            Table::create()
                .table("ledger_lines")
                .col(id())
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(case_id)
                .foreign_key(&mut case.clone())
                .col(order_id)
                .foreign_key(&mut order.clone())
                .col(employer_id)
                .foreign_key(&mut employer.clone())
                .col(link_id)
                .foreign_key(&mut link.clone())
                // `2026-11`, UTC, of the attempt.
                .col(text("month"))
                .col(text("program"))
                .col(text("product"))
                .col(text("status"))
                // Null where the settings name no price for the product.
                .col(big_integer_null("price_cents"))
                .col(at("attempted_at"))
                .col(at_null("settled_at"))
                .col(at_null("confirmed_at"))
                .col(text_null("difference"))
                // When Truv's invoice is next asked for; null when it need not be.
                .col(at_null("check_at"))
                .col(integer("checks"))
                .take(),
        )
        .await?;
    // A second line for the same thing cannot be written, whatever comes twice.
    manager
        .create_index(index("ledger_lines", "ledger_lines_employer", &["order_employer_id"]).unique().take())
        .await?;
    manager.create_index(index("ledger_lines", "ledger_lines_order", &["order_id"])).await?;
    manager.create_index(index("ledger_lines", "ledger_lines_month", &["agency_id", "month", "id"])).await?;
    manager
        .create_index(
            index("ledger_lines", "ledger_lines_check", &["agency_id", "check_at"])
                .and_where(Expr::col("check_at").is_not_null())
                .take(),
        )
        .await
}

async fn months(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    manager
        .create_table(
            Table::create()
                .table("ledger_months")
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(text("program"))
                .col(text("month"))
                // What was attempted and is not void.
                .col(big_integer("committed_cents"))
                .primary_key(Index::create().col("agency_id").col("program").col("month"))
                .take(),
        )
        .await
}
