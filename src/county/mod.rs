//! A made-up county, the same for the same seed: what `recert demo` shows and what tests of the whole can start from.
//!
//! [`County::household`] plans one household (person, case, connections, earlier orders) as pure data, so that ten
//! thousand of them never stand in memory together. [`batch`] turns households into what the Truv simulator takes,
//! [`store`] into the gateway's rows: both from one plan, with the same upstream ids, and the earlier reports come out of
//! the simulator's own payroll, so that the two agree like a gateway and the Truv it has worked with for years. Nobody in
//! it exists: social security numbers are never issued, telephones are 555-01xx, mail goes to `example.test`.

mod draw;
mod employers;
mod history;
mod household;
mod jobs;
mod names;
mod reports;
mod rows;
mod simulate;
mod store;

use chrono::{DateTime, NaiveDate, Utc};

pub use self::household::{Household, PastEntry, PastOrder, Payroll, Resident, Trouble};
pub use self::simulate::batch;
pub use self::store::{Found, count_others, find, remove, store};

/// The agency's short name. Seeding and removing touch the rows of this agency only.
pub const SLUG: &str = "demo-county";

/// The agency's name, as people read it.
pub const NAME: &str = "Demo County Human Services";

/// Everything that decides what the county looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct County {
    /// The same seed gives the same people, jobs and connections.
    pub seed: u64,
    /// The moment that due dates and earlier orders are reckoned from.
    pub founded_at: DateTime<Utc>,
    /// How many cases there are.
    pub size: u32,
}

/// A member of the county's staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// The `sub` of this person's tokens: `cw-001`, `cw-002`, ….
    pub external_id: String,
    /// Given and family name.
    pub name: String,
    /// At `example.test`.
    pub email: String,
}

impl County {
    /// The day on which the county was founded.
    pub fn today(&self) -> NaiveDate {
        self.founded_at.date_naive()
    }

    /// The households in the order of their numbers, one at a time.
    pub fn households(&self) -> impl Iterator<Item = Household> {
        (0..self.size).map(|index| self.household(index))
    }

    /// The caseworkers: one for some forty cases, and never fewer than four.
    pub fn staff(&self) -> Vec<Staff> {
        (0..self.staff_count()).map(|index| names::staff(self.seed, index)).collect()
    }

    fn staff_count(&self) -> u32 {
        (self.size / 40).clamp(4, 250)
    }
}
