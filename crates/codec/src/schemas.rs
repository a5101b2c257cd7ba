//! The schemas that come with the program: one line here for each version ever released, its text in `schemas/avro`.
//!
//! A line is never changed or removed: events written with it are in the log for ever.

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

/// A line of [`BUNDLED`]: stream, version, id; the text is `schemas/avro/<stream>/v<version>.avsc`.
macro_rules! bundled {
    ($($stream:literal v $version:literal id $id:literal,)*) => {
        &[$(BundledSchema {
            stream: $stream,
            version: $version,
            id: $id,
            json: include_str!(concat!(
                "../../../schemas/avro/", $stream, "/v", $version, ".avsc"
            )),
        },)*]
    };
}

/// In the order of their versions, within a stream.
const BUNDLED: &[BundledSchema] = bundled![
    "ecommerce.product.product" v 1 id 1001,
    "ecommerce.inventory.stock" v 1 id 2001,
    "ecommerce.order.order" v 1 id 3001,
    "ecommerce.payment.payment" v 1 id 4001,
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
