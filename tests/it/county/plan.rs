//! The county as a plan: the same for the same seed, with everything in it that a caseworker meets, and nobody real.

use std::collections::{HashMap, HashSet};

use chrono::{TimeZone, Utc};
use recert::config::Renewals;
use recert::county::{County, Household, Payroll};
use recert::lifetimes::Table;
use recert::links::{Forecast, Link, health};
use recert::words::{DataSource, LinkHealth, OrderKind};

fn county(seed: u64, size: u32) -> County {
    County { seed, founded_at: Utc.with_ymd_and_hms(2026, 11, 23, 8, 30, 0).unwrap(), size }
}

/// The health of a connection, judged as the gateway judges it.
fn judged(household: &Household, payroll: &Payroll) -> LinkHealth {
    let link = Link {
        id: uuid::Uuid::nil().into(),
        agency: uuid::Uuid::nil().into(),
        client: uuid::Uuid::nil().into(),
        truv_link_id: payroll.truv_link_id.clone(),
        company_name: None,
        company_mapping_id: None,
        provider_id: None,
        provider_name: None,
        data_source: DataSource::Payroll,
        connected_at: payroll.is_age_known.then_some(payroll.connected_at),
        last_refreshed_at: None,
        broken_at: payroll.trouble.map(|trouble| trouble.at),
        is_only_disconnected: false,
        deleted_at: None,
        limited_until: None,
        is_suspicious: None,
    };
    health(&link, Forecast { due_on: household.due_on, lifetimes: &Table::of(&Renewals::default(), []) })
}

#[test]
fn the_same_seed_gives_the_same_county_and_another_seed_another() {
    let all = |seed| county(seed, 60).households().map(|one| format!("{one:?}")).collect::<Vec<_>>();
    assert_eq!(all(1), all(1));
    assert_ne!(all(1), all(2));
    // But for its caseworker, a household does not depend on how many others there are.
    let eighth = |size| format!("{:?}", Household { assignee: None, ..county(1, size).household(7) });
    assert_eq!(eighth(60), eighth(10_000));
}

#[test]
fn forty_cases_show_every_health_and_every_lateness() {
    for seed in 1..=8 {
        let county = county(seed, 40);
        let mut healths = HashMap::<String, usize>::new();
        let (mut overdue, mut soon, mut later) = (0, 0, 0);
        for household in county.households() {
            for payroll in &household.payrolls {
                *healths.entry(judged(&household, payroll).word()).or_default() += 1;
            }
            match (household.due_on - county.today()).num_days() {
                ..0 => overdue += 1,
                0..=30 => soon += 1,
                _ => later += 1,
            }
        }
        for health in LinkHealth::ALL {
            assert!(healths.contains_key(&health.word()), "seed {seed}: no link is {}: {healths:?}", health.word());
        }
        assert!(overdue >= 2 && soon > 10 && later > 10, "seed {seed}: {overdue} overdue, {soon} soon, {later} later");
    }
}

#[test]
fn a_lineage_begins_with_the_original_and_goes_forward_in_time() {
    let county = county(3, 300);
    let (mut orders, mut employers) = (HashSet::new(), HashSet::new());
    for household in county.households() {
        orders.insert(household.orders.len());
        employers.insert(household.payrolls.len());
        let original = &household.orders[0];
        assert_eq!(original.kind, OrderKind::Original);
        let age = (county.founded_at - original.created_at).num_days();
        assert!((183..=723).contains(&age), "{}: {age} days", household.case_number);
        assert!(household.orders[1..].iter().all(|order| order.kind != OrderKind::Original));
        for pair in household.orders.windows(2) {
            assert!(pair[0].ended_at < pair[1].ended_at, "{}: {:?}", household.case_number, household.orders);
        }
        for order in &household.orders {
            assert!(order.created_at < order.ended_at && order.ended_at < county.founded_at);
        }
        assert!(household.newest_read().is_some());
        let broken = household.payrolls.iter().filter(|payroll| payroll.trouble.is_some()).count();
        let failed = household.orders.iter().filter(|order| order.trouble.is_some()).count();
        assert_eq!((broken, failed), (failed.min(1), broken.min(1)), "{}", household.case_number);
    }
    assert_eq!((orders, employers), (HashSet::from([1, 2, 3]), HashSet::from([1, 2, 3])));
}

#[test]
fn nobody_in_it_can_be_a_real_person_and_every_name_upstream_is_unique() {
    let mut upstream = HashSet::new();
    for household in county(5, 500).households() {
        let resident = &household.resident;
        assert!(resident.ssn.len() == 9 && resident.ssn.starts_with('9') && &resident.ssn[3..5] < "50");
        assert!(resident.email.as_deref().is_none_or(|email| email.ends_with("@example.test")));
        assert!(resident.phone.as_deref().is_none_or(|phone| phone.starts_with("+150355501") && phone.len() == 12));
        assert!(resident.email.is_some() || resident.phone.is_some(), "the client can be asked");
        let links = household.payrolls.iter().map(|payroll| &payroll.truv_link_id);
        let orders = household.orders.iter().map(|order| &order.truv_order_id);
        let entries = household.orders.iter().flat_map(|order| &order.entries);
        let entries = entries.flat_map(|entry| [&entry.truv_suborder_id, &entry.truv_task_id]);
        for id in links.chain(orders).chain(entries).chain([&resident.truv_user_id, &household.case_number]) {
            assert!(upstream.insert(id.clone()), "{id} comes twice");
        }
    }
}
