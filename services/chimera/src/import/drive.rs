//! Carries an import out: products, opening stock, then every invoice through the real processes, many at a time.
//!
//! Every command has an id that derives from the file, so the same file twice appends nothing, and an import that was
//! interrupted goes on. What returns to the shelf is on it before a later invoice wants it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use indicatif::ProgressBar;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::bucket::{Buckets, Refused};
use super::invoice::{self, CURRENCY, Plan};
use super::job::{Job, OnTheShelf};
use super::movements::{movements, opening_stock};
use super::progress::bar;
use super::report::Report;
use super::sheet::Sheet;
use super::stocking;
use crate::customer::Stuck;
use crate::shop::Shop;

/// How many invoices are under way at the same time.
const AT_ONCE: usize = 256;

/// Imports the first `most` invoices of the sheet, all if none.
///
/// # Errors
/// [`Stuck`] if the log cannot take a command for long.
pub async fn import(shop: &Shop, sheet: &Sheet, most: Option<usize>) -> Result<Report, Stuck> {
    let started = Instant::now();
    let events_before = shop.events();
    let count = most.unwrap_or(usize::MAX).min(sheet.invoices.len());
    let (mut buckets, mut refused) = (Buckets::default(), Vec::new());
    let mut plans = plans(sheet, count, &mut buckets, &mut refused);
    let opening = opening_stock(sheet, &plans);
    plans.retain(|plan| plan.invoice.ordinal < count);
    let products = stocking::stock_up(shop, sheet, count, &opening).await?;
    let progress = bar("rows", u64::try_from(sheet.rows(count)).unwrap_or(u64::MAX));
    let unfinished = drive(shop, sheet, &plans, &progress).await?;
    progress.finish_and_clear();
    shop.at_rest().await;
    let net_sales = buckets.order_lines.sum.plus(buckets.credit_lines.sum).unwrap_or_default();
    let daily_revenue = shop.net_revenue(CURRENCY).await;
    let with = |lines: fn(&Plan<'_>) -> usize| plans.iter().filter(|plan| lines(plan) > 0).count();
    Ok(Report {
        rows: buckets.total(),
        buckets,
        orders: with(|plan| plan.sold.len()),
        credit_notes: with(|plan| plan.credited.len()),
        products,
        events: shop.events().saturating_sub(events_before),
        net_sales,
        daily_revenue,
        reconciled: net_sales == daily_revenue && unfinished.is_empty(),
        refused,
        unfinished,
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Plans of all invoices, for the opening stock needs them all; the rows of the first `count` go into the buckets.
fn plans<'a>(
    sheet: &'a Sheet,
    count: usize,
    buckets: &mut Buckets,
    refused: &mut Vec<Refused>,
) -> Vec<Plan<'a>> {
    let (mut later_buckets, mut later_refused) = (Buckets::default(), Vec::new());
    let mut plans = Vec::with_capacity(sheet.invoices.len());
    for invoice in &sheet.invoices {
        let plan = if invoice.ordinal < count {
            invoice::plan(sheet, invoice, buckets, refused)
        } else {
            invoice::plan(sheet, invoice, &mut later_buckets, &mut later_refused)
        };
        plans.extend(plan);
    }
    plans
}

/// Every invoice, in their order, many at a time. The orders that did not get to their end.
async fn drive(
    shop: &Shop,
    sheet: &Sheet,
    plans: &[Plan<'_>],
    progress: &ProgressBar,
) -> Result<Vec<String>, Stuck> {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut returns: HashMap<usize, Vec<OnTheShelf>> = HashMap::new();
    let (mut running, mut unfinished) = (JoinSet::new(), Vec::new());
    for plan in plans {
        let Ok(permit) = Arc::clone(&at_once).acquire_owned().await else { break };
        let (returned, on_the_shelf) = watch::channel(false);
        let before = to_wait_for(&mut returns, sheet, plan, &on_the_shelf);
        let job = Job::new(sheet, plan, before, returned);
        let (shop, progress) = (shop.clone(), progress.clone());
        running.spawn(async move {
            let rows = job.rows;
            let outcome = job.run(&shop).await;
            drop(permit);
            progress.inc(rows);
            outcome
        });
        while let Some(ended) = running.try_join_next() {
            unfinished.extend(ended.map_err(|error| Stuck::broke_off(&error))??);
        }
    }
    while let Some(ended) = running.join_next().await {
        unfinished.extend(ended.map_err(|error| Stuck::broke_off(&error))??);
    }
    Ok(unfinished)
}

/// The returns that must be on the shelf before this invoice, each waited for by every later invoice of its product; notes this
/// invoice's own returns for those after it.
fn to_wait_for(
    returns: &mut HashMap<usize, Vec<OnTheShelf>>,
    sheet: &Sheet,
    plan: &Plan<'_>,
    own: &OnTheShelf,
) -> Vec<OnTheShelf> {
    let mut before = Vec::new();
    for (product, units) in movements(sheet, plan) {
        let earlier = returns.entry(product).or_default();
        if units > 0 {
            earlier.push(own.clone());
            continue;
        }
        earlier.retain(|returned| !*returned.borrow());
        before.extend(earlier.iter().filter(|returned| !returned.same_channel(own)).cloned());
    }
    before
}
