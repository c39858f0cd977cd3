//! The output of a command over QUIC: what `udp-exec` stands beside in the speed benchmark.
//!
//! Try it: `cargo bench --bench speed -- udp-exec` builds and runs it. By hand: `quic-bulk serve CERTIFICATE COMMAND`
//! writes its certificate into that file and its address on stderr; `quic-bulk read CERTIFICATE ADDRESS` writes the
//! output of COMMAND on stdout. `cargo run --release` does for both.
//!
//! Read it for: what quinn does where it is left as it comes. One thread at each end, one stream, AES-256-GCM by ring,
//! segments of many datagrams in one call.
//!
//! As with `udp-exec`, each client is a new process with a new connection, the server runs the command anew through
//! `sh -c` and a pipe, and the client trusts one server alone. What differs: the client need not prove anything, the
//! command is the server's and not sent, the output is encrypted, and a datagram grows up to 1,452 bytes instead of 1,200.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::{env, fs, io::Write as _};

use anyhow::{Context, Result, bail};
use quinn::rustls::RootCertStore;
use quinn::rustls::pki_types::PrivatePkcs8KeyDer;
use quinn::{ClientConfig, Endpoint, Incoming, ServerConfig};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

/// The name in the certificate, which the client asks for.
const NAME: &str = "localhost";

/// What goes from the pipe to the stream at once, and from the stream to stdout: as much as a pipe holds.
const PIECE: usize = 64 * 1024;

/// No error of an application: all is well.
const DONE: u32 = 0;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", certificate, command] => serve(Path::new(certificate), command).await,
        ["read", certificate, address] => read(Path::new(certificate), address.parse()?).await,
        _ => bail!("usage: quic-bulk serve CERTIFICATE COMMAND | quic-bulk read CERTIFICATE ADDRESS"),
    }
}

/// Sends the output of `command` to each client. The ready line ends with the address, as those of the other peers do.
async fn serve(certificate: &Path, command: &str) -> Result<()> {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::with_single_cert(vec![made.cert.der().clone()], key.into())?;
    let endpoint = Endpoint::server(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    fs::write(certificate, made.cert.der()).with_context(|| format!("cannot write {}", certificate.display()))?;
    eprintln!("listening on {}", endpoint.local_addr()?);
    while let Some(incoming) = endpoint.accept().await {
        let command = command.to_owned();
        tokio::spawn(async move {
            if let Err(error) = answer(incoming, &command).await {
                eprintln!("{error:#}");
            }
        });
    }
    Ok(())
}

/// One client: one stream, until the client says that it has all of it.
async fn answer(incoming: Incoming, command: &str) -> Result<()> {
    let connection = incoming.await?;
    let mut stream = connection.open_uni().await?;
    let mut shell = Command::new("sh").args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = shell.stdout.take().context("stdout is a pipe")?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = output.read(&mut piece).await?;
        if length == 0 {
            break;
        }
        stream.write_all(&piece[..length]).await?;
    }
    shell.wait().await?;
    stream.finish()?;
    connection.closed().await;
    Ok(())
}

/// Writes what comes on stdout.
async fn read(certificate: &Path, server: SocketAddr) -> Result<()> {
    let mut trusted = RootCertStore::empty();
    trusted.add(fs::read(certificate)?.into())?;
    let mut endpoint = Endpoint::client(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    endpoint.set_default_client_config(ClientConfig::with_root_certificates(Arc::new(trusted))?);
    let connection = endpoint.connect(server, NAME)?.await?;
    let mut stream = connection.accept_uni().await?;
    let mut piece = vec![0; PIECE];
    let mut output = std::io::stdout().lock();
    while let Some(length) = stream.read(&mut piece).await? {
        output.write_all(&piece[..length])?;
    }
    output.flush()?;
    connection.close(DONE.into(), b"");
    // The turn of the task that sends it. To wait until the connection is gone (`wait_idle`) would take longer than half
    // of the output does.
    tokio::task::yield_now().await;
    Ok(())
}
