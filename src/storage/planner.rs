//! What SQLite's planner is told of the tables.
//!
//! Every finder names its agency, and many indices begin with it. A planner that knows no figures takes an equal agency for
//! ten rows, prefers it to the twenty keys that were asked for, and so reads all rows of an agency for each page. Figures
//! taken by `ANALYZE` would be those of one moment, mostly the empty database's; these say what is so of every county: an
//! agency has many rows, whatever else is asked for has few. (SQLite's documentation, "Manual control of query plans using
//! `sqlite_stat` tables".) PostgreSQL keeps figures by itself.

use sea_orm::{ConnectionTrait, DbErr};

/// Gives each index that begins with the agency its figures: the rows of the table, and those of one agency. An index that
/// has figures keeps them. The first `ANALYZE` makes the table of figures, the second has this connection read them.
const FIGURES: &str = "BEGIN IMMEDIATE;
    ANALYZE sqlite_schema;
    INSERT INTO sqlite_stat1 (tbl, idx, stat)
        SELECT of.tbl_name, of.name, '1000000 500000' FROM sqlite_schema of JOIN pragma_index_info(of.name) part
        WHERE of.type = 'index' AND part.seqno = 0 AND part.name = 'agency_id'
            AND NOT EXISTS (SELECT 1 FROM sqlite_stat1 known WHERE known.idx = of.name);
    COMMIT;
    ANALYZE sqlite_schema;";

/// Tells it, after the migrations, of every index there is now.
pub(super) async fn tell<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    db.execute_unprepared(FIGURES).await.map(drop)
}
