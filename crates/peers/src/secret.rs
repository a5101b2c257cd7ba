//! What nodes show each other, so that nobody else gives them commands.

use std::fmt;

use subtle::ConstantTimeEq;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::{Request, Status};

const HEADER: &str = "authorization";

/// The secret of an installation; the same on all of its nodes.
#[derive(Clone)]
pub struct ClusterSecret(Option<MetadataValue<Ascii>>);

impl ClusterSecret {
    /// The secret, or none where only this machine can connect. Refused where it has other than visible ASCII characters.
    ///
    /// # Errors
    /// What it must be.
    pub fn new(secret: Option<&str>) -> Result<Self, &'static str> {
        let Some(secret) = secret else { return Ok(Self(None)) };
        let shown = format!("Bearer {secret}").parse::<MetadataValue<Ascii>>();
        let mut shown = shown.map_err(|_| "must have visible ASCII characters only")?;
        shown.set_sensitive(true);
        Ok(Self(Some(shown)))
    }

    /// Puts it on a request.
    pub(crate) fn show<T>(&self, request: &mut Request<T>) {
        if let Some(secret) = &self.0 {
            request.metadata_mut().insert(HEADER, secret.clone());
        }
    }

    /// Refuses a request that does not show it.
    pub(crate) fn check(&self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(secret) = &self.0 else { return Ok(request) };
        let shown = request.metadata().get(HEADER).map_or(&[][..], |shown| shown.as_bytes());
        if bool::from(shown.ct_eq(secret.as_bytes())) {
            return Ok(request);
        }
        tracing::warn!(
            "a request from a node that does not show this installation's secret was refused"
        );
        Err(Status::unauthenticated("set node.secret to the same on every node"))
    }
}

impl fmt::Debug for ClusterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "ClusterSecret(***)" } else { "ClusterSecret(none)" })
    }
}
