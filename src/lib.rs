//! Recert: a GraphQL API gateway that lets a benefits agency recertify people's income without making them start over.
//!
//! The modules below stand in order, from the edge inwards; a module uses only modules listed after it
//! (`tests/it/layering.rs` checks that).

pub mod cli;
pub mod county;
pub mod app;
pub mod http;
pub mod portal;
pub mod graphql;
pub mod work;
pub mod webhooks;
pub mod retention;
pub mod packets;
pub mod history;
pub mod renewals;
pub mod lineage;
pub mod orders;
pub mod batches;
pub mod reports;
pub mod ledger;
pub mod links;
pub mod cases;
pub mod notices;
pub mod deliveries;
pub mod people;
pub mod revocations;
pub mod events;
pub mod jobs;
pub mod kit;
pub mod lifetimes;
pub mod simulator;
pub mod truv;
pub mod gate;
pub mod wake;
pub mod seal;
pub mod audit;
pub mod storage;
pub mod page;
pub mod words;
pub mod opaque;
pub mod config;
pub mod failure;
pub mod policy;
pub mod caller;
pub mod ids;
pub mod clock;
pub mod telemetry;
