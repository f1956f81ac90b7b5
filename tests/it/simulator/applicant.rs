//! The applicant logs in: to an order, after a failure, in update mode.

use recert::simulator::Settings;
use reqwest::Method;
use serde_json::{Value, json};

use super::rig::{Rig, order_of, rosa_with_email, rosa_with_one_job};

impl Rig {
    async fn applicant(&self, order: &str, action: Value) -> Value {
        let played = self.control(Method::POST, &format!("orders/{order}/applicant"), action).await;
        self.sim.settled().await;
        played
    }
}

/// A new order of the seeded person at the employer that is known already.
async fn new_order(rig: &Rig) -> Value {
    let body = json!({
        "products": ["income"], "first_name": "Rosa", "last_name": "Quintero", "external_user_id": "person-88213",
        "email": "rosa.q@example.test", "employers": [{ "company_name": "Harbor Grocery Co" }],
    });
    let (status, made) = rig.post("/v1/orders/", body).await;
    assert_eq!(status, 201);
    made
}

#[tokio::test]
async fn the_same_credentials_return_the_same_link_and_others_a_new_one() {
    let rig = Rig::new().await;
    let seeded = rig.sim.seed(rosa_with_one_job()).unwrap();
    let link = &seeded.people[0].links[0];
    let (_, before) = rig.get(&format!("/v1/links/{link}/")).await;

    let order = new_order(&rig).await["id"].as_str().unwrap().to_owned();
    rig.applicant(&order, json!({ "action": "login", "username": "goodlogin", "password": "goodpassword" })).await;
    let (_, read) = rig.get(&format!("/v1/orders/{order}/")).await;
    assert_eq!(read["employers"][0]["status"], "completed");
    assert_eq!(read["employers"][0]["link_id"], json!(link));

    let order = new_order(&rig).await["id"].as_str().unwrap().to_owned();
    rig.applicant(&order, json!({ "action": "login", "same_credentials": false })).await;
    let (_, read) = rig.get(&format!("/v1/orders/{order}/")).await;
    let other = read["employers"][0]["link_id"].as_str().unwrap();
    assert_ne!(other, link);
    let (_, after) = rig.get(&format!("/v1/links/{other}/")).await;
    assert_ne!(after["link_hash"], before["link_hash"]);
    assert_eq!(after["company_mapping"], before["company_mapping"]);
}

#[tokio::test]
async fn a_first_login_tells_its_whole_story() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let order = json!({ "products": ["income"], "first_name": "Ana", "last_name": "Li", "phone": "5035550100" });
    let (_, made) = rig.post("/v1/orders/", order).await;
    let id = made["id"].as_str().unwrap();
    rig.applicant(id, json!({ "action": "open" })).await;
    let played = rig.applicant(id, json!({ "action": "login" })).await;
    assert_eq!(
        rig.endpoint.story(),
        [
            "order-created pending",
            "task-status-updated new",
            "task-status-updated login",
            "link-connected",
            "task-status-updated parse",
            "task-status-updated full_parse",
            "employment-created",
            "profile-created",
            "statements-created",
            "task-status-updated done",
            "order-status-updated completed",
        ]
    );
    let first = rig.endpoint.received()[1].json();
    assert_eq!(first["link_id"], Value::Null, "no link before the login");
    let body = json!({ "public_token": played["public_token"] });
    let (status, exchanged) = rig.post("/v1/link-access-tokens/", body.clone()).await;
    let (_, read) = rig.get(&format!("/v1/orders/{id}/")).await;
    assert_eq!((status, &exchanged["link_id"]), (201, &read["employers"][0]["link_id"]));
    let (status, again) = rig.post("/v1/link-access-tokens/", body).await;
    assert_eq!((status, &again["error"]["code"]), (410, &json!("expired_token")));
    let (_, events) = rig.get(&format!("/v1/orders/{id}/events/")).await;
    let kinds: Vec<&str> =
        events["results"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["order_created", "sms_first_link_opened", "suborder_completed"]);
}

#[tokio::test]
async fn the_second_factor_waits_for_the_right_code() {
    let rig = Rig::new().await;
    rig.sim.seed(rosa_with_one_job()).unwrap();
    let login = json!({ "action": "login", "username": "goodlogin", "password": "mfa" });
    for (code, task, suborder) in [("12345", "done", "completed"), ("99999", "mfa_error", "pending")] {
        let order = new_order(&rig).await["id"].as_str().unwrap().to_owned();
        rig.applicant(&order, login.clone()).await;
        let (_, waiting) = rig.get(&format!("/v1/orders/{order}/")).await;
        assert_eq!(waiting["employers"][0]["last_task_status"], "mfa");
        rig.applicant(&order, json!({ "action": "mfa", "code": code })).await;
        let (_, read) = rig.get(&format!("/v1/orders/{order}/")).await;
        assert_eq!(read["employers"][0]["last_task_status"], task);
        assert_eq!(read["employers"][0]["status"], suborder);
        let early = json!({ "action": "mfa", "code": code });
        assert_eq!(rig.try_control(Method::POST, &format!("orders/{order}/applicant"), early).await.0, 409);
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_the_end_and_leaving_skips() {
    let rig = Rig::new().await;
    rig.sim.seed(rosa_with_one_job()).unwrap();
    let order = new_order(&rig).await["id"].as_str().unwrap().to_owned();
    rig.applicant(&order, json!({ "action": "login", "username": "goodlogin", "password": "wrong" })).await;
    rig.applicant(&order, json!({ "action": "leave" })).await;
    let (_, left) = rig.get(&format!("/v1/orders/{order}/")).await;
    assert_eq!(left["employers"][0]["status"], "skipped");
    assert_eq!(left["employers"][0]["last_task_status"], "login_error");
    rig.applicant(&order, json!({ "action": "login" })).await;
    let (_, back) = rig.get(&format!("/v1/orders/{order}/")).await;
    assert_eq!(back["employers"][0]["status"], "completed");
}

#[tokio::test]
async fn after_a_failed_refresh_the_applicant_completes_the_same_order() {
    let rig = Rig::with(Settings { order_window_hours: 24, ..Settings::at_once() }).await;
    let order = order_of(&rig.sim.seed(rosa_with_email()).unwrap());
    rig.scenario("account_locked").await;
    let refreshed = rig.refresh(&order).await;
    assert_eq!(rig.truth(&refreshed).await["notices"][0]["channel"], "email");
    rig.advance(25 * 3_600).await;
    let (_, expired) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    assert_eq!((&expired["is_expired"], &expired["employers"][0]["status"]), (&json!(true), &json!("expired")));
    rig.applicant(&refreshed, json!({ "action": "login" })).await;
    let (_, late) = rig.get(&format!("/v1/orders/{refreshed}/")).await;
    assert_eq!((&late["is_expired"], &late["employers"][0]["status"]), (&json!(false), &json!("completed")));
    assert_eq!(rig.truth(&refreshed).await["notices"].as_array().unwrap().len(), 1);
    let next = rig.refresh(&order).await;
    let (_, cured) = rig.get(&format!("/v1/orders/{next}/")).await;
    assert_eq!(cured["employers"][0]["status"], "completed", "the login has cured the connection");
}

#[tokio::test]
async fn a_suppressed_notice_is_not_sent() {
    let rig = Rig::new().await;
    let order = order_of(&rig.sim.seed(rosa_with_email()).unwrap());
    rig.scenario("hang").await;
    let hanging = rig.refresh(&order).await;
    let patch = json!({ "notification_settings": { "suppress_user_notifications": true } });
    assert_eq!(rig.patch(&format!("/v1/orders/{hanging}/"), patch).await.0, 204);
    rig.scenario("login_error").await;
    // A refresh of that order inherits its suppression.
    let silent = rig.refresh(&hanging).await;
    assert_eq!(rig.truth(&silent).await["notices"], json!([]));
    let loud = rig.refresh(&order).await;
    assert_eq!(rig.truth(&loud).await["notices"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn update_mode_revives_the_same_link() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    let seeded = rig.sim.seed(rosa_with_one_job()).unwrap();
    let (user, link) = (&seeded.people[0].user_id, &seeded.people[0].links[0]);
    rig.scenario("login_error").await;
    let failed = rig.refresh(&order_of(&seeded)).await;
    let suborder = rig.truth(&failed).await["orders"][0]["employers"][0]["id"].clone();
    let access_token = rig.get(&format!("/v1/links/?user_id={user}")).await.1["results"][0]["access_token"].clone();
    let wrong = json!({ "product_type": "income", "access_token": "unknown" });
    assert_eq!(rig.post(&format!("/v1/users/{user}/tokens/"), wrong).await.0, 400);
    let body = json!({ "product_type": "income", "access_token": access_token, "tracking_info": suborder });
    let (status, token) = rig.post(&format!("/v1/users/{user}/tokens/"), body).await;
    assert_eq!((status, &token["tracking_info"]), (201, &suborder));
    let path = format!("bridge-tokens/{}/applicant", token["bridge_token"].as_str().unwrap());
    rig.control(Method::POST, &path, json!({ "action": "login" })).await;
    rig.sim.settled().await;
    let connected = rig.endpoint.received().into_iter().find(|one| one.kind() == "link-connected").unwrap().json();
    assert_eq!((&connected["link_id"], &connected["tracking_info"]), (&json!(link), &suborder));
    let next = rig.refresh(&order_of(&seeded)).await;
    assert_eq!(rig.truth(&next).await["orders"][0]["employers"][0]["status"], "completed");
    rig.advance(7 * 3_600).await;
    assert_eq!(rig.try_control(Method::POST, &path, json!({ "action": "login" })).await.0, 409, "six hours are over");
}

#[tokio::test]
async fn a_canceled_order_stays_canceled() {
    let rig = Rig::new().await;
    rig.subscribe().await;
    rig.sim.seed(rosa_with_one_job()).unwrap();
    let order = new_order(&rig).await["id"].as_str().unwrap().to_owned();
    let (status, canceled) = rig.post(&format!("/v1/orders/{order}/cancel/"), Value::Null).await;
    assert_eq!((status, &canceled["employers"][0]["status"]), (200, &json!("canceled")));
    assert_ne!(canceled["canceled_at"], Value::Null);
    rig.sim.settled().await;
    assert_eq!(rig.endpoint.story(), ["order-created pending", "order-status-updated canceled"]);
    let login = json!({ "action": "login" });
    assert_eq!(rig.try_control(Method::POST, &format!("orders/{order}/applicant"), login).await.0, 409);
    assert_eq!(rig.post(&format!("/v1/orders/{order}/cancel/"), Value::Null).await.0, 400);
    assert_eq!(rig.post(&format!("/v1/orders/{order}/employers/"), json!({ "company_name": "X" })).await.0, 400);
}
