//! This node among the others: where they reach it, what it does for them, and how it leaves.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chimera_config::{Config, LogKind, Secret};
use chimera_engine::{Cluster, LocalStream, Phase};
use chimera_kit::lifecycle::{Lifecycle, Stage};
use chimera_log::EventLog;
use chimera_peers::{ClusterSecret, GrpcPeers};

use super::shards::Status;

/// How long the next owners may take to claim what this node leaves; they read up meanwhile.
const HAND_OVER: Duration = Duration::from_secs(10);

/// Where the other nodes reach this one.
pub(super) struct Door {
    listener: TcpListener,
    secret: ClusterSecret,
    /// `host:port`, as it stands beside claims.
    pub(super) advertised: Arc<str>,
}

/// Opens the door, where there may be other nodes.
pub(super) fn open(config: &Config) -> anyhow::Result<Option<Door>> {
    if config.log.kind == LogKind::Embedded {
        return Ok(None);
    }
    let address = config.node.address;
    let listener = TcpListener::bind(address)
        .with_context(|| format!("node.address {address} cannot be listened on"))?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?.to_string();
    let advertised = config.node.advertised.clone().unwrap_or(bound).into();
    let secret = ClusterSecret::new(config.node.secret.as_ref().map(Secret::expose));
    let secret = secret.map_err(|must| anyhow::anyhow!("node.secret {must}"))?;
    Ok(Some(Door { listener, secret, advertised }))
}

impl Door {
    /// The way to the others.
    pub(super) fn cluster(&self) -> Cluster {
        let peers = Arc::new(GrpcPeers::new(self.secret.clone()));
        Cluster { peers, own_address: Arc::clone(&self.advertised) }
    }

    /// Does for the others what this node owns, until the process ends.
    pub(super) fn serve(
        self,
        streams: Vec<Arc<dyn LocalStream>>,
        lifecycle: &mut Lifecycle,
    ) -> anyhow::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let mut stopping = lifecycle.stopping(Stage::Intake);
        lifecycle.spawn(Stage::Intake, "nodes", async move {
            let stopped = async move { stopping.wait().await };
            let served = chimera_peers::serve(listener, streams, self.secret, stopped).await;
            served.map_err(|error| error.to_string())
        });
        Ok(())
    }
}

/// When the process ends, gives its partitions to the others while it still answers everybody.
pub(super) fn hand_over(log: Arc<dyn EventLog>, statuses: Vec<Status>, lifecycle: &mut Lifecycle) {
    let mut stopping = lifecycle.stopping(Stage::HandOver);
    lifecycle.spawn(Stage::HandOver, "hand-over", async move {
        stopping.wait().await;
        let left = tokio::task::spawn_blocking(move || log.leave()).await;
        if !left.unwrap_or(false) {
            return Ok(());
        }
        let all = async {
            for mut status in statuses {
                let writes = |phase: &Phase| matches!(phase, Phase::Serving | Phase::Recovering);
                let _ = status.wait_for(|status| !writes(&status.phase)).await;
            }
        };
        if tokio::time::timeout(HAND_OVER, all).await.is_err() {
            tracing::warn!("not every partition was claimed by another node in time");
        }
        Ok(())
    });
}
