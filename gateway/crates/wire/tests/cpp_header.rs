//! The generated C++ headers compile without a warning and read what the layout files say.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cws_layouts::{Kind, Protocol, cpp_header, load};
use cws_wire::{NANOS_PER_PRICE4, NANOS_PER_PRICE8};
use support::{lines, sample};

const PROTOCOLS: [&str; 6] = [
    "itch50",
    "ouch42",
    "soup_bin_tcp",
    "mold_udp64",
    "jnx_itch16",
    "jnx_ouch111",
];

/// A program that prints every field of every message; each lies at the front of a block of 256 bytes on standard input.
fn program(protocols: &[Protocol]) -> String {
    let mut out = String::new();
    for protocol in protocols {
        let name = &protocol.protocol;
        writeln!(out, "#include \"cws_wire/{name}.hpp\"").expect("a String");
    }
    out.push_str(
        "#include <cstdio>\n\
         static unsigned char message[256];\n\
         static void next() { if (std::fread(message, 1, 256, stdin) != 256) __builtin_trap(); }\n\
         static void text(const char* name, const unsigned char* at, std::size_t size) {\n\
             std::printf(\"%s=\", name);\n\
             for (std::size_t i = 0; i < size; ++i) std::printf(\"%02x\", at[i]);\n\
             std::printf(\"\\n\");\n\
         }\n\
         int main() {\n\
         static_assert(cws_wire::itch50::lengths['A'] == cws_wire::itch50::AddOrder::length);\n\
         static_assert(cws_wire::itch50::AddOrder::price_offset == 32);\n\
         if (cws_wire::ouch42::outbound_length_of('A') != 66) return 1;\n",
    );
    let (price4, price8) = (NANOS_PER_PRICE4, NANOS_PER_PRICE8);
    writeln!(out, "static_assert(cws_wire::nanos_per_price4 == {price4} && cws_wire::nanos_per_price8 == {price8});")
        .expect("a String");
    for protocol in protocols {
        for message in &protocol.messages {
            out.push_str("next();\n");
            for field in &message.fields {
                let (space, name, field_name) = (&protocol.protocol, &message.name, &field.name);
                let call = format!("cws_wire::{space}::{name}::{field_name}");
                let label = format!("{name}.{field_name}");
                match field.kind {
                    Kind::Alpha(_) => {
                        writeln!(out, "text(\"{label}\", {call}(message), {call}_size);")
                    }
                    Kind::Rest => writeln!(out, "text(\"{label}\", {call}(message), 0);"),
                    _ => writeln!(
                        out,
                        "std::printf(\"{label}=%lld\\n\", static_cast<long long>({call}(message)));"
                    ),
                }
                .expect("a String");
            }
        }
    }
    out + "}\n"
}

fn compile(folder: &Path, protocols: &[Protocol]) {
    fs::create_dir_all(folder.join("cws_wire")).expect("a folder for the test");
    for protocol in protocols {
        let path = folder.join(format!("cws_wire/{}.hpp", protocol.protocol));
        fs::write(path, cpp_header(protocol)).expect("a header");
    }
    fs::write(folder.join("main.cpp"), program(protocols)).expect("a program");
    let flags = [
        "-std=c++20",
        "-fno-exceptions",
        "-fno-rtti",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
    ];
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "g++".into());
    let built = Command::new(compiler)
        .args(flags)
        .args(["-I", ".", "main.cpp", "-o", "main"])
        .current_dir(folder)
        .status();
    assert!(
        built
            .expect("a C++ compiler, as the build needs one")
            .success()
    );
}

#[test]
fn the_headers_read_what_the_layouts_say() {
    let protocols = PROTOCOLS.map(load);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cpp_header");
    compile(&folder, &protocols);
    let (mut input, mut expected) = (Vec::new(), String::new());
    for (seed, message) in protocols.iter().flat_map(|p| &p.messages).enumerate() {
        // Below 2^63, which is what the program prints; seeds are multiples of 40, so rests are empty.
        let mut bytes = sample(message, 40 * seed as u64);
        for field in message.fields.iter().filter(|field| field.kind.size() == 8) {
            bytes[field.offset] &= 0x7F;
        }
        expected += &lines(message, &bytes);
        bytes.resize(256, 0);
        input.extend_from_slice(&bytes);
    }
    let mut child = Command::new(folder.join("main"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program that was built");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(&input)
        .expect("a program that reads");
    let output = child.wait_with_output().expect("a program that ends");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert!(expected.lines().count() > 300);
}
