//! Free-running: the hot thread waits on the sockets, this one does everything else beside it.

use std::os::fd::AsRawFd;

use cws_book::hot::Hot;
use cws_book::hot_abi::HotSockets;
use cws_process::fault::Fault;
use cws_process::line_socket::LineSocket;
use cws_process::stop;
use cws_process::waiting::Waiting;

use super::commands;
use super::gateway::Gateway;
use super::start::Sockets;

/// Until SIGTERM, or until the hot thread ends by itself.
pub fn run(
    gateway: &mut Gateway,
    mut hot: Hot,
    sockets: Sockets,
    socket: &mut LineSocket,
) -> Result<(), Fault> {
    let settings = HotSockets {
        feed_a: i64::from(sockets.feeds[0].as_raw_fd()),
        feed_b: i64::from(sockets.feeds[1].as_raw_fd()),
        request: i64::from(sockets.request.as_raw_fd()),
        core: gateway.config.hot.core,
        spinners: i64::from(gateway.config.hot.spinners),
        poll_ms: 1,
        awake_ns: i64::from(gateway.config.hot.awake_us) * 1_000,
    };
    let thread = std::thread::Builder::new()
        .name("hot".into())
        .spawn(move || {
            let _open = sockets; // The descriptors live as long as the loop that reads them.
            hot.run(&settings)
        })
        .map_err(|error| thread_fault(&error.to_string()))?;
    // The hot thread and risk are in a hurry; books and sockets are not.
    let mut waiting = Waiting::patient();
    let mut outcome = Ok(());
    while !stop::asked() && !thread.is_finished() && outcome.is_ok() {
        match gateway.round() {
            Ok(mut worked) => {
                gateway.review();
                tell_hot(gateway);
                if gateway.untold.is_empty() {
                    gateway.retire();
                }
                worked |= socket.poll(|peer, request| commands::answer(gateway, peer, request));
                if worked {
                    waiting.worked();
                } else {
                    waiting.idle();
                }
            }
            Err(fault) => outcome = Err(fault),
        }
    }
    gateway.control.stop();
    let ended = thread.join().map_err(|_| thread_fault("it panicked"))?;
    outcome?;
    ended.map_err(|error| thread_fault(&error.to_string()))
}

/// A full queue is tried again in the next round; nothing is dropped.
fn tell_hot(gateway: &mut Gateway) {
    while let Some(execution) = gateway.untold.front() {
        if !gateway.control.push_execution(execution) {
            return;
        }
        gateway.untold.pop_front();
    }
}

fn thread_fault(what: &str) -> Fault {
    Fault::new(
        "CWS-GATEWAY-008",
        what,
        "hot thread",
        "check hot.core and the market data sockets",
    )
}
