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
        /// Days that no pay statement covers although the job ran; no value when there are none.
        PayGaps,
        /// How old the newest pay date is, where that is too old; no value when it is not.
        PayRecency,
        /// How the employer knows the person otherwise than the client is known; no value when it does not.
        Identity,
        /// Truv's flag for suspected fraud or a mismatch; no value when there is none.
        Suspicion,
    }
}

vocabulary! {
    /// Whether an employer's record of the person agrees with the case's client.
    IdentityMatch {
        /// What can be compared agrees.
        Matches,
        /// The names differ.
        NameDiffers,
        /// The last four digits of the social security number differ.
        SsnDiffers,
        /// The names and the last four digits of the social security number differ.
        NameAndSsnDiffer,
    }
}

vocabulary! {
    /// A way from what a report says to an income of a month.
    IncomeMethod {
        /// Base income, brought to a month by its unit.
        BaseIncome,
        /// Hourly rate times the hours of the newest pay periods.
        HourlyRate,
        /// Pay for one period, by the pay frequency.
        PayRate,
        /// Gross pay of recent statements, by the pay frequency.
        GrossPerPeriod,
        /// Gross pay of recent statements, by the days they pay for.
        GrossPerDay,
    }
}

vocabulary! {
    /// A question of the rules about evidence and stability.
    ReviewCheckKey {
        /// Is there any job in the report?
        HasJobs,
        /// Are there pay statements for the program's whole window?
        StatementsCoverWindow,
        /// Is the newest pay date recent?
        PayIsRecent,
        /// Are there no days without a pay statement between two that there are?
        PayHasNoGaps,
        /// Could a monthly income be worked out?
        IncomeIsKnown,
        /// Was what the figure stands on read, rather than derived or missing?
        EvidenceIsDirect,
        /// Does a job that ended say when?
        EndIsDated,
        /// Does the employer know the person as the client is known?
        IdentityMatches,
        /// Has Truv raised no suspicion?
        NotSuspicious,
        /// Have all connections that were asked answered?
        EveryEmployerAnswered,
        /// Is the evidence sufficient?
        EvidenceIsSufficient,
        /// Is there an earlier report to compare with?
        HasBaseline,
        /// Are the jobs the same ones as before?
        SameJobs,
        /// Is the monthly income close to what it was?
        IncomeIsSteady,
        /// Is no change material?
        NoMaterialChange,
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
