//! Reports, employments and pay statements: snapshots, written once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean_null, date_null, integer, json_binary, text, text_null};

use crate::column::{at, id, index, owner, owner_null};

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
        let (order_id, order) = owner("order_id", "orders");
        manager
            .create_table(
                Table::create()
                    .table("reports")
                    .col(id())
                    .col(agency_id.clone())
                    .foreign_key(&mut agency.clone())
                    .col(case_id)
                    .foreign_key(&mut case.clone())
                    .col(order_id)
                    .foreign_key(&mut order.clone())
                    .col(text_null("truv_report_id"))
                    .col(at("generated_at"))
                    .col(text_null("monthly_income"))
                    // As received, tokens stripped and the SSN masked.
                    .col(json_binary("raw"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("reports", "reports_case", &["case_id", "generated_at"])).await?;
        manager.create_index(index("reports", "reports_order", &["order_id"])).await?;

        // Amounts are text: SQLite would keep a decimal as a float.
        let (report_id, report) = owner("report_id", "reports");
        let (link_id, link) = owner_null("link_id", "employer_links");
        manager
            .create_table(
                Table::create()
                    .table("employments")
                    .col(id())
                    .col(agency_id.clone())
                    .foreign_key(&mut agency.clone())
                    .col(report_id)
                    .foreign_key(&mut report.clone())
                    .col(link_id)
                    .foreign_key(&mut link.clone())
                    .col(integer("position"))
                    .col(text("key"))
                    .col(text_null("truv_employment_id"))
                    .col(text_null("company_name"))
                    .col(text_null("company_ein"))
                    .col(boolean_null("is_active"))
                    .col(text_null("job_title"))
                    .col(date_null("start_date"))
                    .col(date_null("end_date"))
                    .col(text_null("data_source"))
                    .col(json_binary("derived_fields"))
                    .col(text_null("income"))
                    .col(text_null("income_unit"))
                    .col(text_null("pay_rate"))
                    .col(text_null("pay_frequency"))
                    .col(text_null("monthly_income"))
                    .take(),
            )
            .await?;
        manager.create_index(index("employments", "employments_report", &["report_id", "position"])).await?;

        let (employment_id, employment) = owner("employment_id", "employments");
        manager
            .create_table(
                Table::create()
                    .table("pay_statements")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(employment_id)
                    .foreign_key(&mut employment.clone())
                    // Newest pay date first, from 0.
                    .col(integer("position"))
                    .col(text_null("truv_statement_id"))
                    .col(date_null("pay_date"))
                    .col(date_null("period_start"))
                    .col(date_null("period_end"))
                    .col(text_null("gross_pay"))
                    .col(text_null("net_pay"))
                    .col(text_null("gross_pay_ytd"))
                    .col(text_null("net_pay_ytd"))
                    .col(text_null("hours"))
                    .col(json_binary("earnings"))
                    .col(json_binary("deductions"))
                    .col(ColumnDef::new("is_new").boolean().not_null())
                    .take(),
            )
            .await?;
        manager
            .create_index(
                index("pay_statements", "pay_statements_employment", &["employment_id", "position"]).unique().take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["pay_statements", "employments", "reports"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
