//! Which state follows.
