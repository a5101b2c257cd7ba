//! The schemas that come with the program: one entry here for each version ever released, its text in
//! `schemas/avro/<stream>/v<version>.avsc`.
//!
//! An entry is never changed or removed: events written with it are in the log for ever.

/// One version of the schema of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundledSchema {
    /// The stream (on Kafka: the topic).
    pub stream: &'static str,
    /// 1, 2, 3…
    pub version: i32,
    /// The id in the frames of the embedded log; a registry gives ids of its own.
    pub id: u32,
    /// The schema itself, Avro JSON.
    pub json: &'static str,
}

impl BundledSchema {
    /// Under which name a registry keeps it.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}-value", self.stream)
    }
}

/// In the order of their versions, within a stream.
const BUNDLED: &[BundledSchema] = &[
    BundledSchema {
        stream: "ecommerce.product.product",
        version: 1,
        id: 1001,
        json: include_str!("../../../schemas/avro/ecommerce.product.product/v1.avsc"),
    },
    BundledSchema {
        stream: "ecommerce.inventory.stock",
        version: 1,
        id: 2001,
        json: include_str!("../../../schemas/avro/ecommerce.inventory.stock/v1.avsc"),
    },
    BundledSchema {
        stream: "ecommerce.order.order",
        version: 1,
        id: 3001,
        json: include_str!("../../../schemas/avro/ecommerce.order.order/v1.avsc"),
    },
    BundledSchema {
        stream: "ecommerce.payment.payment",
        version: 1,
        id: 4001,
        json: include_str!("../../../schemas/avro/ecommerce.payment.payment/v1.avsc"),
    },
];

/// Every version of every stream's schema.
#[must_use]
pub fn bundled_schemas() -> &'static [BundledSchema] {
    BUNDLED
}

/// Every version of one stream's schema, oldest first; none where the stream is not known.
#[must_use]
pub fn schemas_of(stream: &str) -> Vec<&'static BundledSchema> {
    BUNDLED.iter().filter(|schema| schema.stream == stream).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{read_dir, read_to_string};
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_schemas_is_bundled_under_its_stream_and_version() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/avro");
        for BundledSchema { stream, version, json, .. } in bundled_schemas() {
            let path = root.join(stream).join(format!("v{version}.avsc"));
            assert_eq!(read_to_string(&path).unwrap(), *json, "{}", path.display());
        }
        let streams = read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
        let files = streams.filter(|path| path.is_dir()).flat_map(|path| read_dir(path).unwrap());
        assert_eq!(files.count(), bundled_schemas().len());
    }
}
