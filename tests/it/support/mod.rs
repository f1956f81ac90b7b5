//! What the tests share: the app builder, a database per test, a client that sends `schema/operations`.

pub(crate) mod caseload;
pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod proxy;
pub(crate) mod seed;
pub(crate) mod socket;
pub(crate) mod upstream;
pub(crate) mod world;
