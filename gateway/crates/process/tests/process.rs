//! Configuration, build hash and the line socket, on this machine's own files and sockets.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use cws_process::line_socket::{LINE_BYTES_MAX, LINES_A_POLL_MAX, LineSocket, ok};
use cws_process::pinning;
use cws_process::{build_hash, config};
use serde_json::{Value, json};

#[derive(serde::Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Small {
    #[allow(dead_code)]
    port: u16,
}

fn place(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("cws-process-{name}-{}", std::process::id()))
}

fn words(words: &[&str]) -> impl Iterator<Item = String> {
    words
        .iter()
        .map(|word| word.to_string())
        .collect::<Vec<_>>()
        .into_iter()
}

#[test]
fn only_a_config_file_is_understood() {
    assert_eq!(
        config::config_path(words(&["--config", "x.toml"])).expect("a path"),
        PathBuf::from("x.toml")
    );
    for wrong in [
        &["--config"][..],
        &["-c", "x"],
        &[],
        &["--config", "x", "y"],
    ] {
        assert_eq!(
            config::config_path(words(wrong)).expect_err("refused").code,
            "CWS-CONFIG-001"
        );
    }
}

#[test]
fn a_bad_configuration_is_refused_with_its_place() {
    let path = place("config.toml");
    assert_eq!(
        config::load::<Small>(&path).expect_err("absent").code,
        "CWS-CONFIG-002"
    );
    for (text, code) in [
        ("port = 1\nprot = 2", "CWS-CONFIG-004"),
        ("port = 70000", "CWS-CONFIG-004"),
    ] {
        std::fs::write(&path, text).expect("writes");
        let fault = config::load::<Small>(&path).expect_err("refused");
        assert_eq!(fault.code, code);
        assert!(fault.place.contains("config.toml"));
    }
    std::fs::write(&path, vec![b' '; config::CONFIG_BYTES_MAX as usize + 1]).expect("writes");
    assert_eq!(
        config::load::<Small>(&path).expect_err("long").code,
        "CWS-CONFIG-003"
    );
    std::fs::write(&path, "port = 7").expect("writes");
    config::load::<Small>(&path).expect("a good one");
    std::fs::remove_file(&path).expect("removes");
}

#[test]
fn the_build_hash_is_that_of_the_running_bytes() {
    let bytes = std::fs::read(std::env::current_exe().expect("this test")).expect("reads");
    assert_eq!(
        build_hash::build_hash().expect("hashes"),
        blake3::hash(&bytes).to_hex().to_string()
    );
    let own = build_hash::build_hash_of_pid(std::process::id()).expect("hashes");
    assert_eq!(own, build_hash::build_hash().expect("hashes"));
}

fn ask(server: &mut LineSocket, client: &mut UnixStream, line: &str) -> Value {
    client.write_all(line.as_bytes()).expect("writes");
    let asking = |peer: cws_process::line_socket::Peer, request: &Value| {
        ok(json!({"pid": peer.pid, "cmd": request["cmd"]}))
    };
    server.poll(asking);
    let mut answer = String::new();
    BufReader::new(&*client)
        .read_line(&mut answer)
        .expect("an answer");
    serde_json::from_str(&answer).expect("JSON")
}

#[test]
fn one_object_a_line_gets_one_answer() {
    let path = place("sock");
    let mut server = LineSocket::bind(&path, 0o600).expect("binds");
    assert!(
        LineSocket::bind(&path, 0o600).is_err(),
        "one server a socket"
    );
    server.poll(|_, _| json!({}));
    let mut client = UnixStream::connect(&path).expect("connects");
    client
        .set_read_timeout(Some(std::time::Duration::from_secs(5)))
        .expect("sets");
    let answer = ask(&mut server, &mut client, "{\"cmd\":\"status\"}\n");
    assert_eq!(
        answer,
        json!({"ok": true, "pid": std::process::id(), "cmd": "status"})
    );
    for wrong in ["no json\n", "[1]\n"] {
        assert_eq!(
            ask(&mut server, &mut client, wrong)["code"],
            "CWS-SOCKET-001"
        );
    }
}

#[test]
fn a_line_without_end_loses_its_client_and_nobody_else() {
    let path = place("long.sock");
    let mut server = LineSocket::bind(&path, 0o600).expect("binds");
    let mut endless = UnixStream::connect(&path).expect("connects");
    let mut other = UnixStream::connect(&path).expect("connects");
    other
        .set_read_timeout(Some(std::time::Duration::from_secs(5)))
        .expect("sets");
    let writer =
        std::thread::spawn(move || endless.write_all(&vec![b'x'; 4 * LINE_BYTES_MAX]).is_err());
    for _ in 0..10_000 {
        server.poll(|_, _| json!({}));
        if writer.is_finished() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert!(writer.join().expect("ends"), "the endless line was cut off");
    assert_eq!(ask(&mut server, &mut other, "{\"cmd\":1}\n")["cmd"], 1);
}

#[test]
fn what_is_left_of_a_poll_is_answered_in_the_next_though_nothing_more_arrives() {
    let path = place("many.sock");
    let mut server = LineSocket::bind(&path, 0o600).expect("binds");
    assert!(!server.poll(|_, _| json!({})), "nobody is there");
    let mut client = UnixStream::connect(&path).expect("connects");
    let lines = LINES_A_POLL_MAX + 3;
    client
        .write_all("{}\n".repeat(lines).as_bytes())
        .expect("sends");
    let mut answered = 0;
    while server.poll(|_, _| {
        answered += 1;
        json!({})
    }) {}
    assert_eq!(answered, lines);
    let mut came = BufReader::new(client).lines();
    for _ in 0..lines {
        assert_eq!(came.next().expect("an answer").expect("reads"), "{}");
    }
}

#[test]
fn a_thread_is_pinned_to_a_core_that_is_there_and_to_no_other() {
    // On a thread of its own: a pin stays with its thread.
    let pinned = std::thread::spawn(|| {
        pinning::pin(-1).expect("stays where it is");
        let cores = pinning::cores();
        assert!(pinning::pin(i64::MAX).is_err());
        // SAFETY: a set of bits that the call fills.
        let mut mine: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the place and its length belong together.
        unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut mine) };
        // SAFETY: the number is below the size of the set.
        let first =
            (0..libc::CPU_SETSIZE as usize).find(|core| unsafe { libc::CPU_ISSET(*core, &mine) });
        let first = first.expect("a thread runs somewhere");
        pinning::pin(first as i64).expect("a core of ours");
        // SAFETY: as above.
        unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut mine) };
        // SAFETY: as above.
        assert_eq!(unsafe { libc::CPU_COUNT(&mine) }, 1);
        assert_eq!(
            pinning::cores(),
            cores,
            "pinned or not, the machine is what it is"
        );
    });
    pinned.join().expect("pins");
}
