//! Compiles the C++ of `gateway/hot/`.

use std::path::Path;

fn main() {
    let hot = Path::new("../../hot");
    let mut build = cc::Build::new();
    let mut files: Vec<_> = std::fs::read_dir(hot)
        .expect("gateway/hot is part of the tree")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cpp"))
        .collect();
    files.sort();
    cws_layouts::write_cpp("itch50");
    let generated = cws_layouts::write_cpp("mold_udp64");
    build
        .cpp(true)
        .std("c++20")
        .opt_level(3)
        .include(hot)
        .include(generated);
    for flag in [
        "-fno-exceptions",
        "-fno-rtti",
        "-ffp-contract=off",
        "-Wall",
        "-Wextra",
        "-Werror",
    ] {
        build.flag(flag);
    }
    build.files(&files).compile("cws_hot");
    println!("cargo::rerun-if-changed=../../hot");
}
