//! Generates the codecs from `gateway/layouts/*.toml`.

fn main() {
    let protocols = [
        "itch50",
        "ouch42",
        "soup_bin_tcp",
        "mold_udp64",
        "jnx_itch16",
        "jnx_ouch111",
    ];
    for protocol in protocols {
        cws_layouts::write_rust(protocol);
    }
}
