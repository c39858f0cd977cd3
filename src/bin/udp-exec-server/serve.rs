//! For whoever has the key, over UDP: one thread hears all clients, one for each command runs it.
//!
//! What makes this reliable takes datagrams and the time, and says what to do ([`socket_demos::exec::reliable`]); [`Commands`]
//! does it. The calls are here: setsockopt with SO_RCVTIMEO, recvfrom, sendto; of several datagrams to or from one client at once,
//! where the system can ([`Batch`]).

use std::sync::Arc;

use socket_demos::exec::reliable::Server;
use socket_demos::exec::server::commands::Commands;
use socket_demos::exec::tag::Key;
use socket_demos::net::UdpSocket;
use socket_demos::net::backoff::Backoff;
use socket_demos::net::batches::Batch;
use socket_demos::terminal::exit;
use socket_demos::terminal::log::log;
use socket_demos::text::Charset;
use socket_demos::{errors, random};

use crate::args::Args;

/// Receive until something is due, hand over what came, do what is due.
pub(crate) fn serve(socket: UdpSocket, key: Key, args: &Args) -> ! {
    let socket = Arc::new(socket.in_segments());
    let commands = commands(&socket, key, args);
    let mut backoff = Backoff::default();
    let mut batch = Batch::default();
    loop {
        // Where that fails a server goes on: commands are running.
        if let Err(error) = socket.set_read_timeout(commands.patience()) {
            backoff.after(&error, log);
            continue;
        }
        match socket.recv_batch(&mut batch) {
            Ok(()) => commands.receive(&batch),
            Err(error) if errors::is_timeout(&error) || errors::is_refusal(&error) => {}
            Err(error) => backoff.after(&error, log),
        }
        commands.tick();
    }
}

/// What the threads share. Each of them sends what it has to say by itself.
fn commands(socket: &Arc<UdpSocket>, key: Key, args: &Args) -> Arc<Commands> {
    let server = Server::new(key, random::bytes(), args.commands.max_clients, Charset::of_system());
    let socket = Arc::clone(socket);
    let commands = Commands::new(server, args.commands.time_limit(), move |datagrams, peer| {
        // What the system does not take is lost, as anything may be on the way.
        let _ = socket.send_all(datagrams, Some(peer));
    });
    let ended = Arc::clone(&commands);
    exit::at_end(move || ended.close());
    commands
}
