//! Both ways at once: send in the keyboard's thread, recv in this one. The newline is the message boundary that TCP does
//! not have.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::bail;
use socket_demos::chat::lines;
use socket_demos::chat::transcript::Transcript;
use socket_demos::exec::handshake;
use socket_demos::net::{TcpStream, close, failures};
use socket_demos::terminal::input::{Keyboard, Typed};
use socket_demos::terminal::{exit, screen};
use socket_demos::text::Charset;
use socket_demos::{cli, errors, t};

use crate::args::{Args, PROGRAM};

/// What one `recv` takes at most.
const READ: usize = 16 * 1024;

/// Sends what is typed and shows what comes, both at once: a thread for each direction.
pub(crate) fn room(stream: TcpStream, args: &Args) -> anyhow::Result<()> {
    stream.set_keepalive(close::VANISHED)?;
    stream.set_nodelay()?;
    if let Some(name) = &args.name {
        (&stream).write_all(&args.encoding.charset.encode(&format!("/name {name}\n"))?)?;
    }
    let stream = Arc::new(stream);
    let ending = Arc::new(Ending::default());
    let (speaker, own, charset) = (Arc::clone(&stream), Arc::clone(&ending), args.encoding.charset);
    cli::spawn(PROGRAM, move || speak(&speaker, charset, &own))?;
    match hear(&stream, charset) {
        Err(_) if ending.left.load(Ordering::Relaxed) => Ok(()),
        Ok(()) if !ending.begun.load(Ordering::Relaxed) => {
            screen::talk(&failures::closed());
            Ok(())
        }
        heard => heard,
    }
}

/// How far this side is with ending the connection.
#[derive(Default)]
struct Ending {
    /// Nothing more will be said.
    begun: AtomicBool,
    /// Nothing more is wanted to be heard either.
    left: AtomicBool,
}

/// The keyboard's thread: each line goes out with a newline.
fn speak(mut stream: &TcpStream, charset: Charset, ending: &Ending) -> anyhow::Result<()> {
    let mut keyboard = Keyboard::open();
    loop {
        let encode = |typed: &str| lines::messages(typed, charset).map_err(|lacking| lacking.to_string());
        match keyboard.ask("> ", encode)? {
            Typed::Line(messages) => {
                for mut message in messages {
                    message.push(b'\n');
                    stream.write_all(&message).map_err(failures::not_sent)?;
                }
            }
            // Our direction ends, and what the server still says is read until it ends too.
            Typed::End => {
                ending.begun.store(true, Ordering::Relaxed);
                return Ok(stream.shutdown(Shutdown::Write)?);
            }
            Typed::Quit => {
                ending.begun.store(true, Ordering::Relaxed);
                ending.left.store(true, Ordering::Relaxed);
                // It fails where the server has gone already. Else its end ends the program, in the thread that reads;
                // one that does not end is waited for no longer than this.
                let _ = stream.shutdown(Shutdown::Write);
                thread::sleep(close::PATIENCE);
                exit::now(0);
            }
        }
    }
}

/// Shows each line that comes, until the server ends. From a server without newlines silence ends a message.
fn hear(mut stream: &TcpStream, charset: Charset) -> anyhow::Result<()> {
    let (mut transcript, mut buffer) = (Transcript::new(charset), vec![0; READ]);
    loop {
        stream.set_read_timeout(transcript.patience())?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(transcript.show_rest()?),
            Ok(received) if handshake::is_greeting(&buffer[..received]) => bail!(t!(
                "this is no chat but a tcp-exec-server: tcp-exec-client is what talks to it",
                "这不是聊天服务器，而是 tcp-exec-server：要用 tcp-exec-client 来连接"
            )),
            Ok(received) => transcript.show(&buffer[..received])?,
            Err(error) if errors::is_timeout(&error) && transcript.patience().is_some() => transcript.show_pending()?,
            Err(error) => return Err(failures::lost(error)),
        }
    }
}
