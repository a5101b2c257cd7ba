//! One invoice on its way: its order to FULFILLED, its corrections, its credit note.

use std::sync::Arc;

use chimera_domain::aggregate::Refusal;
use chimera_domain::ids::OrderId;
use chimera_domain::money::Money;
use chimera_domain::order::{
    Address, Charges, Command, Crediting, Line, LineRequest, Placing, Status,
};
use chimera_domain::product::Offer;
use chimera_domain::stock::{self, AdjustmentReason};
use futures_util::future::try_join_all;
use tokio::sync::watch;

use super::invoice::{CURRENCY, Plan, article, is_goods, product_id};
use super::sheet::{self, Sheet};
use crate::customer::{Errand, Stuck};
use crate::shop::Shop;

/// The simulator's token for a payment that succeeds.
const TOKEN: &str = "tok_approve";

/// Turns true when what an invoice brings back is on the shelf.
pub(super) type OnTheShelf = watch::Receiver<bool>;

/// An invoice as a task takes it along.
pub(super) struct Job {
    pub(super) rows: u64,
    errand: Errand,
    order: OrderId,
    place: Option<Placing>,
    credit: Option<Crediting>,
    corrections: Vec<(Arc<str>, stock::Command)>,
    before: Vec<OnTheShelf>,
    returned: watch::Sender<bool>,
}

impl Job {
    pub(super) fn new(
        sheet: &Sheet,
        plan: &Plan<'_>,
        before: Vec<OnTheShelf>,
        returned: watch::Sender<bool>,
    ) -> Self {
        let name = format!("import:online-retail:{}", plan.order).into();
        Self {
            rows: plan.invoice.lines.len() as u64,
            errand: Errand { name, at: plan.invoice.at },
            order: plan.order.clone(),
            place: placing(sheet, plan),
            credit: crediting(sheet, plan),
            corrections: corrections(sheet, plan),
            before,
            returned,
        }
    }

    /// What is not as it should be in the end, if anything.
    pub(super) async fn run(mut self, shop: &Shop) -> Result<Option<String>, Stuck> {
        for returned in &mut self.before {
            // A sender that is gone has failed by itself and says so.
            let _ = returned.wait_for(|&returned| returned).await;
        }
        let mut problems = Vec::new();
        problems.extend(self.sell(shop).await?);
        problems.extend(self.correct(shop).await?);
        problems.extend(self.give_credit(shop).await?);
        self.returned.send_replace(true);
        let text = || format!("{}: {}", self.order, problems.join("; "));
        Ok((!problems.is_empty()).then(text))
    }

    async fn sell(&mut self, shop: &Shop) -> Result<Option<String>, Stuck> {
        let Some(placing) = self.place.take() else { return Ok(None) };
        let command = Command::Place(Box::new(placing));
        let key = self.order.as_key();
        if let Err(refusal) = self.errand.send(&shop.orders, key, "place", command).await? {
            return Ok(Some(format!("{}: {refusal}", refusal.code())));
        }
        let status = self.errand.see_through(&shop.orders, &self.order, TOKEN).await?;
        Ok((status != Status::Fulfilled).then(|| status.to_string()))
    }

    async fn correct(&self, shop: &Shop) -> Result<Vec<String>, Stuck> {
        let sent = self.corrections.iter().enumerate().map(|(number, (key, command))| async move {
            let verb = format!("correct:{number}");
            self.errand.send(&shop.stock, key, &verb, command.clone()).await
        });
        let refused = |answer: Result<_, stock::Rejection>| answer.err().map(|no| no.to_string());
        Ok(try_join_all(sent).await?.into_iter().filter_map(refused).collect())
    }

    async fn give_credit(&mut self, shop: &Shop) -> Result<Option<String>, Stuck> {
        let Some(crediting) = self.credit.take() else { return Ok(None) };
        let command = Command::Credit(Box::new(crediting));
        match self.errand.send(&shop.orders, self.order.as_key(), "credit", command).await? {
            Ok(receipt) => {
                let position = &receipt.position;
                shop.settled.reached(&position.partition, position.sequence).await;
                Ok(None)
            }
            Err(refusal) => Ok(Some(format!("{}: {refusal}", refusal.code()))),
        }
    }
}

fn placing(sheet: &Sheet, plan: &Plan<'_>) -> Option<Placing> {
    let lines: Vec<LineRequest> =
        plan.sold.iter().filter_map(|line| line_request(sheet, line)).collect();
    if lines.is_empty() {
        return None;
    }
    let country = match plan.invoice.country.as_str() {
        "" => "Unspecified",
        country => country,
    };
    Some(Placing {
        customer: plan.customer.clone(),
        lines,
        currency: CURRENCY,
        charges: Charges::default(),
        shipping_address: Address { country: country.to_owned(), ..Address::default() },
        may_override_prices: true,
        payment_window: None,
    })
}

/// A line at the file's price. The offer is the file's own: what the import has created, whatever the catalogue says since.
fn line_request(sheet: &Sheet, line: &sheet::Line) -> Option<LineRequest> {
    let article = article(sheet, line);
    let offer = Offer {
        title: article.title.chars().take(255).collect(),
        price: Money { amount: article.price, currency: CURRENCY },
        stock_tracked: is_goods(&article.code),
        discontinued: false,
    };
    Some(LineRequest {
        product: product_id(&article.code)?,
        quantity: u32::try_from(line.quantity).ok()?,
        offer: Some(offer),
        price_override: Some(line.price),
    })
}

fn crediting(sheet: &Sheet, plan: &Plan<'_>) -> Option<Crediting> {
    let credited = plan.credited.iter().filter_map(|line| {
        let article = article(sheet, line);
        Some(Line {
            product_id: product_id(&article.code)?,
            title: article.title.chars().take(255).collect(),
            unit_price: line.price,
            quantity: line.quantity,
            stock_tracked: is_goods(&article.code),
        })
    });
    let lines: Vec<Line> = credited.collect();
    let (customer, reason) = (plan.customer.clone(), plan.credit_reason);
    (!lines.is_empty()).then_some(Crediting { customer, lines, currency: CURRENCY, reason })
}

/// Each correction stands on its own paper: the invoice and the ordinal of the row.
fn corrections(sheet: &Sheet, plan: &Plan<'_>) -> Vec<(Arc<str>, stock::Command)> {
    let correction = |(ordinal, line): &(usize, &sheet::Line)| {
        let product = product_id(&article(sheet, line).code)?;
        let command = stock::Command::Adjust {
            delta: line.quantity,
            reason: AdjustmentReason::Count,
            reorder_level: None,
            reference: Some(format!("import:online-retail:{}:{ordinal}", plan.order)),
        };
        Some((Arc::clone(product.as_key()), command))
    };
    plan.corrections.iter().filter_map(correction).collect()
}
