//! Imports: other systems' files turned into the commands of the shop, safe to repeat and to interrupt.

pub mod books;
mod bucket;
mod drive;
mod invoice;
mod job;
mod movements;
pub(crate) mod progress;
mod report;
mod row;
mod sheet;
mod stocking;

pub use drive::import;
pub use report::Report;
pub use row::FileError;
pub use sheet::Sheet;

use chimera_config::Config;

use crate::shop::errand::in_the_shop;
use crate::terminal::{Format, show};

/// Imports the "Online Retail" file into the data directory. False if the books do not balance.
///
/// # Errors
/// If the file is not in order (nothing is imported then), or the shop cannot be opened or take the commands.
pub async fn online_retail(
    config: Config,
    file: &str,
    invoices: Option<usize>,
    format: Format,
) -> anyhow::Result<bool> {
    let sheet = Sheet::read(file)?;
    let report =
        in_the_shop(config, async move |shop| Ok(import(&shop, &sheet, invoices).await?)).await?;
    show(&report, format);
    Ok(report.reconciled)
}
