//! The form of a packet: one JSON document, one section a line, each with the hash of the one before.
//!
//! ```text
//! {"format":"recert-evidence/1","sections":[
//! {"name":"packet","previous":"00…","hash":"ab…","content":{…}},
//! {"name":"case","previous":"ab…","hash":"cd…","content":{…}}
//! ],"seal":"ef…"}
//! ```
//!
//! A section's hash is SHA-256 over the format, its place, its name, the hash before, and its content byte for byte as it
//! stands in the file. The seal is the same over the number of sections and the last hash. Nothing is parsed leniently and
//! nothing is written anew to be compared: every byte of the file is either hashed or compared with what it must be.

use serde_json::Value;
use sha2::{Digest, Sha256};

const FORMAT: &str = "recert-evidence/1";
const FIRST_LINE: &str = "{\"format\":\"recert-evidence/1\",\"sections\":[";
/// What stands before the first section.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A section to be written. The name is of `a-z_`.
#[derive(Clone, Debug)]
pub struct Section {
    /// What it holds.
    pub name: &'static str,
    /// The content.
    pub content: Value,
}

/// What a check of a packet found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The names of the sections, in order.
    pub sections: Vec<String>,
    /// What stands at the end for the whole file.
    pub seal: String,
}

/// The first place at which a file is not what was exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {place}: {what}")]
pub struct Difference {
    /// The line of the file, from 1.
    pub line: usize,
    /// The part of it.
    pub place: String,
    /// What is wrong.
    pub what: &'static str,
}

/// Writes the file, and answers it with its seal.
///
/// # Errors
/// When a content cannot be written as JSON.
pub fn write(sections: &[Section]) -> Result<(String, String), serde_json::Error> {
    let mut file = String::from(FIRST_LINE);
    let mut previous = START.to_owned();
    for (place, section) in sections.iter().enumerate() {
        // JSON text of serde_json holds no line break: those in texts are escaped.
        let content = serde_json::to_string(&section.content)?;
        let hash = hash(place, section.name, &previous, &content);
        file.push_str(if place == 0 { "\n" } else { ",\n" });
        let head =
            ["{\"name\":\"", section.name, "\",\"previous\":\"", &previous, "\",\"hash\":\"", &hash, "\",\"content\":"];
        file.extend(head);
        file.extend([content.as_str(), "}"]);
        previous = hash;
    }
    let seal = seal(sections.len(), &previous);
    file.extend(["\n],\"seal\":\"", &seal, "\"}\n"]);
    Ok((file, seal))
}

fn hash(place: usize, name: &str, previous: &str, content: &str) -> String {
    // No part but the last may hold a line break, so that no two sections have the same text.
    hex::encode(Sha256::digest(format!("{FORMAT}\n{place}\n{name}\n{previous}\n{content}")))
}

fn seal(count: usize, last: &str) -> String {
    hex::encode(Sha256::digest(format!("{FORMAT}\nseal\n{count}\n{last}")))
}

/// Checks a file byte for byte.
///
/// # Errors
/// [`Difference`], the first one.
pub fn verify(file: &[u8]) -> Result<Verified, Difference> {
    let at = |line: usize, place: &str, what| Difference { line, place: place.to_owned(), what };
    let text = match std::str::from_utf8(file) {
        Ok(text) => text,
        Err(error) => {
            let before = file.get(..error.valid_up_to()).unwrap_or_default();
            let line = String::from_utf8_lossy(before).matches('\n').count() + 1;
            return Err(at(line, "a byte", "is not UTF-8"));
        }
    };
    let Some(text) = text.strip_suffix('\n') else {
        return Err(at(text.split('\n').count(), "the end of the file", "is cut off or followed by more"));
    };
    let lines: Vec<&str> = text.split('\n').collect();
    let [first, sections @ .., last] = lines.as_slice() else {
        return Err(at(1, "the file", "is no evidence packet"));
    };
    if *first != FIRST_LINE {
        return Err(at(1, "the head of the file", "is not that of an evidence packet of this format"));
    }
    let mut previous = START.to_owned();
    let mut names = Vec::new();
    for (place, line) in sections.iter().enumerate() {
        let number = place + 2;
        let is_last = place + 1 == sections.len();
        let body = if is_last { Some(*line) } else { line.strip_suffix(',') };
        let Some(body) = body else { return Err(at(number, "the end of a section", "is not as it was written")) };
        let section = read(body).ok_or_else(|| at(number, "the frame of a section", "is not as it was written"))?;
        let place_of = format!("section {place} ({})", section.name);
        if section.previous != previous {
            return Err(at(number, &place_of, "does not follow the section before it"));
        }
        if hash(place, section.name, section.previous, section.content) != section.hash {
            return Err(at(number, &place_of, "its content, name or hash is not what it was"));
        }
        names.push(section.name.to_owned());
        section.hash.clone_into(&mut previous);
    }
    let number = lines.len();
    let sealed = last.strip_prefix("],\"seal\":\"").and_then(|rest| rest.strip_suffix("\"}"));
    let Some(sealed) = sealed else { return Err(at(number, "the foot of the file", "is not as it was written")) };
    if sealed != seal(sections.len(), &previous) {
        return Err(at(number, "the seal", "does not fit the sections"));
    }
    Ok(Verified { sections: names, seal: sealed.to_owned() })
}

struct Read<'a> {
    name: &'a str,
    previous: &'a str,
    hash: &'a str,
    content: &'a str,
}

fn read(line: &str) -> Option<Read<'_>> {
    let (name, rest) = line.strip_prefix("{\"name\":\"")?.split_once('"')?;
    let (previous, rest) = rest.strip_prefix(",\"previous\":\"")?.split_at_checked(64)?;
    let (hash, rest) = rest.strip_prefix("\",\"hash\":\"")?.split_at_checked(64)?;
    let content = rest.strip_prefix("\",\"content\":")?.strip_suffix('}')?;
    Some(Read { name, previous, hash, content })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sections() -> Vec<Section> {
        vec![
            Section { name: "packet", content: json!({"case": "SNAP-1", "note": "two\nlines, \"quoted\""}) },
            Section { name: "report", content: json!({"amount": "2392.00", "raw": 18.4, "name": "José"}) },
            Section { name: "decisions", content: json!([]) },
        ]
    }

    #[test]
    fn a_packet_is_one_json_document_and_verifies() {
        let (file, seal) = write(&sections()).unwrap();
        let parsed: Value = serde_json::from_str(&file).unwrap();
        assert_eq!(parsed["sections"][1]["content"]["amount"], "2392.00");
        assert_eq!(parsed["seal"], seal);
        let verified = verify(file.as_bytes()).unwrap();
        assert_eq!(
            verified,
            Verified { sections: ["packet", "report", "decisions"].map(str::to_owned).to_vec(), seal }
        );
    }

    #[test]
    fn a_change_of_every_byte_is_found() {
        let (file, _) = write(&sections()).unwrap();
        for place in 0..file.len() {
            // Each bit alone, all of them, the other case of a letter and a line break.
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255, file.as_bytes()[place] ^ b'\n'] {
                let mut changed = file.clone().into_bytes();
                changed[place] ^= flip;
                assert!(flip == 0 || verify(&changed).is_err(), "byte {place} by {flip}");
            }
        }
    }

    #[test]
    fn what_is_cut_off_added_left_out_or_exchanged_is_found() {
        let (file, _) = write(&sections()).unwrap();
        for end in 0..file.len() {
            assert!(verify(&file.as_bytes()[..end]).is_err(), "cut off at {end}");
        }
        assert!(verify(format!("{file}\n").as_bytes()).is_err());
        assert!(verify(format!("{file} ").as_bytes()).is_err());
        let lines: Vec<&str> = file.lines().collect();
        let without = [lines[0], lines[1], lines[3], lines[4], ""].join("\n");
        assert!(verify(without.as_bytes()).unwrap_err().to_string().contains("does not follow"));
        let exchanged = [lines[0], lines[2], lines[1], lines[3], lines[4], ""].join("\n");
        assert!(verify(exchanged.as_bytes()).is_err());
    }

    #[test]
    fn the_first_difference_is_named() {
        let (file, _) = write(&sections()).unwrap();
        let forged = file.replace("2392.00", "2393.00");
        let found = verify(forged.as_bytes()).unwrap_err().to_string();
        assert_eq!(found, "line 3, section 1 (report): its content, name or hash is not what it was");
    }
}
