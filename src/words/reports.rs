//! Words of reports and reviews.

use super::vocabulary;

vocabulary! {
    /// How often a job pays.
    PayFrequency {
        /// Every day.
        Daily,
        /// Every week.
        Weekly,
        /// Every two weeks.
        Biweekly,
        /// Twice a month.
        Semimonthly,
        /// Every month.
        Monthly,
        /// Every three months.
        Quarterly,
        /// Every six months.
        Semiannually,
        /// Every year.
        Annually,
        /// No fixed rhythm, for instance commission.
        Variable,
        /// Not reported, or a word that is not known here.
        Unknown,
    }
}

impl PayFrequency {
    /// The frequency behind Truv's `pay_frequency` (`M SM W BW A SA C`).
    pub fn parse(raw: &str) -> Self {
        match raw {
            "D" => Self::Daily,
            "W" => Self::Weekly,
            "BW" => Self::Biweekly,
            "SM" => Self::Semimonthly,
            "M" => Self::Monthly,
            "Q" => Self::Quarterly,
            "SA" => Self::Semiannually,
            "A" => Self::Annually,
            "C" => Self::Variable,
            _ => Self::Unknown,
        }
    }

    /// Pay periods in a year; `None` where there is no fixed rhythm.
    pub fn periods_per_year(self) -> Option<u32> {
        match self {
            Self::Daily => Some(260),
            Self::Weekly => Some(52),
            Self::Biweekly => Some(26),
            Self::Semimonthly => Some(24),
            Self::Monthly => Some(12),
            Self::Quarterly => Some(4),
            Self::Semiannually => Some(2),
            Self::Annually => Some(1),
            Self::Variable | Self::Unknown => None,
        }
    }
}

vocabulary! {
    /// One line of a review.
    ReviewFieldKey {
        /// The employer's name.
        Employer,
        /// Whether the person still works there.
        EmploymentStatus,
        /// Pay for one period.
        PayRate,
        /// How often the job pays.
        PayFrequency,
        /// Income of a month, US dollars.
        MonthlyIncome,
        /// Hours on the newest pay statement.
        Hours,
        /// The newest pay date.
        LastPayDate,
        /// First day of the job.
        StartDate,
        /// Last day of the job.
        EndDate,
    }
}

vocabulary! {
    /// How a line differs from the baseline.
    ChangeKind {
        /// The same.
        Unchanged,
        /// Not there before.
        Added,
        /// There before, not any more.
        Removed,
        /// A larger number or a later day.
        Increased,
        /// A smaller number or an earlier day.
        Decreased,
        /// Another text.
        Changed,
    }
}
