//! The main job from outside: a due case, a refresh, signed webhooks, a filled review.

mod ask;
mod batches;
mod cancel;
mod convergence;
mod decisions;
mod deliveries;
mod employers;
mod history;
mod intake;
mod keys;
mod ledger;
mod lost_answers;
mod notices;
mod pacing;
mod packets;
mod plans;
mod policy_table;
mod quota;
mod reconnect;
mod refresh;
mod restart;
mod retries;
mod review;
mod revoke;
mod rules;
mod scenarios;
mod storm;
#[cfg(feature = "otel")]
mod traces;
mod transports;
mod unknowns;
mod watch;
