//! Orders, their employers, the payroll links behind them, tasks, refresh units and idempotency keys.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, boolean, boolean_null, integer, json_binary_null, text, text_null, uuid_null,
};

use crate::column::{at, at_null, id, index, owner, owner_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        links(manager).await?;
        orders(manager).await?;
        employers(manager).await?;
        tasks(manager).await?;
        refresh_units(manager).await?;
        idempotency_keys(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["idempotency_keys", "refresh_units", "tasks", "order_employers", "orders", "employer_links"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

async fn links(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let (client_id, client) = owner("client_id", "clients");
    manager
        .create_table(
            Table::create()
                .table("employer_links")
                .col(id())
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(client_id)
                .foreign_key(&mut client.clone())
                .col(text("truv_link_id"))
                .col(text_null("company_name"))
                .col(text_null("company_mapping_id"))
                .col(text_null("provider_id"))
                .col(text_null("provider_name"))
                .col(text_null("data_source"))
                .col(at_null("connected_at"))
                .col(at_null("last_refreshed_at"))
                .col(at_null("broken_at"))
                .col(text_null("broken_by"))
                .col(at_null("deleted_at"))
                .col(boolean_null("is_suspicious"))
                .col(at("created_at"))
                .col(at("updated_at"))
                .take(),
        )
        .await?;
    manager
        .create_index(index("employer_links", "employer_links_truv", &["agency_id", "truv_link_id"]).unique().take())
        .await?;
    manager.create_index(index("employer_links", "employer_links_client", &["client_id"])).await
}

async fn orders(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let (case_id, case) = owner("case_id", "cases");
    let (renewal_id, renewal) = owner_null("renewal_id", "renewals");
    let (parent_id, parent) = owner_null("parent_id", "orders");
    let (root_id, root) = owner("root_id", "orders");
    manager
        .create_table(
            Table::create()
                .table("orders")
                .col(id())
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(case_id)
                .foreign_key(&mut case.clone())
                .col(renewal_id)
                .foreign_key(&mut renewal.clone())
                .col(parent_id)
                .foreign_key(&mut parent.clone())
                .col(root_id)
                .foreign_key(&mut root.clone())
                .col(integer("depth"))
                .col(text("kind"))
                .col(text("status"))
                .col(text("product"))
                .col(text_null("purpose"))
                .col(text_null("truv_order_id"))
                .col(text_null("truv_user_id"))
                .col(text_null("number"))
                .col(text("requested_by"))
                .col(integer("attempt"))
                // Upstream's `refresh_order` of the parent before we posted: what a lost answer is compared with.
                .col(text_null("refresh_order_before"))
                .col(integer("sends"))
                .col(at_null("sent_at"))
                .col(json_binary_null("contact"))
                .col(text_null("share_url"))
                .col(text_null("failure_reason"))
                .col(text_null("failure_task_status"))
                .col(text_null("failure_next_action"))
                .col(text_null("failure_next_actor"))
                .col(text_null("failure_message"))
                .col(at_null("failure_retry_at"))
                .col(at_null("failure_at"))
                .col(at_null("canceled_at"))
                .col(at_null("completed_at"))
                .col(at_null("expires_at"))
                .col(at("news_at"))
                .col(at("created_at"))
                .col(at("updated_at"))
                .col(big_integer("version"))
                .take(),
        )
        .await?;
    manager
        .create_index(index("orders", "orders_truv_order_id", &["agency_id", "truv_order_id"]).unique().take())
        .await?;
    manager.create_index(index("orders", "orders_case", &["case_id", "id"])).await?;
    manager.create_index(index("orders", "orders_parent", &["parent_id"])).await?;
    manager.create_index(index("orders", "orders_renewal", &["renewal_id"])).await?;
    manager.create_index(index("orders", "orders_status", &["status", "news_at"])).await
}

async fn employers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let (order_id, order) = owner("order_id", "orders");
    let (link_id, link) = owner_null("link_id", "employer_links");
    let (source_id, source) = owner_null("source_id", "order_employers");
    manager
        .create_table(
            Table::create()
                .table("order_employers")
                .col(id())
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(order_id)
                .foreign_key(&mut order.clone())
                .col(integer("position"))
                .col(source_id)
                .foreign_key(&mut source.clone())
                .col(link_id)
                .foreign_key(&mut link.clone())
                .col(text_null("truv_suborder_id"))
                .col(text_null("suborder_number"))
                .col(text_null("company_name"))
                .col(text("raw_status"))
                .col(at_null("status_at"))
                .col(text_null("task_status"))
                .col(at_null("task_at"))
                .col(uuid_null("latest_task_id"))
                .col(text_null("told_status"))
                .col(at_null("told_at"))
                .col(text_null("message"))
                .col(at("updated_at"))
                .take(),
        )
        .await?;
    manager
        .create_index(
            index("order_employers", "order_employers_truv", &["agency_id", "truv_suborder_id"]).unique().take(),
        )
        .await?;
    manager.create_index(index("order_employers", "order_employers_order", &["order_id", "position"])).await?;
    manager.create_index(index("order_employers", "order_employers_link", &["link_id"])).await
}

async fn tasks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let (employer_id, employer) = owner("order_employer_id", "order_employers");
    manager
        .create_table(
            Table::create()
                .table("tasks")
                .col(id())
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(employer_id)
                .foreign_key(&mut employer.clone())
                .col(text("truv_task_id"))
                .col(text("raw_status"))
                .col(at("status_at"))
                .col(text_null("message"))
                .col(at("created_at"))
                .col(at("updated_at"))
                .take(),
        )
        .await?;
    manager.create_index(index("tasks", "tasks_truv", &["agency_id", "truv_task_id"]).unique().take()).await?;
    manager.create_index(index("tasks", "tasks_employer", &["order_employer_id"])).await
}

/// One row a link and refresh: what the allowance of three in 24 hours is counted from, and what the ledger grows on.
async fn refresh_units(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let (link_id, link) = owner("link_id", "employer_links");
    let (order_id, order) = owner("order_id", "orders");
    manager
        .create_table(
            Table::create()
                .table("refresh_units")
                .col(id())
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(link_id)
                .foreign_key(&mut link.clone())
                .col(order_id)
                .foreign_key(&mut order.clone())
                .col(at("spent_at"))
                .col(boolean("is_counted"))
                .take(),
        )
        .await?;
    manager.create_index(index("refresh_units", "refresh_units_link", &["link_id", "spent_at"])).await?;
    manager.create_index(index("refresh_units", "refresh_units_order", &["order_id"])).await
}

async fn idempotency_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (agency_id, agency) = owner("agency_id", "agencies");
    let (order_id, order) = owner("order_id", "orders");
    manager
        .create_table(
            Table::create()
                .table("idempotency_keys")
                .col(agency_id)
                .foreign_key(&mut agency.clone())
                .col(text("key"))
                .col(text("fingerprint"))
                .col(order_id)
                .foreign_key(&mut order.clone())
                .col(at("created_at"))
                .primary_key(Index::create().col("agency_id").col("key"))
                .take(),
        )
        .await
}
