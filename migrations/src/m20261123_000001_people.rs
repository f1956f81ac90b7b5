//! Agencies, caseworkers and clients.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, text_null};

use crate::column::{at, id, index, owner};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("agencies")
                    .col(id())
                    .col(text("slug").unique_key())
                    .col(text("name"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;

        let (agency_id, agency) = owner("agency_id", "agencies");
        manager
            .create_table(
                Table::create()
                    .table("caseworkers")
                    .col(id())
                    .col(agency_id.clone())
                    .foreign_key(&mut agency.clone())
                    .col(text("external_id"))
                    .col(text("display_name"))
                    .col(text_null("email"))
                    .col(at("created_at"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                index("caseworkers", "caseworkers_external_id", &["agency_id", "external_id"]).unique().take(),
            )
            .await?;

        manager
            .create_table(
                Table::create()
                    .table("clients")
                    .col(id())
                    .col(agency_id)
                    .foreign_key(&mut agency.clone())
                    .col(text("external_user_id"))
                    .col(text("first_name"))
                    .col(text("last_name"))
                    .col(text_null("email"))
                    .col(text_null("phone"))
                    .col(text_null("ssn_last4"))
                    .col(text_null("truv_user_id"))
                    .col(at("created_at"))
                    .col(at("updated_at"))
                    .take(),
            )
            .await?;
        manager
            .create_index(
                index("clients", "clients_external_user_id", &["agency_id", "external_user_id"]).unique().take(),
            )
            .await?;
        manager.create_index(index("clients", "clients_truv_user_id", &["agency_id", "truv_user_id"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["clients", "caseworkers", "agencies"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}
