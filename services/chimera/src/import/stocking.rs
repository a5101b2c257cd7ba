//! The products of a file and their opening stock, before the first invoice.

use std::collections::BTreeSet;
use std::sync::Arc;

use chimera_domain::money::Money;
use chimera_domain::product::{Command, Details};
use chimera_domain::stock::{self, AdjustmentReason};
use futures_util::stream::{self, TryStreamExt};

use super::invoice::{CURRENCY, is_goods, product_id};
use super::sheet::{Article, Sheet};
use crate::customer::{Errand, Stuck};
use crate::shop::Shop;

const AT_ONCE: usize = 512;

/// Creates the products of the first `count` invoices and puts their opening stock on the shelf. How many there are.
pub(super) async fn stock_up(
    shop: &Shop,
    sheet: &Sheet,
    count: usize,
    opening: &[i64],
) -> Result<usize, Stuck> {
    let lines = sheet.invoices.iter().take(count).flat_map(|invoice| &invoice.lines);
    let used: BTreeSet<u32> = lines.map(|line| line.product).collect();
    let articles = used.iter().map(|&index| {
        let index = index as usize;
        Ok::<_, Stuck>((&sheet.articles[index], opening.get(index).copied().unwrap_or(0)))
    });
    stream::iter(articles)
        .try_for_each_concurrent(AT_ONCE, |(article, units)| introduce(shop, article, units))
        .await?;
    shop.prices_known().await;
    Ok(used.len())
}

async fn introduce(shop: &Shop, article: &Article, units: i64) -> Result<(), Stuck> {
    let Some(product) = product_id(&article.code) else { return Ok(()) };
    let name = format!("import:online-retail:product:{product}").into();
    let errand = Errand { name, at: article.first_seen };
    let create = Command::Create {
        details: Box::new(details(article)),
        price: Money { amount: article.price, currency: CURRENCY },
        stock_tracked: is_goods(&article.code),
    };
    let key = Arc::clone(product.as_key());
    // A product that is there already is what is wanted.
    let _ = errand.send(&shop.products, &key, "create", create).await?;
    if units == 0 {
        return Ok(());
    }
    let adjust = stock::Command::Adjust {
        delta: units,
        reason: AdjustmentReason::Imported,
        reorder_level: None,
        reference: Some("import:online-retail:opening".to_owned()),
    };
    if let Err(refusal) = errand.send(&shop.stock, &key, "opening", adjust).await? {
        tracing::warn!(product = %product, %refusal, "the opening stock was refused");
    }
    Ok(())
}

/// The title cut to what a title may be; the code where the file has no description at all.
fn details(article: &Article) -> Details {
    let title = if article.title.is_empty() { &article.code } else { &article.title };
    Details { title: title.chars().take(255).collect(), ..Details::default() }
}
