//! Bodies in the forms that the vendor's pages show, and in the odd ones.

use recert::truv::wire::{Event, LinkReport, Order, Task, UserReport};
use rust_decimal::Decimal;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::client;

fn order_with(employment: &Value) -> Value {
    let suborder = json!({
        "id": "s1", "product_type": "income", "status": "sent", "suborder_number": 12, "bridge_token": "b2-secret",
        "created_at": "2026-03-04T15:04:11.902Z", "link_id": "l1", "access_token": "a-secret", "pdf_report": null,
        "data_source": "payroll", "provider": {"id": "acme_pay", "name": "Acme Pay", "logo_url": null},
        "is_suspicious": null, "last_task_status": "done", "start_date": null, "company_name": "Harbor Grocery",
        "company_address": null, "employments": [employment],
    });
    json!({
        "id": "0a1b", "products": ["income"], "source": "internal", "order_number": "SNAP-7", "first_name": "Ines",
        "last_name": "Okoye", "user_id": "u7", "bridge_token": "b-secret", "short_share_url": "https://g.test/7",
        "share_url": "https://a.test/?bridge_token=b-secret", "created_at": "2026-03-04T15:04:11.902114Z",
        "updated_at": "2026-03-04 15:04:12+00:00", "canceled_at": null, "completed_at": "2022-06-31T10:00:00Z",
        "expired_at": "2026-03-09T15:04:11Z", "is_expired": false, "initial_order": "0a00", "refresh_order": null,
        "employers": [suborder], "financial_accounts": null,
    })
}

fn employment() -> Value {
    json!({
        "id": "e1", "is_active": true, "job_title": "Clerk", "job_type": "P", "start_date": "2023-05-15T00:00:00.000Z",
        "original_hire_date": null, "end_date": "", "income": "18.40", "income_unit": "HOURLY", "pay_rate": 1103.9,
        "pay_frequency": "BW", "derived_fields": null, "missing_data_fields": ["w2s"], "gse_accepted": true,
        "profile": {"full_name": "Ines Okoye", "ssn": "900550142", "date_of_birth": "1991-11-04",
            "home_address": {"street": "4 Alder St", "zip": 97024}},
        "company": {"name": "Harbor Grocery", "ein": 123_456_789, "address": null},
        "annual_income_summary": [{"year": "2026", "gross_pay": "4199.1", "bonus": null}],
        "statements": [{
            "id": "p1", "check_number": 48817, "pay_date": "2026-02-27", "hours": "60.00", "gross_pay": "1103.90",
            "gross_pay_ytd": 4199, "overtime": "-12.5", "bonus": null,
            "earnings": [{"name": "Regular", "amount": "1103.90", "rate": "18.40", "units": "60"}], "earnings_ytd": null,
            "deductions": [{"name": "Medicare", "amount": "16.01", "category": "medicare"}],
        }],
        "w2s": [{"year": 2025, "wages": "41200.00"}],
        "bank_accounts": [{"account_number": "111"}],
    })
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
    serde_json::from_value(body).unwrap()
}

fn amount(text: &str) -> Option<Decimal> {
    text.parse().ok()
}

#[test]
fn an_order_is_read_with_its_suborders_and_their_jobs() {
    let order: Order = read(order_with(&employment()));
    assert_eq!((order.id.as_str(), order.order_number.as_deref()), ("0a1b", Some("SNAP-7")));
    assert_eq!(order.created_at.unwrap().to_rfc3339(), "2026-03-04T15:04:11.902114+00:00");
    assert_eq!(order.updated_at.unwrap().to_rfc3339(), "2026-03-04T15:04:12+00:00");
    assert_eq!(order.completed_at, None, "an impossible day is no day");
    assert_eq!(order.share_url.as_ref().unwrap().expose_secret(), "https://a.test/?bridge_token=b-secret");
    assert!(order.financial_accounts.is_empty() && order.status.is_none());

    let suborder = &order.employers[0];
    assert_eq!(suborder.suborder_number.as_deref(), Some("12"));
    assert_eq!(suborder.provider.as_ref().unwrap().name.as_deref(), Some("Acme Pay"));
    assert_eq!((suborder.status.as_deref(), suborder.last_task_status.as_deref()), (Some("sent"), Some("done")));

    let job = order.employments().next().unwrap();
    assert_eq!((job.link_id, job.suborder_id, job.data_source), (Some("l1"), Some("s1"), Some("payroll")));
    let employment = job.employment;
    assert_eq!(employment.start_date.unwrap().to_string(), "2023-05-15");
    assert_eq!(employment.end_date, None);
    assert_eq!((employment.income, employment.pay_rate), (amount("18.40"), amount("1103.9")));
    assert_eq!(employment.derived_fields, Vec::<String>::new());
    assert_eq!(employment.company.as_ref().unwrap().ein.as_deref(), Some("123456789"));
    assert_eq!(employment.annual_income_summary[0].year, Some(2026));
    let statement = &employment.statements[0];
    assert_eq!(statement.hours.unwrap().to_string(), "60.00", "as many digits as were sent");
    assert_eq!((statement.gross_pay_ytd, statement.overtime), (amount("4199"), amount("-12.5")));
    assert_eq!((statement.bonus, statement.check_number.as_deref()), (None, Some("48817")));
    assert_eq!(statement.earnings[0].units, amount("60"));
    assert_eq!(employment.w2s[0].wages, amount("41200.00"));
}

#[test]
fn a_thing_needs_its_id_and_nothing_else() {
    let order: Order = read(json!({"id": "o1", "surprise": [1, {"x": null}]}));
    assert!(order.employers.is_empty() && order.employments().next().is_none());
    let nulls: Order =
        read(json!({"id": "o1", "products": null, "employers": null, "is_expired": null, "created_at": null}));
    assert!(nulls.products.is_empty());
    let bare: Order = read(json!({"id": "o1", "employers": [{"id": "s1", "employments": [{}], "provider": null}]}));
    assert_eq!(bare.employments().count(), 1);
    read::<Task>(json!({"id": "t1", "status": "a_word_of_tomorrow"}));
    read::<UserReport>(json!({"report_id": "r1", "links": null}));
    read::<LinkReport>(json!({}));
    for body in [json!({}), json!({"id": null}), json!([]), json!("o1")] {
        assert!(serde_json::from_value::<Order>(body).is_err());
    }
}

#[test]
fn the_same_job_is_found_in_every_kind_of_report() {
    let employments = json!([employment()]);
    let link: LinkReport = read(json!({
        "id": "x", "link_id": "l1", "tracking_info": "s1", "data_source": "payroll", "is_suspicious": true,
        "access_token": "a-secret", "employments": employments,
    }));
    let user: UserReport = read(json!({"report_id": "r1", "last_task_at": "2026-03-04T15:06:02Z", "links": [
        {"id": "y", "link_id": "l0", "provider": "acme_pay", "employments": null},
        {"id": "z", "link_id": "l1", "tracking_info": "s1", "data_source": "payroll", "provider": "acme_pay",
            "provider_name": "Acme Pay", "is_suspicious": true, "employments": employments},
    ]}));
    let provider = user.links[0].provider.as_ref().unwrap();
    assert_eq!((provider.id.as_deref(), provider.name.as_deref()), (Some("acme_pay"), None));
    for job in [link.employments().next().unwrap(), user.employments().next().unwrap()] {
        assert_eq!((job.link_id, job.suborder_id, job.is_suspicious), (Some("l1"), Some("s1"), Some(true)));
        assert_eq!(job.employment.income, amount("18.40"));
    }
}

#[test]
fn an_event_needs_its_name_and_nothing_else() {
    let event: Event = read(json!({
        "webhook_id": "w1", "event_type": "statements-updated", "event_created_at": "2026-03-04T15:05:59.812306Z",
        "updated_at": "2026-03-04T15:05:59.812999+00:00", "objects_count": 27, "tracking_info": "s1", "link_id": null,
    }));
    assert_eq!((event.objects_count, event.link_id), (Some(27), None));
    assert!(event.updated_at > event.event_created_at);
    assert_eq!(read::<Event>(json!({"event_type": "of-tomorrow"})).event_type, "of-tomorrow");
    assert!(serde_json::from_value::<Event>(json!({"webhook_id": "w1"})).is_err());
}

#[tokio::test]
async fn a_snapshot_is_the_whole_answer_without_its_secrets() {
    let mut body = order_with(&employment());
    body["a_field_of_tomorrow"] = json!({"kept": true});
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(&body)).mount(&server).await;
    let fetched = client(&server.uri()).order("0a1b").await.unwrap();
    assert!(fetched.value.share_url.is_some(), "who sends the link still has it");

    let raw = fetched.raw.to_string();
    for gone in ["a-secret", "b-secret", "b2-secret", "g.test", "900550142", "1991-11-04", "account_number"] {
        assert!(!raw.contains(gone), "{gone} in {raw}");
    }
    assert_eq!(fetched.raw["a_field_of_tomorrow"], json!({"kept": true}));
    assert_eq!(fetched.raw["employers"][0]["employments"][0]["profile"]["ssn"], "*****0142");
    assert_eq!(
        fetched.raw["employers"][0]["employments"][0]["statements"],
        body["employers"][0]["employments"][0]["statements"]
    );

    let again: Order = serde_json::from_value(fetched.raw).unwrap();
    assert_eq!(
        again.employments().next().unwrap().employment.income,
        amount("18.40"),
        "a snapshot reads like an answer"
    );
    let shown = format!("{again:?} {:?}", fetched.value);
    for secret in ["a-secret", "b-secret", "900550142", "1991-11-04"] {
        assert!(!shown.contains(secret));
    }
}
