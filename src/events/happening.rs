//! An event on its way to those who follow the log, with what they make of it together.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use super::Event;

/// An event as the streams get it: one value for all of them.
#[derive(Debug)]
pub struct Happening {
    /// The change.
    pub event: Arc<Event>,
    shared: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Happening {
    pub(super) fn new(event: Event) -> Self {
        Self { event: Arc::new(event), shared: OnceLock::new() }
    }

    /// What the streams keep with this event for each other. It goes when the last of them has dealt with the event, so
    /// that nothing outlives the event it belongs to. The first call decides its type.
    pub fn shared<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        let shared = self.shared.get_or_init(|| Arc::new(T::default()));
        Arc::clone(shared).downcast().unwrap_or_default()
    }
}
