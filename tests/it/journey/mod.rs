//! The main job from outside: a due case, a refresh, signed webhooks, a filled review.

mod refresh;
