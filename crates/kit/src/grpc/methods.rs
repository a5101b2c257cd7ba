//! The services and methods that clients are promised, out of the contract's descriptors.

use std::collections::BTreeSet;

use chimera_proto::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::FileDescriptorSet;

/// Names, so that nobody can invent labels of metrics or services to ask the health of.
#[derive(Debug, Default)]
pub(super) struct Methods {
    /// `chimera.order.v1.Orders`.
    pub(super) services: BTreeSet<String>,
    /// `/chimera.order.v1.Orders/PlaceOrder`.
    pub(super) paths: BTreeSet<String>,
}

impl Methods {
    /// Those of the contract.
    pub(super) fn promised() -> Self {
        let mut all = Self::default();
        let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
        for file in files.file {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                for method in &service.method {
                    all.paths.insert(format!("/{name}/{}", method.name()));
                }
                all.services.insert(name);
            }
        }
        all
    }

    /// The path where it is one of theirs.
    pub(super) fn label(&self, path: &str) -> String {
        self.paths.get(path).map_or_else(|| "none".to_owned(), Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_promised_methods_have_a_label() {
        let methods = Methods::promised();
        let place = "/chimera.order.v1.Orders/PlaceOrder";
        assert_eq!(methods.label(place), place);
        assert_eq!(methods.label("/chimera.order.v1.Orders/Invented"), "none");
        assert_eq!(methods.label("/chimera.internal.v1.Forward/Execute"), "none");
        assert_eq!((methods.services.len(), methods.paths.len()), (3, 22));
    }
}
