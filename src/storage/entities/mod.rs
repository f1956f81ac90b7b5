//! Rows as the database sees them: no logic, no relations. Things are fetched by key lists and put together above.

#![expect(unreachable_pub, reason = "SeaORM's derive asks for `pub`; the folder itself is crate-private")]

pub mod agencies;
pub mod audit_cases;
pub mod audit_entries;
pub mod audit_heads;
pub mod audit_pending;
pub mod case_holds;
pub mod case_redactions;
pub mod cases;
pub mod caseworkers;
pub mod clients;
pub mod deliveries;
pub mod delivery_replays;
pub mod employer_links;
pub mod employments;
pub mod events;
pub mod gates;
pub mod idempotency_keys;
pub mod installation;
pub mod jobs;
pub mod ledger_lines;
pub mod ledger_months;
pub mod link_trials;
pub mod notices;
pub mod order_employers;
pub mod orders;
pub mod pay_statements;
pub mod refresh_units;
pub mod renewal_batch_items;
pub mod renewal_batches;
pub mod renewals;
pub mod reports;
pub mod review_decisions;
pub mod review_edits;
pub mod revocations;
pub mod superseded_rows;
pub mod tasks;
pub mod webhook_watch;
