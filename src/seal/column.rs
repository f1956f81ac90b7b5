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

/// All of them: what rotation goes through.
pub const ALL: [Column; 1] = [ORDER_SHARE_URL];
