//! Columns and keys that the tables share.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// `name uuid primary key`.
pub(crate) fn id() -> ColumnDef {
    ColumnDef::new("id").uuid().primary_key().take()
}

/// `name uuid not null references table(id)`.
pub(crate) fn owner(name: &'static str, table: &'static str) -> (ColumnDef, ForeignKeyCreateStatement) {
    (ColumnDef::new(name).uuid().not_null().take(), ForeignKey::create().from_col(name).to(table, "id").take())
}

/// `name uuid null references table(id)`.
pub(crate) fn owner_null(name: &'static str, table: &'static str) -> (ColumnDef, ForeignKeyCreateStatement) {
    (ColumnDef::new(name).uuid().null().take(), ForeignKey::create().from_col(name).to(table, "id").take())
}

/// Text that is compared and sorted by bytes on both databases.
pub(crate) fn sorted_text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DbBackend::Postgres => column.custom("text COLLATE \"C\""),
        _ => column.text(),
    };
    column.not_null().take()
}

/// An instant, UTC.
pub(crate) fn at(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().not_null().take()
}

/// An instant, UTC, or nothing.
pub(crate) fn at_null(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().null().take()
}

/// An index over columns of a table.
pub(crate) fn index(table: &'static str, name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}
