//! A Kafka that lets nobody in without TLS, a name and a password, and lets nobody do what was not granted.

use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::broker::{Broker, Listens};
use super::guard::{Guard, PASSWORD, USER};
use super::{Chaos, begin, ports};
use crate::program::{Said, chimera, end, start};

/// What docs/kafka.md lists, for the prefix of a test; what begins with it.
const RIGHTS: [(&str, &[&str]); 3] = [
    ("--topic", &["Describe", "DescribeConfigs", "Create", "Read", "Write"]),
    ("--group", &["Describe", "Read"]),
    ("--transactional-id", &["Describe", "Write"]),
];
/// Until a refused program has ended and said why.
const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_shop_enters_a_guarded_kafka_with_the_rights_that_are_documented() {
    let Some(chaos) = begin() else { return };
    let kafka = Guarded::start(&chaos);
    kafka.grant("shop.");
    let authority = kafka.guard.authority();
    let seeded = kafka.demo(&authority, PASSWORD, "1");
    seeded.ended_with(0);
    assert!(seeded.out.contains("20 orders"), "{}", seeded.out);
    assert!(!seeded.err.contains("replica"), "{}", seeded.err);
    let with_three = kafka.demo(&authority, PASSWORD, "3");
    with_three.ended_with(0).and_said("shop.chimera.ownership has 1 replica, 3 are set");
    with_three.and_said("shop.ecommerce.order.order has 1 replica, 3 are set");
}

#[test]
fn who_is_not_let_in_is_told_why_and_no_password_is_shown() {
    let Some(chaos) = begin() else { return };
    let kafka = Guarded::start(&chaos);
    let authority = kafka.guard.authority();
    let wrong = kafka.refused(&authority, "hush-hush-wrong");
    wrong.and_said("it does not let this account in").and_said("Authentication failed");
    let unknown = kafka.refused(&kafka.guard.stranger(), PASSWORD);
    unknown.and_said("the TLS connection failed").and_said("certificate verify failed");
    kafka.refused(Path::new("nowhere.pem"), PASSWORD).and_said("nowhere.pem");
    // Entered, and without any right.
    kafka.refused(&authority, PASSWORD).and_said("TopicAuthorizationFailed");
    let mut printing = kafka.shop(&authority, PASSWORD, "1");
    printing.args(["--print-config", "--set", "kafka.properties.ssl.key.password=hush-hush-key"]);
    let printed = end(start(&mut printing));
    printed.ended_with(0);
    assert!(printed.out.contains("sasl_ssl") && !printed.out.contains("hush"), "{}", printed.out);
}

struct Guarded {
    broker: Broker,
    guard: Guard,
    // Dropped after the process that writes into it.
    room: TempDir,
}

impl Guarded {
    fn start(chaos: &Chaos) -> Self {
        let room = tempfile::tempdir().unwrap();
        let guard = Guard::new(room.path());
        let listens = Listens::without_proxy(1);
        let mut broker = Broker::guarded(&chaos.programs, room.path(), listens, &guard);
        broker.start();
        broker.wait();
        Self { broker, guard, room }
    }

    fn grant(&self, prefix: &str) {
        for (kind, rights) in RIGHTS {
            let clients = format!("127.0.0.1:{}", self.broker.listens.clients);
            let mut command = self.broker.java("64m", "org.apache.kafka.tools.AclCommand");
            command.args(["--bootstrap-server", &clients, "--add"]);
            command.args(["--allow-principal", &format!("User:{USER}")]);
            command.args([kind, prefix, "--resource-pattern-type", "prefixed"]);
            for right in rights {
                command.args(["--operation", right]);
            }
            assert!(start(&mut command).wait().unwrap().success(), "{}", self.broker.log());
        }
    }

    /// A shop whose topics, groups and transactions all begin with `shop.`.
    fn shop(&self, authority: &Path, password: &str, replication: &str) -> std::process::Command {
        let brokers = format!("127.0.0.1:{}", self.broker.listens.proxied);
        let mut command = chimera(&["demo", "--once", "--orders", "20", "--products", "10"]);
        command.args(["--customers", "5", "--log", "kafka", "--partitions", "1"]);
        command.args(["--brokers", &brokers]).arg("--data").arg(self.room.path().join("shop"));
        let address = format!("127.0.0.1:{}", ports::free());
        let settings = [
            ("CLUSTER", "shop"),
            ("TOPIC_PREFIX", "shop."),
            ("SECURITY", "sasl_ssl"),
            ("SASL_MECHANISM", "SCRAM-SHA-512"),
            ("USERNAME", USER),
            ("PASSWORD", password),
            ("REPLICATION", replication),
        ];
        for (name, value) in settings {
            command.env(format!("CHIMERA_KAFKA_{name}"), value);
        }
        command.env("CHIMERA_KAFKA_CA_FILE", authority).env("CHIMERA_NODE_ADDRESS", address);
        command
    }

    fn demo(&self, authority: &Path, password: &str, replication: &str) -> Said {
        let said = end(start(&mut self.shop(authority, password, replication)));
        assert!(!format!("{}{}", said.out, said.err).contains("hush"), "a password is shown");
        said
    }

    #[expect(clippy::print_stderr, reason = "what an operator is told")]
    #[track_caller]
    fn refused(&self, authority: &Path, password: &str) -> Said {
        let begun = Instant::now();
        let said = self.demo(authority, password, "1");
        eprintln!("refused after {:?}: {}", begun.elapsed(), said.err.trim());
        assert!(begun.elapsed() < SOON, "it took {:?}: {}", begun.elapsed(), said.err);
        said.ended_with(1);
        said
    }
}
