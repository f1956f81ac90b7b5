//! Employers with the jobs they have, and the payroll providers behind them. None of them exists.

/// One employer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Employer {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// Cents an hour, or a year where `is_salaried`.
    pub(super) least: i64,
    pub(super) most: i64,
    pub(super) is_salaried: bool,
}

const fn hourly(name: &'static str, title: &'static str, least: i64, most: i64) -> Employer {
    Employer { name, title, least, most, is_salaried: false }
}

const fn salaried(name: &'static str, title: &'static str, least: i64, most: i64) -> Employer {
    Employer { name, title, least: least * 100, most: most * 100, is_salaried: true }
}

pub(super) const EMPLOYERS: [Employer; 32] = [
    hourly("Harbor Grocery Co", "Deli clerk", 1_475, 1_950),
    hourly("Harbor Grocery Co", "Night stocker", 1_525, 2_050),
    hourly("Little Otters Childcare", "Assistant teacher", 1_550, 2_000),
    hourly("Alder Ridge Care Center", "Nursing assistant", 1_850, 2_400),
    hourly("Alder Ridge Care Center", "Dietary aide", 1_500, 1_800),
    hourly("Northbank Logistics", "Picker", 1_700, 2_150),
    hourly("Northbank Logistics", "Forklift operator", 1_950, 2_500),
    hourly("Cedar & Stone Cafe", "Barista", 1_450, 1_700),
    hourly("Blue Heron Inn", "Housekeeper", 1_500, 1_850),
    hourly("Blue Heron Inn", "Front desk agent", 1_600, 1_950),
    hourly("Quick Lane Foods", "Crew member", 1_450, 1_650),
    hourly("Quick Lane Foods", "Shift lead", 1_650, 1_950),
    hourly("Riverside Home Care", "Home health aide", 1_675, 2_050),
    hourly("Three Rivers Security", "Security guard", 1_600, 2_100),
    hourly("Fairview School District", "Paraeducator", 1_750, 2_200),
    hourly("Fairview School District", "School bus driver", 2_050, 2_600),
    hourly("Summit Building Services", "Custodian", 1_500, 1_900),
    hourly("Orchard Valley Packing", "Sorter", 1_450, 1_750),
    hourly("Pine Street Laundry", "Presser", 1_450, 1_650),
    hourly("Cascadia Call Center", "Customer service agent", 1_600, 2_000),
    hourly("Westfall Auto Parts", "Counter clerk", 1_550, 1_900),
    hourly("Meridian Thrift Stores", "Cashier", 1_450, 1_650),
    hourly("Juniper Landscaping", "Groundskeeper", 1_650, 2_150),
    hourly("Sawtooth Bakery", "Baker", 1_600, 2_050),
    hourly("Tidewater Fish Processing", "Line worker", 1_650, 2_250),
    hourly("Metro Parcel", "Delivery driver", 1_850, 2_350),
    salaried("Columbia Credit Cooperative", "Teller", 34_000, 42_000),
    salaried("Fairview Public Library", "Circulation assistant", 33_000, 41_000),
    salaried("Meadowlark Dental", "Receptionist", 34_500, 43_000),
    salaried("Open Door Shelter", "Case aide", 36_000, 44_500),
    salaried("Grange Insurance Agency", "Office assistant", 33_500, 42_500),
    salaried("St. Brendan Parish School", "Office manager", 35_000, 45_000),
];

/// Payroll providers: upstream's id, and the name.
pub(super) const PROVIDERS: [(&str, &str); 6] = [
    ("example_payroll", "Example Payroll"),
    ("northwind_hr", "Northwind HR"),
    ("paylane", "Paylane"),
    ("ledger_people", "Ledger People"),
    ("tally_works", "TallyWorks"),
    ("state_payroll", "State Payroll Portal"),
];
