//! Cases and their renewals.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date, date_null, integer, text, text_null, uuid_null};

use crate::column::{at, at_null, id, index, owner, owner_null, sorted_text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (agency_id, agency) = owner("agency_id", "agencies");
        let (client_id, client) = owner("client_id", "clients");
        let (assignee_id, assignee) = owner_null("assignee_id", "caseworkers");
        manager
            .create_table(
                Table::create()
                    .table("cases")
                    .col(id())
                    .col(agency_id.clone())
                    .foreign_key(&mut agency.clone())
                    .col(sorted_text(manager, "number"))
                    .col(text("program"))
                    .col(client_id)
                    .foreign_key(&mut client.clone())
                    .col(sorted_text(manager, "client_sort"))
                    .col(assignee_id)
                    .foreign_key(&mut assignee.clone())
                    .col(text("status"))
                    .col(text("next_action"))
                    .col(text_null("next_actor"))
                    .col(date("due_on"))
                    .col(date_null("period_start"))
                    .col(date_null("period_end"))
                    .col(integer("cycle_months"))
                    // The orders come in a later table and point here: a foreign key back would be a circle.
                    .col(uuid_null("original_order_id"))
                    .col(uuid_null("latest_order_id"))
                    .col(uuid_null("renewal_id"))
                    .col(big_integer("version"))
                    .col(at("created_at"))
                    .col(at("updated_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("cases", "cases_number", &["agency_id", "number"]).unique().take()).await?;
        // One index for each sort of the queue; the id is last, so that a keyset cursor is a bound of the index.
        for (name, columns) in [
            ("cases_due_on", &["agency_id", "due_on", "id"][..]),
            ("cases_updated_at", &["agency_id", "updated_at", "id"]),
            ("cases_client_sort", &["agency_id", "client_sort", "id"]),
            ("cases_status", &["agency_id", "status", "due_on", "id"]),
            ("cases_assignee", &["agency_id", "assignee_id", "due_on", "id"]),
            ("cases_client", &["client_id"]),
        ] {
            manager.create_index(index("cases", name, columns)).await?;
        }

        let (case_id, case) = owner("case_id", "cases");
        manager
            .create_table(
                Table::create()
                    .table("renewals")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(case_id)
                    .foreign_key(&mut case.clone())
                    .col(date("due_on"))
                    .col(date("opened_on"))
                    .col(uuid_null("baseline_report_id"))
                    .col(uuid_null("current_report_id"))
                    .col(at_null("prepared_at"))
                    .col(text_null("decision"))
                    .col(text_null("note"))
                    .col(text_null("decided_by"))
                    .col(at_null("decided_at"))
                    .col(at_null("closed_at"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;
        manager.create_index(index("renewals", "renewals_case", &["case_id", "id"])).await?;
        // At most one open renewal a case; both databases know partial indexes.
        manager
            .create_index(
                index("renewals", "renewals_open", &["case_id"])
                    .unique()
                    .and_where(Expr::col("closed_at").is_null())
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["renewals", "cases"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
