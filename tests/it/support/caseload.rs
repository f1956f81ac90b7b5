//! Many cases at once, as an agency brings them: people at Truv, and an import that names their earlier orders.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use recert::simulator::{Scenario, SeedBatch, SeedEmployer, SeedLink, SeedOrder, SeedPerson};
use serde_json::{Value, json};

use super::world::{KnownCase, World};

/// Rows of one import: few enough that a busy machine has read their orders before patience ends.
const CHUNK: usize = 10;

/// One case with one connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) number: String,
    pub(crate) due_on: NaiveDate,
    pub(crate) cycle_days: u64,
    /// When the client last logged in.
    pub(crate) connected_on: NaiveDate,
    pub(crate) provider: &'static str,
    pub(crate) scenario: Scenario,
    /// Whether the earlier order carries an address, so that Truv may write by itself.
    pub(crate) has_address_at_truv: bool,
}

fn noon(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(12)
}

impl World {
    /// Brings the cases in and waits until their orders have been read.
    pub(crate) async fn bring_in(&self, clients: &[Client]) -> Vec<KnownCase> {
        let seeded = self.sim.seed(SeedBatch { people: clients.iter().map(person).collect(), ..SeedBatch::default() });
        let seeded = seeded.unwrap();
        let mut known = Vec::with_capacity(clients.len());
        for (clients, people) in clients.chunks(CHUNK).zip(seeded.people.chunks(CHUNK)) {
            let rows: Vec<Value> = clients
                .iter()
                .zip(people)
                .map(|(client, person)| {
                    json!({
                        "number": client.number, "program": "SNAP", "dueOn": client.due_on,
                        "periodStart": client.due_on - Days::new(client.cycle_days - 1), "periodEnd": client.due_on,
                        "client": {
                            "externalUserId": format!("client-{}", client.number), "firstName": "Rosa",
                            "lastName": "Ortiz", "email": "rosa@example.test",
                        },
                        "orders": [{
                            "truvOrderId": person.orders[0].order_id, "number": client.number,
                            "orderedOn": client.connected_on,
                        }],
                    })
                })
                .collect();
            let made = self.send("ImportCases", json!({ "input": { "cases": rows } })).await["importCases"].clone();
            assert_eq!(made["createdCount"], rows.len(), "{made}");
            let cases = made["cases"].as_array().unwrap();
            known.extend(cases.iter().zip(people).map(|(case, person)| KnownCase {
                id: case["id"].as_str().unwrap().to_owned(),
                number: case["number"].as_str().unwrap().to_owned(),
                truv_order: person.orders[0].order_id.clone(),
                links: person.links.clone(),
            }));
            self.quiet().await;
        }
        known
    }
}

fn person(client: &Client) -> SeedPerson {
    let at = noon(client.connected_on);
    SeedPerson {
        external_user_id: format!("client-{}", client.number),
        first_name: "Rosa".to_owned(),
        last_name: "Ortiz".to_owned(),
        email: client.has_address_at_truv.then(|| "rosa@example.test".to_owned()),
        links: vec![SeedLink {
            link_id: None,
            access_token: None,
            provider_id: Some(client.provider.to_owned()),
            provider_name: Some(client.provider.to_owned()),
            company_name: format!("Employer of {}", client.number),
            company_mapping_id: None,
            data_source: None,
            connected_at: at,
            scenario: client.scenario,
            jobs: Vec::new(),
        }],
        orders: vec![SeedOrder {
            order_id: None,
            order_number: Some(client.number.clone()),
            product: "income".to_owned(),
            created_at: at,
            completed_at: Some(at),
            employers: vec![SeedEmployer { link: Some(0), ..SeedEmployer::default() }],
            initial_order: None,
        }],
        ..SeedPerson::default()
    }
}
