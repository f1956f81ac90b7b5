//! Files as agencies send them: good rows come through whole, bad rows cost only themselves.

use std::io::{self, Read};

use chrono::NaiveDate;
use proptest::prelude::*;
use recert::cases::import::{Format, ImportError, ImportRow, RefusedRow, Row, rows};
use recert::words::{ProductType, Program};
use rstest::rstest;

const HEADER: &str = "case_number,program,due_date,period_start,period_end,external_user_id,first_name,last_name,\
                      email,phone,ssn_last4,assignee_id,assignee_name,orders";
const GOOD: &str = "C-1,CHILD_CARE,2026-12-31,2026-01-01,2026-12-31,u-1,Zoë,\"O'Neil, Jr\",zoe@example.org,\
                    +1 (555) 010-2030,1234,kim,Kim Lee,ord-1|A-1|INCOME|2025-12-01; ord-2";

fn all(format: Format, input: &[u8]) -> Vec<Row> {
    rows(format, input).unwrap().map(Result::unwrap).collect()
}

fn csv(lines: &[&str]) -> Vec<Row> {
    all(Format::Csv, [&[HEADER], lines].concat().join("\n").as_bytes())
}

fn good(row: &Row) -> &ImportRow {
    match row {
        Row::Good(row) => row,
        Row::Refused(refused) => panic!("{refused}"),
    }
}

fn refused(row: &Row) -> &RefusedRow {
    match row {
        Row::Good(row) => panic!("line {} was taken", row.line),
        Row::Refused(refused) => refused,
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The example of the NDJSON format, with some fields replaced.
fn json(changes: &[(&str, serde_json::Value)]) -> String {
    let mut row = serde_json::json!({
        "case_number": "C-1", "program": "CHILD_CARE", "due_date": "2026-12-31", "period_start": "2026-01-01",
        "period_end": "2026-12-31", "external_user_id": "u-1", "first_name": "Zoë", "last_name": "O'Neil, Jr",
        "email": "zoe@example.org", "phone": "+1 (555) 010-2030", "ssn_last4": "1234", "assignee_id": "kim",
        "assignee_name": "Kim Lee",
        "orders": [{"id": "ord-1", "number": "A-1", "product": "INCOME", "date": "2025-12-01"}, {"id": "ord-2"}],
    });
    for (field, value) in changes {
        row[*field] = value.clone();
    }
    row.to_string()
}

#[test]
fn a_csv_row_becomes_a_case_with_its_client_caseworker_and_orders() {
    let rows = csv(&[GOOD]);
    let row = good(&rows[0]);
    assert_eq!((row.line, row.case_number.as_str(), row.program), (2, "C-1", Program::ChildCare));
    assert_eq!(
        (row.due_date, row.period_start, row.period_end),
        (day("2026-12-31"), day("2026-01-01"), day("2026-12-31"))
    );
    assert_eq!((row.client.first_name.as_str(), row.client.last_name.as_str()), ("Zoë", "O'Neil, Jr"));
    assert_eq!(row.client.ssn_last4.as_deref(), Some("1234"));
    assert_eq!(row.assignee.as_ref().unwrap().name.as_deref(), Some("Kim Lee"));
    assert_eq!(row.orders.len(), 2);
    assert_eq!((row.orders[0].number.as_deref(), row.orders[0].date), (Some("A-1"), Some(day("2025-12-01"))));
    assert_eq!((row.orders[1].truv_id.as_str(), row.orders[1].product), ("ord-2", ProductType::Income));
}

#[test]
fn both_formats_say_the_same() {
    let mut from_json = all(Format::Ndjson, json(&[]).as_bytes());
    let Row::Good(row) = &mut from_json[0] else { panic!("{from_json:?}") };
    row.line = 2;
    assert_eq!(from_json, csv(&[GOOD]));
}

#[test]
fn columns_may_stand_in_any_order_and_optional_ones_may_be_left_out() {
    let text = "last_name,first_name,external_user_id,period_end,period_start,due_date,program,case_number\r\n\
                Diaz,Ada,u-1,2026-12-31,2026-01-01,2026-12-31,SNAP, C-9 \r\n";
    let rows = all(Format::Csv, text.as_bytes());
    let row = good(&rows[0]);
    assert_eq!((row.case_number.as_str(), row.client.first_name.as_str()), ("C-9", "Ada"));
    assert_eq!((&row.assignee, &row.client.email, row.orders.len()), (&None, &None, 0));
}

#[test]
fn a_byte_order_mark_and_blank_lines_are_passed_over() {
    let rows = all(Format::Csv, format!("\u{feff}{HEADER}\r\n\r\n{GOOD}\r\n   \r\n").as_bytes());
    assert_eq!((rows.len(), good(&rows[0]).line), (1, 3));
    let rows = all(Format::Ndjson, format!("\u{feff}{}\n\n", json(&[])).as_bytes());
    assert_eq!((rows.len(), good(&rows[0]).line), (1, 1));
}

#[test]
fn a_bad_row_costs_only_itself() {
    let open = GOOD.replace("Jr\"", "Jr");
    let short = "C-2,SNAP";
    let rows = csv(&[GOOD, &open, short, GOOD]);
    assert_eq!((good(&rows[0]).line, good(&rows[3]).line), (2, 5));
    assert!(refused(&rows[1]).reason.contains("quotation mark"), "{:?}", rows[1]);
    assert_eq!(refused(&rows[2]).to_string(), "line 4: has 2 cells, and the header has 14");
}

#[test]
fn a_line_that_is_not_utf8_or_too_long_is_refused_and_the_next_one_read() {
    let mut input = format!("{HEADER}\n").into_bytes();
    input.extend(b"C-2,\xff\xfe\n");
    input.extend(vec![b'x'; 300_000]);
    input.extend(format!("\n{GOOD}").bytes());
    let rows = all(Format::Csv, &input);
    assert_eq!(refused(&rows[0]).reason, "is not UTF-8");
    assert_eq!(refused(&rows[1]).reason, "is longer than 64 KiB");
    assert_eq!(good(&rows[2]).line, 4);
}

#[rstest]
#[case("C-1,", ",", "case_number", "is missing")]
#[case("C-1,", "C\u{7}1,", "case_number", "control character")]
#[case("CHILD_CARE", "snap", "program", "not a program")]
#[case("2026-12-31,2026-01-01", "31.12.2026,2026-01-01", "due_date", "YYYY-MM-DD")]
#[case("2026-12-31,2026-01-01", "2026-02-30,2026-01-01", "due_date", "YYYY-MM-DD")]
#[case("2026-12-31,2026-01-01", "2026-12-31,2027-01-01", "period_end", "before period_start")]
#[case("Zoë", "Zo\u{202e}ë", "first_name", "control character")]
#[case("zoe@example.org", "zoe", "email", "e-mail")]
#[case("+1 (555) 010-2030", "call me", "phone", "telephone")]
#[case("1234", "991-91-9991", "ssn_last4", "whole social security number")]
#[case("1234", "991919991", "ssn_last4", "whole social security number")]
#[case("1234", "12a4", "ssn_last4", "four digits")]
#[case("kim,", ",", "assignee_name", "without an assignee_id")]
#[case("ord-2", "ord-1", "orders", "twice")]
#[case("ord-2", "ord 2", "orders", "letters, digits")]
#[case("ord-2", "|A-2", "orders", "without an id")]
#[case("ord-2", "ord-2||TAX", "orders", "unknown product")]
#[case("ord-2", "ord-2||UNKNOWN", "orders", "unknown product")]
#[case("ord-2", "a|b|INCOME|2026-01-01|e", "orders", "ID|NUMBER|PRODUCT|DATE")]
fn a_fault_is_named_by_its_column_without_quoting_the_cell(
    #[case] from: &str,
    #[case] to: &str,
    #[case] column: &str,
    #[case] reason: &str,
) {
    let rows = csv(&[&GOOD.replacen(from, to, 1)]);
    let refused = refused(&rows[0]);
    assert_eq!((refused.line, refused.column), (2, Some(column)), "{refused}");
    assert!(refused.reason.contains(reason), "{refused}");
    for private in ["9991", "Zo", "zoe", "call me", "12a4"] {
        assert!(!refused.to_string().contains(private), "{refused}");
    }
}

#[test]
fn what_is_too_long_is_refused() {
    for (from, length, column) in
        [("C-1", 64, "case_number"), ("u-1", 128, "external_user_id"), ("Zoë", 100, "first_name")]
    {
        let fits = csv(&[&GOOD.replacen(from, &"é".repeat(length), 1)]);
        good(&fits[0]);
        let long = csv(&[&GOOD.replacen(from, &"é".repeat(length + 1), 1)]);
        assert_eq!((refused(&long[0]).column, refused(&long[0]).reason.as_str()), (Some(column), "is too long"));
    }
    let many = (0..21).map(|number| format!("ord-x{number}")).collect::<Vec<_>>().join(";");
    assert_eq!(refused(&csv(&[&GOOD.replacen("ord-2", &many, 1)])[0]).column, Some("orders"));
}

#[rstest]
#[case("ssn_last4", serde_json::json!(991_919_991), Some("ssn_last4"))]
#[case("case_number", serde_json::json!(null), Some("case_number"))]
#[case("orders", serde_json::json!("ord-1"), Some("orders"))]
#[case("orders", serde_json::json!(["ord-1"]), Some("orders"))]
#[case("orders", serde_json::json!([{"id": "ord-1", "ssn": "991919991"}]), Some("orders"))]
#[case("orders", serde_json::json!([{"number": "A-1"}]), Some("orders"))]
#[case("ssn", serde_json::json!("991919991"), None)]
fn a_field_of_the_wrong_shape_refuses_its_object(
    #[case] field: &str,
    #[case] value: serde_json::Value,
    #[case] column: Option<&str>,
) {
    let text = format!("{}\n{}\n", json(&[(field, value)]), json(&[]));
    let rows = all(Format::Ndjson, text.as_bytes());
    let refusal = refused(&rows[0]);
    assert_eq!((refusal.line, refusal.column), (1, column), "{refusal}");
    assert!(!refusal.to_string().contains("991919991"), "{refusal}");
    assert_eq!(good(&rows[1]).line, 2);
}

#[test]
fn a_line_that_is_no_object_is_refused() {
    let text = format!("[]\n{{\n{}\n{}\n", "[".repeat(50_000), json(&[]));
    let rows = all(Format::Ndjson, text.as_bytes());
    assert_eq!(refused(&rows[0]).reason, "is not a JSON object");
    assert_eq!(refused(&rows[1]).reason, "is not JSON");
    assert_eq!(refused(&rows[2]).reason, "is not JSON");
    assert_eq!(good(&rows[3]).line, 4);
}

fn header_faults(text: &str) -> Vec<String> {
    match rows(Format::Csv, text.as_bytes()) {
        Err(ImportError::Header(faults)) => faults,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("the header was taken"),
    }
}

#[test]
fn every_fault_of_the_header_is_named_at_once_and_nothing_is_read() {
    assert_eq!(header_faults(""), ["the file is empty"]);
    let faults =
        header_faults(&format!("{}\n{GOOD}", HEADER.replace("program", "programme").replace("phone", "email")));
    assert_eq!(faults, ["there is no such column as the one in place 2", "email comes twice", "program is missing"]);
    assert_eq!(header_faults(&HEADER.replace(',', ";"))[0], "the columns are not separated by commas");
    let headless = header_faults(GOOD).join(" ");
    assert!(headless.contains("case_number is missing") && !headless.contains("Zoë"), "{headless}");
}

/// Gives some bytes and then fails.
struct Torn<'a>(&'a [u8]);

impl Read for Torn<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_file_that_ends_in_a_fault_says_so_once_and_stops() {
    let text = format!("{HEADER}\n{GOOD}\n");
    let mut rows = rows(Format::Csv, Torn(text.as_bytes())).unwrap();
    good(&rows.next().unwrap().unwrap());
    assert!(matches!(rows.next(), Some(Err(ImportError::Unreadable(_)))));
    assert!(rows.next().is_none());
}

#[test]
fn the_formats_are_known_by_their_extensions() {
    for (name, format) in
        [("a.csv", Some(Format::Csv)), ("b.NDJSON", Some(Format::Ndjson)), ("c.jsonl", Some(Format::Ndjson))]
    {
        assert_eq!(Format::of_path(name.as_ref()), format);
    }
    assert_eq!((Format::of_path("csv".as_ref()), Format::of_path("a.xlsx".as_ref())), (None, None));
}

#[test]
fn a_rows_debug_shows_no_personal_data() {
    let shown = format!("{:?}", csv(&[GOOD]));
    for private in ["Zoë", "O'Neil", "zoe@", "010-2030", "1234"] {
        assert!(!shown.contains(private), "{shown}");
    }
}

proptest! {
    #[test]
    fn no_csv_panics_and_every_line_has_one_outcome(tail in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let input = [HEADER.as_bytes(), b"\n", &tail].concat();
        let lines: Vec<u64> = all(Format::Csv, &input).iter().map(line).collect();
        prop_assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "{lines:?}");
    }

    #[test]
    fn no_csv_made_of_its_own_marks_panics(tail in "[,\"\r\n a1|;]{0,200}") {
        let input = format!("{HEADER}\n{tail}\n{GOOD}");
        let rows = all(Format::Csv, input.as_bytes());
        prop_assert_eq!(good(rows.last().unwrap()).case_number.as_str(), "C-1");
    }

    #[test]
    fn no_header_panics(input in proptest::collection::vec(any::<u8>(), 0..500)) {
        if let Ok(rows) = rows(Format::Csv, input.as_slice()) {
            prop_assert!(rows.into_iter().all(|row| row.is_ok()));
        }
    }

    #[test]
    fn no_ndjson_panics(input in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(rows(Format::Ndjson, input.as_slice()).unwrap().all(|row| row.is_ok()));
    }

    #[test]
    fn any_text_in_any_field_is_taken_as_it_is_or_refused(field in 0_usize..11, text in any::<String>()) {
        let column = HEADER.split(',').nth(field).unwrap().trim();
        let input = json(&[(column, serde_json::json!(text))]);
        let rows = all(Format::Ndjson, input.as_bytes());
        prop_assert_eq!(rows.len(), 1);
        if let Row::Refused(refused) = &rows[0] {
            prop_assert_eq!(refused.column, Some(column));
        }
    }
}

fn line(row: &Row) -> u64 {
    match row {
        Row::Good(row) => row.line,
        Row::Refused(refused) => refused.line,
    }
}
