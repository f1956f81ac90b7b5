//! From Truv's bodies to reports of ours.
