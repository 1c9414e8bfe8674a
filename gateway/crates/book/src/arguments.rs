//! `--name NUMBER` and `--json`, for the measurements of this crate.

use serde_json::Value;

pub struct Arguments {
    numbers: Vec<(String, u64)>,
    json: bool,
}

impl Arguments {
    /// None where an argument is unknown or no number.
    pub fn read(names: &[&str]) -> Option<Self> {
        let mut read = Self {
            numbers: Vec::new(),
            json: false,
        };
        let mut given = std::env::args().skip(1);
        while let Some(name) = given.next() {
            if name == "--json" {
                read.json = true;
            } else if names.contains(&name.as_str()) {
                read.numbers.push((name, given.next()?.parse().ok()?));
            } else {
                return None;
            }
        }
        Some(read)
    }

    pub fn number(&self, name: &str, otherwise: u64) -> u64 {
        let given = self.numbers.iter().find(|(given, _)| given == name);
        given.map_or(otherwise, |(_, number)| *number)
    }

    /// One line of JSON for machines, a line a key for people.
    pub fn print(&self, result: &Value) {
        if self.json {
            println!("{result}");
        } else if let Some(keys) = result.as_object() {
            for (key, value) in keys {
                println!("{key:28} {value}");
            }
        }
    }
}
