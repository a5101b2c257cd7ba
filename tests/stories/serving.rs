//! A shop that serves: started on a free port, asked over HTTP, stopped in order or killed.

use std::env;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::http::{Answer, Ask, get, post};
use crate::program::{chimera, soon, soon_or, start};

/// A running `chimera serve`. Dropping it kills it.
pub(crate) struct Serving {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Where it listens for gRPC.
    pub(crate) grpc: SocketAddr,
    /// Goes on reading what it logs, so that it never waits for a reader.
    log: Option<JoinHandle<()>>,
}

impl Serving {
    /// Starts it and waits until it listens.
    pub(crate) fn start(data: &Path) -> Self {
        let arguments = ["serve", "--http", "127.0.0.1:0", "--partitions", "2"];
        Self::of(chimera(&arguments).arg("--data").arg(data))
    }

    /// Starts what the command says and waits until it listens.
    pub(crate) fn of(command: &mut Command) -> Self {
        Self::try_of(command).unwrap_or_else(|said| panic!("it does not listen: {said:#?}"))
    }

    /// As [`Serving::of`], or what it said when it ended instead.
    pub(crate) fn try_of(command: &mut Command) -> Result<Self, Vec<String>> {
        let mut child = start(command);
        drop(child.stdout.take());
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let (address, grpc) = loop {
            let Some(Ok(line)) = lines.next() else {
                let _ = child.wait();
                return Err(said);
            };
            if let Some(addresses) = addresses(&line) {
                break addresses;
            }
            said.push(line);
        };
        let mut file = kept(child.id());
        let log = std::thread::spawn(move || {
            while let Some(Ok(line)) = lines.next() {
                if let Some(file) = &mut file {
                    let _ = writeln!(file, "{line}");
                }
            }
        });
        Ok(Self { child, address, grpc, log: Some(log) })
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn ready(data: &Path) -> Self {
        let serving = Self::start(data);
        serving.wait_until_ready();
        serving
    }

    /// A shop that never is says what it waits for.
    pub(crate) fn wait_until_ready(&self) {
        soon_or(|| {
            let answer = self.ask(&get("/health/ready"));
            if answer.status == 200 { Ok(()) } else { Err(format!("ready ({})", answer.text)) }
        });
    }

    pub(crate) fn ask(&self, ask: &Ask) -> Answer {
        ask.send(self.address).unwrap()
    }

    /// Asks until the answer is as `condition` wants it.
    pub(crate) fn until(&self, path: &str, condition: impl Fn(&Value) -> bool) -> Value {
        soon(path, || {
            let answer = self.ask(&get(path));
            (answer.status == 200).then(|| answer.json()).filter(&condition)
        })
    }

    /// A product at 10.00 GBP with so many on the shelf.
    pub(crate) fn stock_up(&self, product: &str, units: i64) -> Answer {
        let price = json!({"amount": "10.00", "currency": "GBP"});
        let details = json!({"title": format!("Title of {product}")});
        let body = json!({"productId": product, "details": details, "price": price});
        self.ask(&post("/api/v1/products", &body).key(product)).is(201);
        self.ask(&adjustment(product, units).key(product)).is(201)
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.end();
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.end()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let script = format!("kill -{signal} {}", self.child.id());
        let told = start(Command::new("sh").args(["-c", &script])).wait().unwrap();
        assert!(told.success());
    }

    /// Whether it has ended by itself.
    #[allow(dead_code, reason = "for the stories of chaos")]
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended, and how it ended.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        if let Some(log) = self.log.take() {
            log.join().unwrap();
        }
        status
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A change of what is on the shelf.
pub(crate) fn adjustment(product: &str, delta: i64) -> Ask {
    let body = json!({"delta": delta, "reason": "RECEIVED"});
    post(&format!("/api/v1/inventory/{product}/adjustments"), &body)
}

/// An order of one line.
pub(crate) fn order(product: &str, quantity: i64) -> Ask {
    let body = json!({
        "customerId": "alice",
        "lines": [{"productId": product, "quantity": quantity}],
        "shippingAddress": {"country": "GB"},
    });
    post("/api/v1/orders", &body)
}

/// What a shop logs goes to a file of this directory, to be read when a story fails: `CHIMERA_STACK_LOGS`.
fn kept(process: u32) -> Option<File> {
    let directory = PathBuf::from(env::var_os("CHIMERA_STACK_LOGS")?);
    Some(File::create(directory.join(format!("{process}.log"))).unwrap())
}

/// For REST and for gRPC, as the shop announces them.
fn addresses(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let address = |name: &str| line.get(name)?.as_str()?.parse().ok();
    Some((address("address")?, address("grpc")?))
}
