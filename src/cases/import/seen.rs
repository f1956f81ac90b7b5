//! What the rows of one import have said so far, so that no two contradict each other: the later one would win, and each
//! import of the same file would change both again. Holds hashes alone, some hundred bytes a row.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use super::row::{ImportRow, RefusedRow};

/// The rows of one import that have been heard.
#[derive(Debug, Default)]
pub struct Seen {
    people: HashMap<u64, Said<7>>,
    cases: HashMap<u64, Said<6>>,
    /// The case of each order.
    orders: HashMap<u64, u64>,
}

/// What was said of one thing, and by which row first. An empty cell says nothing.
#[derive(Debug)]
struct Said<const N: usize> {
    line: u64,
    facts: [Option<u64>; N],
}

impl Seen {
    /// Takes a row in, unless it contradicts one before it.
    ///
    /// # Errors
    /// The column that names what both speak of, and where the first one stands.
    pub fn hear(&mut self, row: &ImportRow) -> Result<(), RefusedRow> {
        let refused = |column, reason: String| Err(RefusedRow::new(row.line, Some(column), reason));
        let (client, assignee) = (&row.client, row.assignee.as_ref());
        let given = |text: &Option<String>| text.as_ref().map(hash);
        let person = (
            hash(&client.external_user_id),
            [
                Some(hash(&client.first_name)),
                Some(hash(&client.last_name)),
                given(&client.email),
                given(&client.phone),
                given(&client.ssn_last4),
                given(&client.language),
                client.preferred_channel.as_ref().map(hash),
            ],
        );
        let case = (
            hash(&row.case_number),
            [
                Some(hash(&row.program)),
                Some(hash(&row.due_date)),
                Some(hash(&row.period_start)),
                Some(hash(&row.period_end)),
                Some(person.0),
                assignee.map(|assignee| hash(&assignee.external_id)),
            ],
        );
        if let Some(line) = contradicted(&self.cases, &case) {
            return refused("case_number", format!("is of a case that the row at {line} describes otherwise"));
        }
        if let Some(line) = contradicted(&self.people, &person) {
            return refused("external_user_id", format!("is a person whom the row at {line} describes otherwise"));
        }
        let orders: Vec<u64> = row.orders.iter().map(|order| hash(&order.truv_id)).collect();
        if orders.iter().any(|order| self.orders.get(order).is_some_and(|owner| *owner != case.0)) {
            return refused("orders", "names an order that belongs to another case".to_owned());
        }
        self.orders.extend(orders.into_iter().map(|order| (order, case.0)));
        keep(&mut self.cases, case, row.line);
        keep(&mut self.people, person, row.line);
        Ok(())
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The row that said something else; `None` where both can be so.
fn contradicted<const N: usize>(known: &HashMap<u64, Said<N>>, (key, facts): &(u64, [Option<u64>; N])) -> Option<u64> {
    let said = known.get(key)?;
    let differ = |(old, new): (&Option<u64>, &Option<u64>)| old.zip(*new).is_some_and(|(old, new)| old != new);
    said.facts.iter().zip(facts).any(differ).then_some(said.line)
}

fn keep<const N: usize>(known: &mut HashMap<u64, Said<N>>, (key, facts): (u64, [Option<u64>; N]), line: u64) {
    let said = known.entry(key).or_insert(Said { line, facts });
    for (old, new) in said.facts.iter_mut().zip(facts) {
        *old = old.or(new);
    }
}
