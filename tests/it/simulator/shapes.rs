//! The bodies carry exactly the fields of Truv's published samples.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rig::{Rig, order_of, rosa};

const ORDER: &str = "id products source order_number custom_field client_name first_name last_name user_id bridge_token \
    share_url short_share_url created_at updated_at canceled_at completed_at expired_at is_expired user_consent_at \
    initial_order refresh_order employers financial_accounts";
const SUBORDER: &str = "id product_type status suborder_number created_at bridge_token link_id access_token pdf_report \
    data_source provider is_suspicious last_task_status start_date end_date company_name company_address \
    company_domain company_logo employments";
const LINK: &str = "id access_token created_at updated_at deleted_at tracking_info status user_external_id provider_id \
    provider company_mapping link_hash allowed_products initial_product_type data_source is_suspicious is_dds_available";
const TASK: &str = "id status product_type provider created_at updated_at link_id user_id error_message tracking_info \
    bridge_token data_source is_suspicious order_id";
const EMPLOYMENT: &str = "id is_active job_title job_type start_date original_hire_date end_date external_last_updated \
    dates_from_statements income income_unit pay_rate pay_frequency manager_name derived_fields missing_data_fields \
    profile company annual_income_summary statements w2s bank_accounts";
const PROFILE: &str = "id created_at updated_at first_name last_name full_name middle_initials email ssn date_of_birth \
    home_address";
const COMPANY: &str = "name address phone ein";
const SUMMARY: &str = "id year regular bonus commission overtime other_pay net_pay gross_pay";
const STATEMENT: &str = "id check_number pay_date period_start period_end basis_of_pay hours gross_pay gross_pay_ytd \
    net_pay net_pay_ytd regular regular_ytd overtime overtime_ytd bonus bonus_ytd commission commission_ytd other_pay \
    other_pay_ytd earnings earnings_ytd deductions deductions_ytd md5sum file derived_fields missing_data_fields";
const EARNING: &str = "name amount category rate units";

#[track_caller]
fn has_fields(value: &Value, expected: &str) {
    let found: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(found, expected.split_whitespace().collect());
}

#[tokio::test]
async fn every_object_has_the_fields_of_its_sample() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let refreshed = rig.refresh(&order_of(&seeded)).await;
    let (_, order) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    has_fields(&order, ORDER);
    has_fields(&order["employers"][0], SUBORDER);
    has_fields(&order["employers"][0]["provider"], "id name logo_url");
    let job = &order["employers"][0]["employments"][0];
    has_fields(job, EMPLOYMENT);
    has_fields(&job["profile"], PROFILE);
    has_fields(&job["company"], COMPANY);
    has_fields(&job["company"]["address"], "street city state zip country");
    has_fields(&job["annual_income_summary"][0], SUMMARY);
    has_fields(&job["statements"][0], STATEMENT);
    has_fields(&job["statements"][0]["earnings"][0], EARNING);
    has_fields(&job["statements"][0]["deductions"][0], "name amount category");
    let link = &seeded.people[0].links[0];
    let (_, link) = rig.get(&format!("/v1/links/{link}/")).await;
    has_fields(&link, LINK);
    has_fields(&link["company_mapping"], "id name logo_url");
    let (_, tasks) = rig.get("/v1/tasks/").await;
    has_fields(&tasks["results"][0], TASK);
    let user = &seeded.people[0].user_id;
    let (_, report) = rig.post(&format!("/v1/users/{user}/reports/"), serde_json::json!({})).await;
    has_fields(&report, "report_id created_at completed_at last_task_at links");
    has_fields(
        &report["links"][0],
        "id link_id tracking_info data_source provider provider_name is_suspicious employments",
    );
}

#[tokio::test]
async fn instants_and_money_are_written_as_upstream_writes_them() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa()).unwrap();
    let refreshed = rig.refresh(&order_of(&seeded)).await;
    let (_, order) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    assert_eq!(order["created_at"], "2026-03-04T15:00:00.000000Z");
    let (_, tasks) = rig.get("/v1/tasks/").await;
    assert_eq!(tasks["results"][0]["created_at"], "2026-03-04T15:00:00Z", "tasks know whole seconds");
    let mut decimals = BTreeSet::new();
    let mut dates = BTreeSet::new();
    for employer in order["employers"].as_array().unwrap() {
        for statement in employer["employments"][0]["statements"].as_array().unwrap() {
            let gross = statement["gross_pay"].as_str().unwrap();
            decimals.insert(gross.split_once('.').map_or(0, |(_, fraction)| fraction.len()));
            dates.insert(statement["pay_date"].as_str().unwrap().len());
            assert_eq!(statement["commission"], Value::Null);
        }
    }
    assert!(decimals.iter().all(|digits| *digits <= 2) && decimals.len() > 1, "{decimals:?}");
    assert_eq!(dates, BTreeSet::from([10, 24]), "short dates, and some in the long form");
}
