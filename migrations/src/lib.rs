//! The tables of Recert, for SQLite and PostgreSQL from one source. One change a file; never edited once merged.
//!
//! What the two databases do differently is said where it happens: text that is sorted or searched by prefix is `COLLATE
//! "C"` on PostgreSQL, so that both sort by bytes and keyset cursors mean the same; the event log takes its transaction
//! number from PostgreSQL.

mod column;
mod m20261123_000001_people;
mod m20261123_000002_cases;
mod m20261123_000003_orders;
mod m20261123_000004_reports;
mod m20261123_000005_deliveries;
mod m20261123_000006_events;
mod m20261123_000007_jobs;
mod m20261123_000040_gates;
mod m20261123_000041_ledger;
mod m20261123_000042_limits;
mod m20261123_000050_webhook_watch;
mod m20261123_000060_renewal_batches;
mod m20261128_000020_revocations;
mod m20261128_000030_link_trials;
mod m20261128_000031_retries;
mod m20261128_000032_contact_preferences;
mod m20261128_000040_evidence;
mod m20261128_000041_decisions;
mod m20261128_000042_delivery_orders;
mod m20261128_000043_notices;
mod m20261128_000044_superseded_rows;
mod m20261128_000060_audit;
mod m20261128_000061_retention;
mod m20261128_000070_sealed_reports;
mod m20261129_000080_traces;

use sea_orm_migration::MigrationTrait;
pub use sea_orm_migration::{MigratorTrait, seaql_migrations};

/// Every migration, oldest first.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_people::Migration),
            Box::new(m20261123_000002_cases::Migration),
            Box::new(m20261123_000003_orders::Migration),
            Box::new(m20261123_000004_reports::Migration),
            Box::new(m20261123_000005_deliveries::Migration),
            Box::new(m20261123_000006_events::Migration),
            Box::new(m20261123_000007_jobs::Migration),
            Box::new(m20261123_000040_gates::Migration),
            Box::new(m20261123_000041_ledger::Migration),
            Box::new(m20261123_000042_limits::Migration),
            Box::new(m20261123_000050_webhook_watch::Migration),
            Box::new(m20261123_000060_renewal_batches::Migration),
            Box::new(m20261128_000020_revocations::Migration),
            Box::new(m20261128_000030_link_trials::Migration),
            Box::new(m20261128_000031_retries::Migration),
            Box::new(m20261128_000032_contact_preferences::Migration),
            Box::new(m20261128_000040_evidence::Migration),
            Box::new(m20261128_000041_decisions::Migration),
            Box::new(m20261128_000042_delivery_orders::Migration),
            Box::new(m20261128_000043_notices::Migration),
            Box::new(m20261128_000044_superseded_rows::Migration),
            Box::new(m20261128_000060_audit::Migration),
            Box::new(m20261128_000061_retention::Migration),
            Box::new(m20261128_000070_sealed_reports::Migration),
            Box::new(m20261129_000080_traces::Migration),
        ]
    }
}
