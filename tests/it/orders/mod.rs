//! Rules of orders over random histories.

mod histories;
