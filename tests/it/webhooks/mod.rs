//! From a delivery to a screen.

mod becomes_an_event;
