//! The lines of a file, one at a time and of bounded length, whatever the bytes are.

use std::io::{self, BufRead, BufReader, Read};

/// No row needs more; a longer line is passed over without being held.
const MAX_BYTES: u64 = 64 * 1024;

/// One line that is not blank.
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// The text without its end, or why there is none.
    pub(super) text: Result<String, &'static str>,
}

pub(super) struct Lines<R> {
    input: BufReader<R>,
    number: u64,
    failed: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn start(input: R) -> Self {
        Self { input: BufReader::new(input), number: 0, failed: false }
    }

    /// The next line with its number; `None` at the end of the file.
    fn read(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        if self.input.by_ref().take(MAX_BYTES + 1).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        if bytes.pop_if(|last| *last == b'\n').is_none() && bytes.len() as u64 > MAX_BYTES {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Line { number, text: Err("is longer than 64 KiB") }));
        }
        bytes.pop_if(|last| *last == b'\r');
        let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8");
        // Spreadsheets write a byte order mark before the first line.
        let text = text.map(|text| match text.strip_prefix('\u{feff}') {
            Some(rest) if number == 1 => rest.to_owned(),
            _ => text,
        });
        Ok(Some(Line { number, text }))
    }
}

impl<R: Read> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            match self.read() {
                Ok(Some(Line { text: Ok(text), .. })) if text.trim().is_empty() => {}
                Ok(line) => return line.map(Ok),
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}
