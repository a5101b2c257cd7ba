//! `docker-compose.kafka.yml` says what the program understands: settings, commands, ports, conditions, versions.
//!
//! Reads files only; starts no container.
#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chimera::cli::Cli;
use chimera_config::{AuthMode, Config, LogKind};
use clap::Parser;
use serde::Deserialize;

type Texts = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Compose {
    services: BTreeMap<String, Service>,
    #[serde(default)]
    volumes: BTreeMap<String, Option<Texts>>,
}

#[derive(Deserialize)]
struct Service {
    image: String,
    build: Option<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: Texts,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    volumes: Vec<String>,
    #[serde(default)]
    depends_on: BTreeMap<String, Dependency>,
    healthcheck: Option<HealthCheck>,
    mem_limit: String,
}

#[derive(Deserialize)]
struct Dependency {
    condition: String,
}

#[derive(Deserialize)]
struct HealthCheck {
    #[serde(default)]
    test: Vec<String>,
}

impl Service {
    fn is_chimera(&self) -> bool {
        self.build.is_some()
    }

    fn name_and_tag(&self) -> (&str, &str) {
        self.image.rsplit_once(':').unwrap()
    }

    /// Port on the host, port in the container.
    fn mapped(&self) -> Vec<(u16, u16)> {
        let pair = |text: &String| {
            let (host, container) =
                text.strip_prefix("127.0.0.1:").unwrap().split_once(':').unwrap();
            (host.parse().unwrap(), container.parse().unwrap())
        };
        self.ports.iter().map(pair).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// `NAME=value` lines; what follows white space is a remark.
fn assignments(path: &str) -> Texts {
    let lines = text(path);
    let pairs =
        lines.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| {
            let value = value.split_whitespace().next().unwrap_or_default();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

fn compose() -> Compose {
    serde_saphyr::from_str(&text("docker-compose.kafka.yml")).unwrap()
}

/// The settings of a service, secrets filled in as `.env` would.
fn settings(service: &Service) -> Config {
    let fill = |(name, value): (&String, &String)| {
        let secret = value.strip_prefix("${").is_some();
        (name.clone(), if secret { "s".repeat(32) } else { value.clone() })
    };
    Config::load(None, service.environment.iter().map(fill), &[]).unwrap()
}

#[test]
fn every_node_loads_its_settings_and_is_reached_where_its_ports_lead() {
    let compose = compose();
    let nodes: Vec<_> =
        compose.services.iter().filter(|(_, s)| s.is_chimera() && s.command == ["serve"]).collect();
    assert_eq!(nodes.len(), 3);
    for (name, node) in nodes {
        let config = settings(node);
        assert_eq!((config.log.kind, config.auth.mode), (LogKind::Kafka, AuthMode::Jwt));
        let inside: Vec<u16> = node.mapped().iter().map(|(_, port)| *port).collect();
        assert_eq!(inside, [config.http.address.port(), config.grpc.address.port()], "{name}");
        let advertised = format!("{name}:{}", config.node.address.port());
        assert_eq!(config.node.advertised.as_deref(), Some(&*advertised));
        assert!(config.http.address.ip().is_unspecified(), "{name} listens where ports lead");
    }
}

#[test]
fn every_command_is_one_of_the_program() {
    for (name, service) in compose().services.iter().filter(|(_, s)| s.is_chimera()) {
        let said = Cli::try_parse_from(["chimera".to_owned()].iter().chain(&service.command));
        assert!(said.is_ok(), "{name}: {}", said.unwrap_err());
        let _ = settings(service);
    }
}

#[test]
fn brokers_and_registry_are_services_at_the_ports_that_they_listen_on() {
    let compose = compose();
    for service in compose.services.values().filter(|service| service.is_chimera()) {
        let config = settings(service);
        let (broker, port) = config.kafka.brokers.split_once(':').unwrap();
        let listeners = &compose.services[broker].environment["KAFKA_ADVERTISED_LISTENERS"];
        assert!(listeners.contains(&format!("CLIENTS://{broker}:{port}")), "{listeners}");
        let floor: u32 = compose.services[broker].environment["KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS"]
            .parse()
            .unwrap();
        assert!(floor <= config.kafka.session_ms, "the brokers would refuse the nodes' session");
        let url = config.registry.url.unwrap();
        assert_eq!(url, "http://registry:8080/apis/ccompat/v7");
        assert_eq!(compose.services["registry"].mapped()[0].1, 8080);
    }
}

#[test]
fn read_models_lie_in_services_at_the_ports_that_they_listen_on() {
    let compose = compose();
    let nodes = compose.services.values().filter(|service| service.command == ["serve"]);
    for node in nodes {
        let config = settings(node);
        assert!(config.stores.are_shared());
        let addresses = [
            config.cassandra.nodes,
            config.redis.url.replace("redis://", ""),
            config.opensearch.url.replace("http://", ""),
        ];
        for address in addresses {
            let (service, port) = address.split_once(':').unwrap();
            assert_eq!(compose.services[service].mapped()[0].1.to_string(), port);
            assert!(node.depends_on.contains_key(service), "{service} must be there first");
        }
    }
}

#[test]
fn secrets_are_asked_for_and_the_example_names_them_without_values() {
    let example = assignments(".env.example");
    assert!(example.values().all(String::is_empty));
    let compose = text("docker-compose.kafka.yml");
    let asked: Vec<&str> =
        compose.split("${").skip(1).filter_map(|rest| rest.split(":?").next()).collect();
    assert_eq!(asked.len(), example.len());
    assert!(asked.iter().all(|name| example.contains_key(*name)), "{asked:?}");
    for line in compose.lines().filter(|line| line.contains("_SECRET:")) {
        assert!(line.contains(":?"), "a secret in the open: {line}");
    }
}

#[test]
fn who_waits_for_a_healthy_service_waits_for_one_that_can_say_so() {
    let compose = compose();
    for (name, service) in &compose.services {
        for (on, dependency) in &service.depends_on {
            let awaited = &compose.services[on];
            let checked = awaited.healthcheck.as_ref().is_some_and(|check| check.test.len() > 1);
            match &*dependency.condition {
                "service_healthy" => assert!(checked, "{name} waits for {on}"),
                "service_completed_successfully" => assert_eq!(awaited.command, ["migrate"]),
                other => unreachable!("{name}: {other}"),
            }
        }
    }
}

#[test]
fn every_service_is_pinned_limited_and_alone_on_its_host_ports() {
    let compose = compose();
    let mut taken = Vec::new();
    let mut mebibytes = 0;
    for (name, service) in &compose.services {
        let (_, tag) = service.name_and_tag();
        assert!(
            service.is_chimera() || tag.starts_with(|c: char| c.is_ascii_digit() || c == 'v'),
            "{name}: {tag}"
        );
        taken.extend(service.mapped().into_iter().map(|(host, _)| host));
        mebibytes += match service.mem_limit.split_at(service.mem_limit.len() - 1) {
            (number, "g") => number.parse::<u32>().unwrap() * 1024,
            (number, "m") => number.parse().unwrap(),
            other => unreachable!("{name}: {other:?}"),
        };
        for volume in &service.volumes {
            let (volume, _) = volume.split_once(':').unwrap();
            assert!(compose.volumes.contains_key(volume), "{name}: {volume}");
        }
    }
    let count = taken.len();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), count, "two services on one port");
    assert!(mebibytes <= 8 * 1024 - 512, "{mebibytes} MiB leave nothing of 8 GiB for the system");
}

#[test]
fn versions_are_those_of_the_native_services() {
    let versions = assignments("deploy/native/versions.env");
    let compose = compose();
    for (service, variable) in [
        ("kafka", "KAFKA_VERSION"),
        ("registry", "REGISTRY_VERSION"),
        ("cassandra", "CASSANDRA_VERSION"),
        ("opensearch", "OPENSEARCH_VERSION"),
    ] {
        assert_eq!(compose.services[service].name_and_tag().1, versions[variable], "{service}");
    }
    let redis = compose.services["redis"].name_and_tag().1.split('.').next().unwrap();
    let major: u32 = redis.parse().unwrap();
    assert!(major >= versions["REDIS_AT_LEAST"].parse().unwrap());
}

#[test]
fn the_image_listens_keeps_and_checks_as_the_file_says() {
    let image = text("Dockerfile");
    let compose = compose();
    let node = &compose.services["chimera-1"];
    let config = settings(node);
    let ports = [&config.http.address, &config.grpc.address, &config.node.address]
        .map(|address| address.port().to_string());
    assert!(image.contains(&format!("EXPOSE {}", ports.join(" "))));
    let kept = node.volumes[0].split_once(':').unwrap().1;
    assert!(image.contains(&format!("ENV CHIMERA_DATA_DIR={kept}\n")));
    assert!(image.contains("ENTRYPOINT [\"chimera\"]") && image.contains("\nUSER 10001\n"));
    let check = &node.healthcheck.as_ref().unwrap().test;
    assert_eq!(check[..], ["CMD", "chimera-ready"]);
    assert!(image.contains("COPY deploy/docker/ready /usr/local/bin/chimera-ready"));
    for base in image.lines().filter_map(|line| line.strip_prefix("FROM ")) {
        assert!(base.contains(|c: char| c.is_ascii_digit()), "not pinned: {base}");
    }
}
