//! Tests of `graphql`.

mod assign;
mod case;
mod events;
mod federation;
mod import;
mod nodes;
mod plan;
mod queue;
mod sdl;
pub(crate) mod stage;
mod statements;
mod streams;
mod walker;
mod walls;
