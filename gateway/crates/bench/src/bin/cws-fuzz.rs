//! `cws-fuzz [--seed N] [--count N] [--json]`: damaged packets of every protocol through every decoder, both books and the
//! hot loop. Exit code 1 where one of them is wrong: the cases run in a child, so its death is an outcome too.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::Ordering;

use cws_bench::fuzz::{CASE, run};
use cws_book::arguments::Arguments;
use serde_json::{Value, json};

/// Set for the child that runs the cases.
const CHILD: &str = "CWS_FUZZ_CHILD";
const COUNT: u64 = 100_000;

fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(&["--seed", "--count"]) else {
        eprintln!("usage: cws-fuzz [--seed N] [--count N] [--json]");
        return ExitCode::from(2);
    };
    let (seed, count) = (
        arguments.number("--seed", 1),
        arguments.number("--count", COUNT),
    );
    let found = match std::env::var_os(CHILD) {
        Some(_) => return child(seed, count),
        None => parent(seed, count),
    };
    match found {
        Ok(found) => {
            arguments.print(&found);
            ExitCode::from(u8::from(found["failures"] != 0))
        }
        Err(error) => {
            eprintln!(
                "CWS-FUZZ-001 {error}; the child did not run; check memory and the temporary folder"
            );
            ExitCode::from(1)
        }
    }
}

/// Tells the number of a case now and then, and the outcomes in the last line.
fn child(seed: u64, count: u64) -> ExitCode {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        eprintln!("case {}", CASE.load(Ordering::Relaxed));
        tell(panic);
    }));
    let mut out = io::stdout();
    let found = run(seed, count, |case| {
        // Whoever reads may be gone: the cases end soon anyway.
        let _ = writeln!(out, "{case}");
    });
    match found {
        Ok(outcomes) => println!("{}", outcomes.json()),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(1);
        }
    }
    ExitCode::SUCCESS
}

fn parent(seed: u64, count: u64) -> io::Result<Value> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--seed", &seed.to_string(), "--count", &count.to_string()])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()?;
    let lines = child.stdout.take().map(BufReader::new);
    let mut last = Value::Null;
    for line in lines.into_iter().flat_map(BufRead::lines) {
        last = serde_json::from_str(&line?).unwrap_or(Value::Null);
    }
    let status = child.wait()?;
    if status.success() && last.is_object() {
        return Ok(last);
    }
    let case = last.as_u64().unwrap_or(0);
    Ok(json!({
        "seed": seed, "cases": count, "failures": 1,
        "told": [format!("the child ended with {status}, not before case {case}; its last words are above")],
    }))
}
