//! A catalogue of books: each row a product with its price and its stock, through the shop's own commands.
//!
//! What the file does not say of price and stock is made up from the product's id, so that the same file gives the same shop. Every
//! command has an id that derives from the row, so the same file twice appends nothing.

mod report;
mod row;
mod seed;

use std::time::Instant;

use chimera_config::Config;
use chimera_domain::aggregate::Refusal;
use chimera_domain::product::Command;
use chimera_domain::stock::{self, AdjustmentReason};
use futures_util::stream::{self, StreamExt};

use super::progress::bar;
use crate::customer::{Errand, Stuck};
use crate::shop::Shop;
use crate::shop::errand::in_the_shop;
use crate::terminal::{Format, show};
pub use report::{BooksReport, RefusedBook};
pub use row::{Book, read};

const AT_ONCE: usize = 512;

/// Imports a catalogue of books into the data directory. False if a row was refused.
///
/// # Errors
/// If the file is not in order (nothing is imported then), or the shop cannot be opened or take the commands.
pub async fn books(config: Config, file: &str, format: Format) -> anyhow::Result<bool> {
    let shelf = read(file)?;
    let report = in_the_shop(config, async move |shop| Ok(import(&shop, shelf).await?)).await?;
    show(&report, format);
    Ok(report.refused.is_empty())
}

/// Creates every book and puts its stock on the shelf, many at a time.
///
/// # Errors
/// [`Stuck`] if the log cannot take a command for long.
pub async fn import(shop: &Shop, shelf: Vec<Book>) -> Result<BooksReport, Stuck> {
    let (started, events_before) = (Instant::now(), shop.events());
    let mut report = BooksReport::of(&shelf);
    let progress = bar("books", report.rows as u64);
    let mut introduced = stream::iter(shelf)
        .map(|book| {
            let progress = progress.clone();
            async move {
                let refused = introduce(shop, &book).await?;
                progress.inc(1);
                Ok::<_, Stuck>(refused.map(|reason| RefusedBook { line: book.line, reason }))
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(refused) = introduced.next().await {
        report.refused.extend(refused?);
    }
    drop(introduced);
    progress.finish_and_clear();
    shop.at_rest().await;
    report.refused.sort_by_key(|refused| refused.line);
    report.events = shop.events().saturating_sub(events_before);
    report.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(report)
}

/// One book with its stock; why it was refused, if it was.
async fn introduce(shop: &Shop, book: &Book) -> Result<Option<String>, Stuck> {
    let name = format!("import:books:{}", book.id).into();
    let errand = Errand { name, at: book.at };
    let create =
        Command::Create { details: book.details.clone(), price: book.price, stock_tracked: true };
    let key = book.id.as_key();
    let created = errand.send(&shop.products, key, "create", create).await?;
    if let Err(refusal) = created {
        // A product that is there already keeps what it has.
        let there = refusal.code() == "product.already_exists";
        return Ok((!there).then(|| refusal.to_string()));
    }
    if book.stock == 0 {
        return Ok(None);
    }
    let adjust = stock::Command::Adjust {
        delta: book.stock,
        reason: AdjustmentReason::Imported,
        reorder_level: None,
        reference: Some("import:books:opening".to_owned()),
    };
    let adjusted = errand.send(&shop.stock, key, "opening", adjust).await?;
    Ok(adjusted.err().map(|refusal| refusal.to_string()))
}
