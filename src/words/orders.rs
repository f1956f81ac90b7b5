//! Words of orders, links and failures.

use super::vocabulary;

vocabulary! {
    /// How an order came from its parent.
    OrderKind {
        /// The first order; it has no parent.
        Original,
        /// Every connected employer of the parent, asked again.
        Refresh,
        /// Some of the parent's employers, asked again.
        PartialRefresh,
        /// A refresh repeated by itself after a passing failure.
        Retry,
        /// A new order because the client had to log in.
        Reauthentication,
        /// A new order in the place of one that cannot be used any more.
        Replacement,
    }
}

vocabulary! {
    /// Where an order stands. Ours, derived: Truv keeps a status for each employer only.
    OrderStatus {
        /// Stored here, not sent to Truv yet.
        Requested,
        /// Sent without an answer; being looked up before anything is sent again.
        OutcomeUnknown,
        /// Truv has it.
        Pending,
        /// A task moves.
        InProgress,
        /// Every employer completed. Final.
        Completed,
        /// Settled, and some employers completed.
        Partial,
        /// Connected, but there was nothing to read.
        NoData,
        /// Failed; may still complete when the client logs in late.
        Failed,
        /// Truv refused the call.
        Rejected,
        /// Canceled.
        Canceled,
        /// The client's time ran out; may still complete.
        Expired,
        /// No news for too long; still being asked about.
        Stalled,
    }
}

vocabulary! {
    /// What an order asks for.
    ProductType {
        /// Income and employment.
        Income,
        /// Employment only.
        Employment,
        /// Bank assets.
        Assets,
        /// Insurance.
        Insurance,
        /// Bank transactions.
        Transactions,
        /// A product that is not known here.
        Unknown,
    }
}

impl ProductType {
    /// The product behind Truv's word.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "income" => Self::Income,
            "employment" => Self::Employment,
            "assets" => Self::Assets,
            "insurance" => Self::Insurance,
            "transactions" => Self::Transactions,
            _ => Self::Unknown,
        }
    }

    /// Truv's word for the product; `None` for [`ProductType::Unknown`].
    pub fn truv(self) -> Option<&'static str> {
        match self {
            Self::Income => Some("income"),
            Self::Employment => Some("employment"),
            Self::Assets => Some("assets"),
            Self::Insurance => Some("insurance"),
            Self::Transactions => Some("transactions"),
            Self::Unknown => None,
        }
    }
}

vocabulary! {
    /// Why a refresh is asked for.
    RefreshPurpose {
        /// The recertification at the end of the certification period.
        Renewal,
        /// A review inside the certification period.
        PeriodicReview,
        /// The client asked for it.
        ClientRequest,
        /// An appeal.
        Appeal,
    }
}

vocabulary! {
    /// How a verification link reaches the client.
    DeliveryChannel {
        /// Truv sends an e-mail.
        Email,
        /// Truv sends a text message.
        Sms,
        /// Nobody is contacted by Truv: the agency passes the link on.
        None,
    }
}

vocabulary! {
    /// Why a refresh failed, in words a caseworker can act on.
    FailureReason {
        /// The provider ended the session or wants a new code.
        SessionExpired,
        /// The provider refused the stored credentials.
        CredentialsChanged,
        /// The account is locked at the provider; the client must unlock it there first.
        AccountLocked,
        /// The provider is down or in maintenance.
        ProviderUnavailable,
        /// The provider cannot be used.
        NotSupported,
        /// Wrong organisation data, a document fault, or a call that Truv refused.
        Configuration,
        /// Connected, but there was nothing to read.
        NoData,
        /// No end was reported in time.
        Stalled,
        /// Anything else.
        Unknown,
    }
}

vocabulary! {
    /// Where the expected life of a connection comes from.
    LifetimeBasis {
        /// The settings name it for the provider or for the data source.
        Setting,
        /// The ages at which refreshes have worked and have been refused at the provider.
        Learned,
        /// The settings' figure for all.
        Default,
    }
}

vocabulary! {
    /// How a connection came back.
    RestoredBy {
        /// The client followed the link that was sent.
        VerificationLink,
        /// The client logged in and the order that had failed completed late: after Truv's own notice, or in a page of the
        /// agency's own (update mode).
        LateLogin,
        /// An order of another case of the client, which shares the connection, brought data.
        OtherCase,
        /// A refresh worked again without the client.
        Refresh,
    }
}

vocabulary! {
    /// What an agency's rule says about a refresh outside the certification window.
    PurposeRule {
        /// It is made.
        Allow,
        /// It is not made before the renewal opens.
        Hold,
        /// It is not made.
        Refuse,
    }
}

vocabulary! {
    /// How likely a saved payroll connection still works on the case's due date.
    LinkHealth {
        /// More than 30 days are left at the due date.
        Healthy,
        /// It expires within 30 days after the due date.
        AtRisk,
        /// It will probably have expired by the due date.
        LikelyExpired,
        /// It is known not to work: the client must log in again.
        Broken,
        /// Nothing is known about its age.
        Unknown,
    }
}
