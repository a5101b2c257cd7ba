//! A shop on Kafka with a schema registry and all real stores, under names of its own, and a desk beside it at which the runbook is
//! carried out.

use std::fmt::Write as _;
use std::path::Path;

use chimera_log_kafka::{KafkaLog, KafkaSettings};
use serde_json::Value as Json;

use crate::book::Desk;
use crate::places::brokers;
use crate::ports;
use crate::program::Said;
use crate::serving::Serving;
use crate::shop::Shop;

/// Gone with the test, but for what the stores hold.
pub(crate) struct ClusterShop {
    pub(crate) desk: Desk,
    shop: Shop,
}

impl ClusterShop {
    /// An empty one, whose schemas are registered at `registry`.
    pub(crate) fn new(story: &str, registry: &str) -> Self {
        let (mut desk, shop) = (Desk::empty(), Shop::new(story));
        for setting in shop.stores().iter().filter(|word| *word != "--set") {
            let (key, value) = setting.split_once('=').unwrap();
            desk.tell(&variable(key), value);
        }
        let prefix = format!("{}.", shop.name());
        for (key, value) in [
            ("log.kind", "kafka"),
            ("kafka.brokers", &brokers()),
            ("kafka.topic_prefix", &prefix),
            ("kafka.cluster", shop.name()),
            ("registry.url", registry),
            ("grpc.address", "127.0.0.1:0"),
            ("node.address", &format!("127.0.0.1:{}", ports::free())),
        ] {
            desk.tell(&variable(key), value);
        }
        Self { desk, shop }
    }

    /// Stands before the names of its topics, its keyspace, its keys and its indices.
    pub(crate) fn name(&self) -> &str {
        self.shop.name()
    }

    /// Imports what a file would hold to its end.
    pub(crate) fn import(&self, file: &str) {
        self.import_file(&self.shop.written("retail.csv", file));
    }

    /// Imports a file to its end.
    pub(crate) fn import_file(&self, file: &Path) {
        let import = format!("chimera import online-retail {} --format json", file.display());
        let report = self.desk.carry_out(&import).json();
        assert_eq!(report["reconciled"], true, "{report:#}");
    }

    /// Starts a node and waits until it is ready.
    pub(crate) fn serves(&self) -> Serving {
        let serving = Serving::of(&mut self.desk.shell("exec chimera serve --http 127.0.0.1:0"));
        serving.wait_until_ready();
        serving
    }

    /// What `replay` says as JSON, whatever it found.
    pub(crate) fn replay(&self, words: &str) -> Json {
        let Said { out, err, .. } = self.desk.try_out(&format!("replay {words} --format json"));
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{words}: {out}{err}"))
    }

    /// Every read model must be what the log says, up to its end.
    pub(crate) fn is_identical(&self, when: &str) {
        let report = self.replay("verify");
        assert_eq!(report["verdict"], "identical", "{when}: {report:#}");
        assert!(crate::shop::is_level(&report), "{when}: {report:#}");
    }

    /// The generation of a read model that readers see.
    pub(crate) fn live(&self, model: &str) -> u64 {
        let status = self.replay("status");
        let models = status["models"].as_array().unwrap();
        let found = models.iter().find(|found| found["name"] == model);
        found.unwrap_or_else(|| panic!("{status:#}"))["live"].as_u64().unwrap()
    }

    /// Fills it with orders up to this one, or finds them there.
    pub(crate) fn demo(&self, orders: u32) -> Json {
        let demo = format!(
            "chimera demo --once --orders {orders} --products 40 --customers 8 --format json"
        );
        self.desk.carry_out(&demo).json()
    }

    /// Where each partition ends, and the events of some orders of the demo with their ids.
    pub(crate) fn history(&self) -> String {
        let status = self.replay("status");
        let mut history = String::new();
        for partition in status["partitions"].as_array().unwrap() {
            let (stream, index, last) =
                (&partition["stream"], &partition["partition"], &partition["last"]);
            writeln!(history, "{stream}/{index} ends at {last}").unwrap();
        }
        for order in [1, 30, 60] {
            let inspect = format!("replay inspect order demo-42-{order:06} --format json");
            history.push_str(&self.desk.carry_out(&inspect).out);
        }
        history
    }

    /// Begins the names of topics that it may be restored to.
    pub(crate) fn restored_name(&self) -> String {
        format!("{}-restored", self.name())
    }

    /// From now on it is the shop with these topics, and a data directory of this name.
    pub(crate) fn moves(&mut self, registry: &str, topic_prefix: &str, data: &str) {
        let data = self.desk.room().join(data).display().to_string();
        for (key, value) in
            [("registry.url", registry), ("kafka.topic_prefix", topic_prefix), ("data.dir", &data)]
        {
            self.desk.tell(&variable(key), value);
        }
    }

    /// Deletes its topics, and those of shops that it was restored to.
    pub(crate) fn lose_topics(&self) {
        let topic_prefix = self.name().to_owned();
        let settings =
            KafkaSettings { topic_prefix, ..KafkaSettings::new(&brokers(), self.name()) };
        KafkaLog::open(settings).unwrap().delete_topics().unwrap();
    }
}

/// As the environment names a setting.
fn variable(key: &str) -> String {
    format!("CHIMERA_{}", key.to_uppercase().replace('.', "_"))
}
