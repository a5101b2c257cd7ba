//! What can be exported, and into which files.

use chimera_domain::aggregate::Aggregate;
use chimera_domain::order::Order;
use chimera_domain::payment::Payment;
use chimera_domain::product::Product;
use chimera_domain::stock::Stock;

/// One thing to export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chosen {
    /// The events themselves.
    Events,
    /// A row an order or credit note, as it stands at the end.
    FactOrders,
    /// A row a change of what is on hand.
    FactInventoryAdjustments,
    /// A row a version of a product.
    DimProduct,
    /// A row a day.
    DimDate,
}

impl Chosen {
    /// All there is.
    pub const ALL: [Self; 5] = [
        Self::Events,
        Self::FactOrders,
        Self::FactInventoryAdjustments,
        Self::DimProduct,
        Self::DimDate,
    ];

    /// Its name, which is also that of its directory.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::FactOrders => "fact_orders",
            Self::FactInventoryAdjustments => "fact_inventory_adjustments",
            Self::DimProduct => "dim_product",
            Self::DimDate => "dim_date",
        }
    }

    /// The streams that it is made of.
    #[must_use]
    pub fn streams(self) -> &'static [&'static str] {
        match self {
            Self::Events | Self::DimDate => &STREAMS,
            Self::FactOrders => &[Order::STREAM],
            Self::FactInventoryAdjustments => &[Stock::STREAM],
            Self::DimProduct => &[Product::STREAM],
        }
    }
}

const STREAMS: [&str; 4] = [Product::STREAM, Stock::STREAM, Order::STREAM, Payment::STREAM];

/// The kind of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Parquet, compressed with zstd.
    Parquet,
    /// A JSON object a line.
    JsonLines,
}

impl FileFormat {
    /// The end of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::JsonLines => "jsonl",
        }
    }
}
