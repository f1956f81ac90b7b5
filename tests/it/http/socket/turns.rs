//! The operations of one socket take turns.

use std::collections::HashMap;

use super::Client;
use crate::http::stage::Stage;

#[tokio::test]
async fn busy_operations_share_the_socket_and_let_a_quiet_one_through() {
    let stage = Stage::open().await;
    let mut client = Client::signed_in(&stage).await;
    let busy = ["a", "b", "c", "d"];
    for id in busy {
        client.subscribe(id, "subscription { flood }").await;
    }
    client.subscribe("quiet", "{ hello }").await;
    let mut frames: HashMap<String, usize> = HashMap::new();
    for _ in 0..400 {
        let message = client.hear().await;
        *frames.entry(message["id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(frames["quiet"], 2, "its answer and its end: {frames:?}");
    // An even share is 99 or 100.
    assert!(busy.iter().all(|id| frames[*id] > 66), "{frames:?}");
}
