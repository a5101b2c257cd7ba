//! One broker: its settings, its process, its end. A broker never outlives the test, however that ends.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::program::{soon, start};

use super::guard::Guard;
use super::ports;

/// Any will do; the nodes of one cluster have the same.
const CLUSTER_ID: &str = "chaoschaoschaoschaosAA";

/// At most. The import of a million events needs more than the 320 MB that are enough for everything else.
const HEAP: &str = "1g";

/// How many lines of a broker's log are shown.
const LAST_WORDS: usize = 40;

/// Where one broker listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listens {
    pub(crate) id: usize,
    /// Clients that come without a detour, and the other brokers.
    pub(crate) clients: u16,
    /// Clients that come through a proxy.
    pub(crate) proxied: u16,
    /// The proxy itself, whom those clients are told to come to.
    pub(crate) proxy: u16,
    controller: u16,
}

impl Listens {
    pub(crate) fn free(id: usize) -> Self {
        let [clients, proxied, proxy, controller] = [(); 4].map(|()| ports::free());
        Self { id, clients, proxied, proxy, controller }
    }

    /// Clients that would take a detour are told to come straight.
    pub(crate) fn without_proxy(id: usize) -> Self {
        let listens = Self::free(id);
        Self { proxy: listens.proxied, ..listens }
    }
}

/// A broker with its own directory.
pub(crate) struct Broker {
    pub(crate) listens: Listens,
    programs: PathBuf,
    room: PathBuf,
    running: Option<Running>,
}

impl Broker {
    /// Writes its settings and formats its directory.
    pub(crate) fn new(programs: &Path, room: &Path, nodes: &[Listens], listens: Listens) -> Self {
        let broker = Self::placed(programs, room, listens);
        broker.format(&settings(&broker.room, nodes, listens), &[]);
        broker
    }

    /// As [`Broker::new`], alone, with a guard before the listener for clients that would take a detour.
    pub(crate) fn guarded(programs: &Path, room: &Path, listens: Listens, guard: &Guard) -> Self {
        let broker = Self::placed(programs, room, listens);
        let settings = settings(&broker.room, &[listens], listens) + &guard.settings();
        broker.format(&settings, &Guard::account());
        broker
    }

    fn placed(programs: &Path, room: &Path, listens: Listens) -> Self {
        let room = room.join(format!("broker-{}", listens.id));
        fs::create_dir_all(&room).unwrap();
        fs::write(room.join("log4j2.properties"), "rootLogger.level = warn\n").unwrap();
        Self { listens, programs: programs.to_owned(), room, running: None }
    }

    fn format(&self, settings: &str, further: &[String]) {
        fs::write(self.room.join("settings"), settings).unwrap();
        let mut format = self.java("64m", "kafka.tools.StorageTool");
        format.args(["format", "-t", CLUSTER_ID, "-c"]).arg(self.room.join("settings"));
        let formatted = start(format.args(further)).wait().unwrap();
        assert!(formatted.success(), "{}", self.log());
    }

    /// Starts it; it comes to listen later.
    pub(crate) fn start(&mut self) {
        let mut command = self.java(HEAP, "kafka.Kafka");
        command.arg(self.room.join("settings"));
        self.running = Some(Running::start(&mut command));
    }

    /// Until it takes connections, which it does only when it has joined its cluster.
    pub(crate) fn wait(&mut self) {
        let (id, port) = (self.listens.id, self.listens.clients);
        soon("the broker", || {
            let running = self.running.as_mut()?;
            let ended = running.process.try_wait().unwrap();
            assert!(ended.is_none(), "broker {id} has ended: {}", self.log());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.room.join("log")).unwrap_or_default()
    }

    /// The end of its log, for whoever wants to know why a story failed.
    pub(crate) fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_WORDS)..].join("\n")
    }

    /// A program of Kafka's, whose words go to the log.
    pub(crate) fn java(&self, heap: &str, class: &str) -> Command {
        let log = File::options().create(true).append(true).open(self.room.join("log")).unwrap();
        let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
        let mut command = Command::new(home.unwrap_or_else(|| "java".into()));
        command.arg(format!("-Xmx{heap}"));
        command.args([
            "-Xms64m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
        ]);
        let logging = self.room.join("log4j2.properties");
        command.arg(format!("-Dlog4j2.configurationFile=file:{}", logging.display()));
        command.arg("-cp").arg(self.programs.join("*")).arg(class);
        command.stdin(Stdio::null()).stderr(log.try_clone().unwrap()).stdout(log);
        command
    }
}

/// A process, and a second one that kills it when this one is gone without having done so.
struct Running {
    process: Child,
    watcher: Child,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let process = start(command);
        let mut shell = Command::new("sh");
        shell.args(["-c", "read -r _; kill -9 \"$0\"", &process.id().to_string()]);
        // Its input ends with us.
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process, watcher: start(&mut shell) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // First the one that would otherwise aim at a number which somebody else has by then.
        for child in [&mut self.watcher, &mut self.process] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn settings(room: &Path, nodes: &[Listens], own: Listens) -> String {
    let voter = |node: &Listens| format!("{}@127.0.0.1:{}", node.id, node.controller);
    let voters: Vec<String> = nodes.iter().map(voter).collect();
    let (replicas, in_sync) = if nodes.len() >= 3 { (3, 2) } else { (1, 1) };
    let Listens { id, clients, proxied, proxy, controller } = own;
    let mut settings = format!(
        "node.id={id}\ncontroller.quorum.voters={}\nlog.dirs={}\n\
         listeners=CLIENTS://127.0.0.1:{clients},PROXIED://127.0.0.1:{proxied},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=CLIENTS://127.0.0.1:{clients},PROXIED://127.0.0.1:{proxy}\n",
        voters.join(","),
        room.join("data").display(),
    );
    for kind in ["default.replication.factor", "offsets.topic.replication.factor"] {
        let _ = writeln!(settings, "{kind}={replicas}");
    }
    let _ = writeln!(settings, "transaction.state.log.replication.factor={replicas}");
    let _ = writeln!(settings, "transaction.state.log.min.isr={in_sync}");
    let _ = writeln!(settings, "min.insync.replicas={in_sync}");
    settings + ALWAYS
}

/// A killed node is noticed soon, and may come back soon; little memory, two cores.
const ALWAYS: &str = "\
process.roles=broker,controller
listener.security.protocol.map=CLIENTS:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
auto.create.topics.enable=false
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
controller.quorum.election.timeout.ms=1000
controller.quorum.fetch.timeout.ms=2000
replica.lag.time.max.ms=3000
group.min.session.timeout.ms=500
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=3
transaction.state.log.num.partitions=3
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.partition.verification.enable=true
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=1
log.segment.bytes=67108864
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=16777216
";
