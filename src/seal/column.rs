//! The columns whose values are sealed. Each is a text column of a table with the columns `id` and `agency_id`.

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub name: &'static str,
}

/// The client's link at Truv, which lets its holder sign in as the client.
pub const ORDER_SHARE_URL: Column = Column { table: "orders", name: "share_url" };

/// A report as it was received, tokens stripped and the social security number masked.
pub const REPORT_BODY: Column = Column { table: "reports", name: "body" };

/// A client's e-mail address.
pub const CLIENT_EMAIL: Column = Column { table: "clients", name: "email" };

/// A client's phone number.
pub const CLIENT_PHONE: Column = Column { table: "clients", name: "phone" };

/// The last digits of a client's social security number.
pub const CLIENT_SSN_LAST4: Column = Column { table: "clients", name: "ssn_last4" };

/// All of them: what rotation goes through.
pub const ALL: [Column; 5] = [ORDER_SHARE_URL, REPORT_BODY, CLIENT_EMAIL, CLIENT_PHONE, CLIENT_SSN_LAST4];
