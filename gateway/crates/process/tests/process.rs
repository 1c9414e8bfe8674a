//! Configuration, build hash and the line socket, on this machine's own files and sockets.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use cws_process::line_socket::{
    CLIENTS_MAX, LINE_BYTES_MAX, LINES_A_POLL_MAX, LineSocket, connect, ok,
};
use cws_process::trusted_folder::own_uid;
use cws_process::{build_hash, config};
use serde_json::{Value, json};

#[derive(serde::Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Small {
    #[allow(dead_code)]
    port: u16,
}

fn place(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cws-process-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder of our own");
    folder.join(name)
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
fn an_answer_waits_until_what_it_promises_was_written_down() {
    let path = place("later.sock");
    let mut server = LineSocket::bind(&path, 0o600).expect("binds");
    let mut client = UnixStream::connect(&path).expect("connects");
    client.write_all(b"{}\n").expect("writes");
    assert!(server.take(|_, _| json!({"ok": true})));
    client.set_nonblocking(true).expect("sets");
    let early = BufReader::new(&client).read_line(&mut String::new());
    let kind = early.expect_err("nothing was said").kind();
    assert_eq!(kind, std::io::ErrorKind::WouldBlock);
    server.tell();
    let mut answer = String::new();
    client.set_nonblocking(false).expect("sets");
    BufReader::new(&client)
        .read_line(&mut answer)
        .expect("an answer");
    assert_eq!(answer, "{\"ok\":true}\n");
}

#[test]
fn who_says_a_word_and_hangs_up_is_heard() {
    let path = place("brief.sock");
    let mut server = LineSocket::bind(&path, 0o600).expect("binds");
    let mut client = UnixStream::connect(&path).expect("connects");
    client.write_all(b"{\"cmd\":\"kill\"}\n").expect("writes");
    client
        .shutdown(std::net::Shutdown::Write)
        .expect("says no more");
    let mut heard = Vec::new();
    for _ in 0..3 {
        server.poll(|_, request| {
            heard.push(request["cmd"].clone());
            ok(json!({}))
        });
    }
    assert_eq!(heard, [json!("kill")]);
    let mut answer = String::new();
    BufReader::new(&client)
        .read_line(&mut answer)
        .expect("an answer");
    assert_eq!(answer, "{\"ok\":true}\n");
    drop(client);
    assert_eq!(server.fds().count(), 1, "the listener alone is left");
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

/// What bind and connect say of a socket in this folder.
fn both(folder: &std::path::Path, served_by: u32) -> [Option<String>; 2] {
    let path = folder.join("sock");
    let server = LineSocket::bind(&path, 0o600);
    let client = connect(&path, served_by);
    [server.err(), client.err()].map(|error| error.map(|error| error.to_string()))
}

#[test]
fn a_folder_that_others_may_change_is_not_trusted() {
    let folder = place("folder");
    std::fs::create_dir(&folder).expect("makes");
    for (mode, sound) in [
        (0o700, true),
        (0o755, true),
        (0o1770, true),
        (0o770, false),
        (0o757, false),
        (0o1777, false),
    ] {
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode)).expect("sets");
        for said in both(&folder, own_uid()) {
            let refused = said.is_some_and(|said| said.contains("CWS-SOCKET-003"));
            assert_eq!(refused, !sound, "{mode:o}");
        }
    }
    std::fs::remove_dir_all(&folder).expect("removes");
}

#[test]
fn what_another_user_has_is_not_taken_and_not_spoken_to() {
    let folder = place("stranger");
    std::fs::create_dir(&folder).expect("makes");
    let path = folder.join("sock");
    let server = LineSocket::bind(&path, 0o600).expect("binds");
    let said = connect(&path, own_uid() + 1).expect_err("not that user");
    assert!(said.to_string().contains("CWS-SOCKET-004"), "{said}");
    connect(&path, own_uid()).expect("ours");
    drop(server);
    if own_uid() != 0 {
        return eprintln!("not root: files of another user cannot be made");
    }
    std::fs::write(&path, "").expect("writes");
    chown(&path, Some(60_910), None).expect("gives away");
    let said = LineSocket::bind(&path, 0o600)
        .err()
        .expect("taken")
        .to_string();
    assert!(
        said.contains("CWS-SOCKET-004") && said.contains("60910"),
        "{said}"
    );
    assert!(path.exists(), "what is another's stays");
    chown(&folder, Some(60_910), None).expect("gives away");
    for said in both(&folder, 0) {
        assert!(said.is_some_and(|said| said.contains("CWS-SOCKET-003")));
    }
    std::fs::remove_dir_all(&folder).expect("removes");
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
fn connections_that_are_only_held_keep_nobody_away() {
    let path = place("crowd");
    let mut server = LineSocket::bind(&path, 0o600).expect("binds");
    let open = || UnixStream::connect(&path).expect("connects");
    let mut spoke = open();
    let _held: Vec<_> = (1..CLIENTS_MAX).map(|_| open()).collect();
    let patience = Some(std::time::Duration::from_secs(5));
    spoke.set_read_timeout(patience).expect("sets");
    assert_eq!(
        ask(&mut server, &mut spoke, "{\"cmd\":\"status\"}\n")["ok"],
        true
    );
    for _ in 0..3 {
        let mut late = open();
        late.set_read_timeout(patience).expect("sets");
        assert_eq!(
            ask(&mut server, &mut late, "{\"cmd\":\"kill\"}\n")["cmd"],
            "kill"
        );
    }
    let again = ask(&mut server, &mut spoke, "{\"cmd\":\"status\"}\n");
    assert_eq!(again["ok"], true, "those that said nothing went first");
}
