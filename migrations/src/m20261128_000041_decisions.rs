//! Every decision on a review, with what was corrected and what was on the screen. Written once, never changed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, date_null, integer, json_binary, text, text_null, uuid_null};

use crate::column::{at, id, index, owner};

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
        let (renewal_id, renewal) = owner("renewal_id", "renewals");
        manager
            .create_table(
                Table::create()
                    .table("review_decisions")
                    .col(id())
                    .col(agency_id.clone())
                    .foreign_key(&mut agency.clone())
                    .col(case_id)
                    .foreign_key(&mut case.clone())
                    .col(renewal_id)
                    .foreign_key(&mut renewal.clone())
                    .col(text("decision"))
                    .col(text_null("note"))
                    .col(text("decided_by"))
                    .col(at("decided_at"))
                    // The version of the case that was decided on.
                    .col(big_integer("case_version"))
                    .col(uuid_null("baseline_report_id"))
                    .col(uuid_null("current_report_id"))
                    .col(date_null("next_due_on"))
                    // The lines of the review as they were shown.
                    .col(json_binary("review"))
                    .take(),
            )
            .await?;
        manager.create_index(index("review_decisions", "review_decisions_renewal", &["renewal_id", "id"])).await?;
        manager.create_index(index("review_decisions", "review_decisions_case", &["case_id", "id"])).await?;

        let (decision_id, decision) = owner("decision_id", "review_decisions");
        manager
            .create_table(
                Table::create()
                    .table("review_edits")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(decision_id)
                    .foreign_key(&mut decision.clone())
                    .col(integer("position"))
                    .col(text("key"))
                    .col(text_null("employment_key"))
                    .col(text("label"))
                    .col(text_null("original"))
                    .col(text("value"))
                    .col(text("reason"))
                    .take(),
            )
            .await?;
        manager.create_index(index("review_edits", "review_edits_decision", &["decision_id", "position"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["review_edits", "review_decisions"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
