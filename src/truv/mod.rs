//! Truv: the client, the shapes on the wire, and the signature on its webhooks.

pub mod signature;
