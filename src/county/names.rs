//! Names of people, drawn from lists that mix as a county's population does.

use super::Staff;
use super::draw::Draw;

const GIVEN: [&str; 96] = [
    "Rosa", "Darnell", "Mei", "Tomasz", "Aaliyah", "José", "Linh", "Patricia", "Omar", "Kathleen", "Andre", "Priya",
    "Miguel", "Latoya", "Soo-jin", "Ivan", "Fatima", "Caleb", "Guadalupe", "Demetrius", "Anh", "Brenda", "Yusuf",
    "Siobhan", "Marcus", "Ana", "Wei", "Oksana", "Imani", "Carlos", "Thuy", "Deborah", "Hassan", "Erin", "Terrence",
    "Lakshmi", "Juan", "Keisha", "Hiro", "Natalia", "Samira", "Dylan", "Esperanza", "Jamal", "Nhi", "Cheryl", "Ahmed",
    "Maeve", "Reggie", "Sunita", "Luis", "Shanice", "Min", "Pavel", "Zahra", "Tyler", "Marisol", "Kofi", "Bao", "Gloria",
    "Tariq", "Colleen", "Malik", "Anjali", "Diego", "Tamika", "Ling", "Halina", "Noor", "Austin", "Ximena", "Kwame",
    "Phuong", "Donna", "Bilal", "Fiona", "Elijah", "Kavita", "Rafael", "Ebony", "Akiko", "Svetlana", "Layla", "Wyatt",
    "Beatriz", "Ousmane", "Trang", "Judith", "Idris", "Nora", "Xavier", "Deepa", "Emilio", "Yolanda", "Kenji", "Leilani",
];

const FAMILY: [&str; 96] = [
    "Quintero", "Washington", "Chen", "Kowalski", "Jefferson", "Hernández", "Nguyen", "Murphy", "Haddad", "O'Brien",
    "Booker", "Patel", "Ramírez", "Freeman", "Kim", "Petrov", "Rahman", "Larsen", "Castillo", "Coleman", "Tran",
    "Schneider", "Osman", "Gallagher", "Gaines", "Morales", "Zhang", "Shevchenko", "Baptiste", "Delgado", "Pham",
    "Anderson", "Aziz", "Walsh", "Mosley", "Reddy", "Vargas", "Dorsey", "Tanaka", "Volkova", "Karimi", "Miller",
    "Fuentes", "Banks", "Le", "Carlson", "Khalil", "Doyle", "Simmons", "Sharma", "Ortega", "Hairston", "Park", "Novak",
    "Hosseini", "Peterson", "Salazar", "Mensah", "Vo", "Fischer", "Siddiqui", "Kelly", "Whitaker", "Iyer", "Navarro",
    "Bright", "Wong", "Zielinska", "Saleh", "Johnson", "Cervantes", "Owusu", "Dang", "Weber", "Farah", "Byrne", "Tubbs",
    "Desai", "Mendoza", "Lockett", "Sato", "Kuznetsova", "Abdi", "Nelson", "Aguilar", "Diallo", "Bui", "Hansen",
    "Begum", "Quinn", "Rojas", "Menon", "Ibarra", "Streeter", "Mori", "Kahale",
];

/// A given name.
pub(super) fn given(draw: &mut Draw) -> &'static str {
    draw.pick(&GIVEN)
}

/// A family name; one in twelve is double.
pub(super) fn family(draw: &mut Draw) -> String {
    let first = draw.pick(&FAMILY);
    if draw.happens(8) { format!("{first}-{}", draw.pick(&FAMILY)) } else { first.to_owned() }
}

/// The caseworker in place `index`.
pub(super) fn staff(seed: u64, index: u32) -> Staff {
    let mut draw = Draw::of(seed, "staff", index);
    let name = format!("{} {}", given(&mut draw), family(&mut draw));
    let external_id = format!("cw-{:03}", index + 1);
    Staff { email: format!("{external_id}@example.test"), external_id, name }
}
