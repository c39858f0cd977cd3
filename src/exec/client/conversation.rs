//! The conversation with a server over UDP: what the thread that hears shares with the one that asks, and with Ctrl-C.
//!
//! What makes this reliable takes datagrams and the time, and says what to send ([`crate::exec::reliable`]). How to send is
//! the page's business.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::exec::client::clock::Clock;
use crate::exec::reliable::{self, Client, Event, GIVE_UP};
use crate::exec::tag::Key;
use crate::lock::lock;
use crate::net::batches::Batch;
use crate::t;
use crate::terminal::screen;
use crate::text::Charset;

/// How long no server may have answered before that is told.
const SILENCE: Duration = Duration::from_secs(5);

/// Sends datagrams to the server.
type HowToSend = dyn Fn(&[Vec<u8>]) + Send + Sync;

/// What is said to one server, and what it answers.
pub struct Conversation {
    send: Box<HowToSend>,
    /// The protocol knows no clock: its time begins here.
    start: Clock,
    client: Mutex<Client>,
    /// There may be something to show.
    news: Condvar,
}

impl Conversation {
    /// With a server that has `key` too. Every datagram goes out through `send`, from whichever thread.
    pub fn new(key: Key, send: impl Fn(&[Vec<u8>]) + Send + Sync + 'static) -> Self {
        let (start, client) = (Clock::start(), Mutex::new(Client::new(key)));
        Self { send: Box::new(send), start, client, news: Condvar::new() }
    }

    /// Tells the protocol something, and sends what it has to say.
    pub fn tell<T>(&self, tell: impl FnOnce(&mut Client, Duration) -> T) -> T {
        let mut client = lock(&self.client);
        let told = tell(&mut client, self.start.elapsed());
        self.send(client);
        told
    }

    /// Hands over what has come.
    pub fn receive(&self, batch: &Batch) {
        self.tell(|client, now| batch.datagrams().for_each(|(datagram, _)| client.receive(datagram, now)));
    }

    /// Does what is due by now.
    pub fn tick(&self) {
        let mut client = lock(&self.client);
        let now = self.start.elapsed();
        if client.next_deadline().is_some_and(|due| due <= now) {
            client.tick(now);
            self.send(client);
        }
    }

    /// How long to receive before something may be due. It waits while there is nothing to hear about.
    pub fn until_due(&self) -> Duration {
        let client = lock(&self.client);
        let busy = self.news.wait_while(client, |client| client.next_deadline().is_none());
        let due = busy.unwrap_or_else(PoisonError::into_inner).next_deadline().unwrap_or_default();
        reliable::sleep_until(due, self.start.elapsed())
    }

    /// Waits for what there is to tell. What is taken makes room for more, which the server learns at once.
    pub fn event(&self) -> Event {
        let (asked, mut told) = (Instant::now(), false);
        let mut client = lock(&self.client);
        loop {
            let event = client.event(self.start.elapsed());
            if let Some(event) = event {
                self.send(client);
                return event;
            }
            let waited = self.news.wait_timeout(client, SILENCE).unwrap_or_else(PoisonError::into_inner);
            client = waited.0;
            if asked.elapsed() > SILENCE && client.is_opening() && !told {
                told = true;
                tell_silence();
            }
        }
    }

    /// The encoding of the outputs, which the server declares before anything of them comes.
    pub fn charset(&self) -> Charset {
        lock(&self.client).charset()
    }

    fn send(&self, mut client: MutexGuard<'_, Client>) {
        (self.send)(&client.datagrams());
        drop(client);
        self.news.notify_all();
    }
}

fn tell_silence() {
    let seconds = GIVE_UP.as_secs();
    screen::talk(&t!(
        "no answer yet; asking again, for {seconds} s in all (Ctrl-C ends)",
        "还没有应答，继续询问，总共 {seconds} 秒（按 Ctrl-C 结束）"
    ));
}
