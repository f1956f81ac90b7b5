//! A Truv on loopback.
