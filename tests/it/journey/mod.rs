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
mod quota;
mod refresh;
mod restart;
mod retries;
mod review;
mod scenarios;
mod transports;
mod unknowns;
mod watch;
