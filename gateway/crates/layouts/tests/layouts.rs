//! Every layout file of the repository is sound, and an unsound one is refused with its place.

use cws_layouts::{Protocol, layouts_dir, load};

const GOOD: &str = r#"
protocol = "p"
title = "P"
[[message]]
type = "A"
name = "Add"
length = 7
about = "a"
fields = [
  { name = "one", offset = 1, kind = "u16" },
  { name = "two", offset = 3, kind = "alpha(4)" },
]
"#;

fn refusal(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let text = GOOD.replacen(from, to, 1);
    Protocol::parse(&text).expect_err(to).to_string()
}

#[test]
fn every_file_reads() {
    let mut count = 0;
    for entry in layouts_dir().read_dir().expect("the folder of layouts") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy();
        assert!(!load(&name).messages.is_empty(), "{name}");
        count += 1;
    }
    assert_eq!(count, 6);
}

#[test]
fn fields_tile_or_the_file_is_refused() {
    assert!(Protocol::parse(GOOD).is_ok());
    let hole = refusal("offset = 3", "offset = 4");
    assert!(
        hole.starts_with("CWS-LAYOUT-001 Add.two: leaves a hole"),
        "{hole}"
    );
    assert!(refusal("offset = 3", "offset = 2").contains("Add.two: overlaps"));
    assert!(refusal("offset = 1", "offset = 0").contains("Add.one: overlaps"));
    assert!(refusal("length = 7", "length = 8").contains("fields end at 7, length is 8"));
    assert!(refusal("\"u16\"", "\"rest\"").contains("a rest is the last field"));
}

#[test]
fn unknown_kinds_names_and_keys_are_refused() {
    assert!(refusal("\"u16\"", "\"u24\"").contains("\"u24\" is unknown"));
    assert!(refusal("alpha(4)", "alpha(0)").contains("\"alpha(0)\" is unknown"));
    assert!(refusal("alpha(4)", "alpha(x").contains("is unknown"));
    assert!(refusal("\"one\"", "\"type\"").contains("means something else"));
    assert!(refusal("\"one\"", "\"One\"").contains("snake_case"));
    assert!(refusal("\"one\"", "\"two\"").contains("comes twice"));
    assert!(refusal("\"A\"", "\"AB\"").contains("one printable byte"));
    assert!(refusal("about = \"a\"", "abuot = \"a\"").contains("abuot"));
    let twice = format!("{GOOD}{}", &GOOD[GOOD.find("[[message]]").expect("it")..]);
    let twice = Protocol::parse(&twice).expect_err("a type twice");
    assert!(twice.to_string().contains("its type is taken"));
}
