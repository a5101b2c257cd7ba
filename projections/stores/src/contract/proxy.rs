//! A TCP proxy in front of a real store, so that a test can take the store away, slow it down or cut it off in mid-sentence.
//!
//! Knows no protocol: it counts bytes. The store behind it never notices more than clients that come and go.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Bytes taken at once; a delay holds for each such piece.
const PIECE: usize = 64 * 1024;
/// Pieces that wait for their delay, before the sender has to wait.
const PIECES: usize = 64;

/// Listens on a port of 127.0.0.1 and passes everything on, until told otherwise. Gone, with its connections, when dropped.
pub struct Proxy {
    address: SocketAddr,
    faults: Arc<Faults>,
    accepting: JoinHandle<()>,
}

/// What is wrong at the moment.
#[derive(Clone, Copy, Default)]
struct Way {
    refusing: bool,
    stalled: bool,
    delay: Duration,
    /// How often all connections were cut; each ends when this changes.
    cuts: u64,
}

struct Faults {
    way: watch::Sender<Way>,
    /// Bytes that are still let through, where that is limited.
    requests_left: Mutex<Option<usize>>,
    answers_left: Mutex<Option<usize>>,
}

impl Proxy {
    /// A proxy to `target`, as `host:port`; each connection looks the name up anew.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn to(target: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let faults = Arc::new(Faults {
            way: watch::Sender::new(Way::default()),
            requests_left: Mutex::default(),
            answers_left: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, target.to_owned(), faults.clone()));
        Ok(Self { address, faults, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything works again, for connections that are left and for new ones.
    pub fn pass(&self) {
        *lock(&self.faults.requests_left) = None;
        *lock(&self.faults.answers_left) = None;
        self.faults.way.send_modify(|way| *way = Way { cuts: way.cuts, ..Way::default() });
    }

    /// Ends all connections, once; new ones work.
    pub fn cut(&self) {
        self.faults.way.send_modify(|way| way.cuts += 1);
    }

    /// The store is down: ends all connections, and every new one at once, until [`Proxy::pass`].
    pub fn refuse(&self) {
        self.faults.refuse();
    }

    /// The store hangs: takes what is sent and answers nothing, until [`Proxy::pass`].
    pub fn stall(&self) {
        self.faults.way.send_modify(|way| way.stalled = true);
    }

    /// Every answer comes this much later; pieces on their way do not wait for one another.
    pub fn delay(&self, by: Duration) {
        self.faults.way.send_modify(|way| way.delay = by);
    }

    /// Lets so many more bytes of answers through, over all connections, then is down as after [`Proxy::refuse`]: the store may
    /// have done what nobody is told of.
    pub fn refuse_after_answers(&self, bytes: usize) {
        *lock(&self.faults.answers_left) = Some(bytes);
    }

    /// Lets so many more bytes of requests through, over all connections, then is down as after [`Proxy::refuse`]: the store has
    /// seen a part of what was sent.
    pub fn refuse_after_requests(&self, bytes: usize) {
        *lock(&self.faults.requests_left) = Some(bytes);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.refuse();
    }
}

impl Faults {
    fn refuse(&self) {
        self.way.send_modify(|way| {
            way.refusing = true;
            way.cuts += 1;
        });
    }
}

async fn accept(listener: TcpListener, target: String, faults: Arc<Faults>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let mut way = faults.way.subscribe();
        let Way { refusing, cuts, .. } = *way.borrow_and_update();
        if refusing {
            continue;
        }
        let (target, faults) = (target.clone(), faults.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = way.wait_for(|now| now.cuts != cuts) => {}
                _ = connect(client, &target, &faults) => {}
            }
        });
    }
}

async fn connect(client: TcpStream, target: &str, faults: &Faults) -> io::Result<()> {
    let store = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    store.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_store, to_store) = store.into_split();
    let (pieces, waiting) = mpsc::channel(PIECES);
    tokio::select! {
        ended = requests(from_client, to_store, faults) => ended,
        ended = take_answers(from_store, pieces, faults) => ended,
        ended = give_answers(to_client, waiting, faults) => ended,
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    faults: &Faults,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        let allowed = take(&faults.requests_left, length);
        to.write_all(&piece[..allowed]).await?;
        if allowed < length {
            faults.refuse();
        }
    }
}

type Piece = (Instant, Vec<u8>);

/// Ends only with the connection: what waits is given first.
async fn take_answers(
    mut from: OwnedReadHalf,
    pieces: mpsc::Sender<Piece>,
    faults: &Faults,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        if length == 0 {
            drop(pieces);
            return std::future::pending().await;
        }
        let due = Instant::now() + faults.way.borrow().delay;
        if pieces.send((due, piece[..length].to_vec())).await.is_err() {
            return Ok(());
        }
    }
}

async fn give_answers(
    mut to: OwnedWriteHalf,
    mut waiting: mpsc::Receiver<Piece>,
    faults: &Faults,
) -> io::Result<()> {
    let mut way = faults.way.subscribe();
    while let Some((due, piece)) = waiting.recv().await {
        tokio::time::sleep_until(due).await;
        let _ = way.wait_for(|now| !now.stalled).await;
        let allowed = take(&faults.answers_left, piece.len());
        to.write_all(&piece[..allowed]).await?;
        if allowed < piece.len() {
            faults.refuse();
        }
    }
    Ok(())
}

/// How many of `wanted` bytes are let through.
fn take(left: &Mutex<Option<usize>>, wanted: usize) -> usize {
    let mut left = lock(left);
    let Some(bytes) = left.as_mut() else { return wanted };
    let allowed = wanted.min(*bytes);
    *bytes -= allowed;
    allowed
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that answers every byte with the same byte.
    async fn echo() -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.into_split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        Proxy::to(&address).await.unwrap()
    }

    async fn client(proxy: &Proxy) -> TcpStream {
        TcpStream::connect(proxy.address()).await.unwrap()
    }

    /// What comes back of `sent`, up to its length or to the end of the connection.
    async fn answered(client: &mut TcpStream, sent: &[u8]) -> Vec<u8> {
        let mut answer = Vec::new();
        if client.write_all(sent).await.is_ok() {
            let _ = client.take(sent.len() as u64).read_to_end(&mut answer).await;
        }
        answer
    }

    #[tokio::test]
    async fn what_is_cut_or_refused_is_gone_until_it_passes_again() {
        let proxy = echo().await;
        let mut first = client(&proxy).await;
        assert_eq!(answered(&mut first, b"one").await, b"one");
        proxy.cut();
        assert_eq!(answered(&mut first, b"two").await, b"");
        assert_eq!(answered(&mut client(&proxy).await, b"three").await, b"three");
        proxy.refuse();
        assert_eq!(answered(&mut client(&proxy).await, b"four").await, b"");
        proxy.pass();
        assert_eq!(answered(&mut client(&proxy).await, b"five").await, b"five");
    }

    #[tokio::test]
    async fn answers_and_requests_end_after_so_many_bytes() {
        let proxy = echo().await;
        proxy.refuse_after_answers(4);
        assert_eq!(answered(&mut client(&proxy).await, b"answer").await, b"answ");
        assert_eq!(answered(&mut client(&proxy).await, b"no").await, b"");
        proxy.pass();
        proxy.refuse_after_requests(0);
        assert_eq!(answered(&mut client(&proxy).await, b"request").await, b"");
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_holds_for_each_answer_and_a_stall_until_it_passes() {
        let proxy = echo().await;
        let mut client = client(&proxy).await;
        proxy.delay(Duration::from_secs(2));
        let asked = Instant::now();
        assert_eq!(answered(&mut client, b"late").await, b"late");
        assert!(asked.elapsed() >= Duration::from_secs(2));
        proxy.stall();
        let stalled = answered(&mut client, b"hang");
        assert!(tokio::time::timeout(Duration::from_mins(1), stalled).await.is_err());
        proxy.pass();
        let mut answer = [0; 4];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hang");
    }
}
