//! Recert: a GraphQL API gateway that lets a benefits agency recertify people's income without making them start over.
//!
//! The modules below stand in order, from the edge inwards; a module uses only modules listed after it
//! (`tests/it/layering.rs` checks that).

pub mod caller;
pub mod cases;
pub mod cli;
pub mod clock;
pub mod config;
pub mod events;
pub mod failure;
pub mod graphql;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod kit;
pub mod lineage;
pub mod links;
pub mod opaque;
pub mod orders;
pub mod page;
pub mod people;
pub mod reports;
pub mod simulator;
pub mod storage;
pub mod truv;
pub mod words;
