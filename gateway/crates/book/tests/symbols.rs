//! The compiled hot code cannot name an allocator: what it does not link to, it cannot call.

use std::process::Command;

#[test]
fn the_hot_code_cannot_name_an_allocator_or_throw() {
    let library = concat!(env!("OUT_DIR"), "/libcws_hot.a");
    let Ok(out) = Command::new("nm").args(["-u", library]).output() else {
        println!("skipped: nm (binutils) is not installed");
        return;
    };
    let names = String::from_utf8(out.stdout).expect("symbols are text");
    assert!(names.contains("mmap"), "nm read the library");
    let banned = [
        "malloc",
        "calloc",
        "realloc",
        "free",
        "_Znw",
        "_Zna",
        "_Zdl",
        "__cxa_throw",
    ];
    for line in names.lines() {
        let name = line.trim().trim_start_matches("U ");
        assert!(!banned.iter().any(|ban| name.starts_with(ban)), "{name}");
    }
}
