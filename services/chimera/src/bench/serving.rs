//! A shop that serves on free ports while it is measured, and ends in order afterwards.

use std::net::SocketAddr;

use chimera_config::Config;
use chimera_kit::lifecycle::{Ended, Stage};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::serve;
use crate::shop::Shop;
use crate::shop::errand::ready;

/// A shop under load.
pub(super) struct Serving {
    pub(super) shop: Shop,
    /// For REST.
    pub(super) address: SocketAddr,
    /// For gRPC.
    pub(super) grpc: SocketAddr,
    measured: oneshot::Sender<()>,
    served: JoinHandle<Ended>,
}

impl Serving {
    /// Opens it, and waits until it is ready.
    pub(super) async fn open(
        mut config: Config,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        config.http.address = SocketAddr::from(([127, 0, 0, 1], 0));
        config.grpc.address = config.http.address;
        let mut open = serve::open(config, metrics).await?;
        let (measured, end) = oneshot::channel::<()>();
        open.lifecycle.spawn(Stage::Intake, "load", async move {
            let _ = end.await;
            Ok(())
        });
        let serve::Open { shop, health, lifecycle, address, grpc } = open;
        let served = tokio::spawn(lifecycle.run());
        ready(&health).await;
        Ok(Self { shop, address, grpc, measured, served })
    }

    /// Ends it in order.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        let Self { shop, measured, served, .. } = self;
        let _ = measured.send(());
        drop(shop);
        served.await?;
        Ok(())
    }
}
