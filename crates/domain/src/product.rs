//! A product of the catalogue: what it is, what it costs, whether it can be ordered.
//!
//! Invariants: created once; a discontinued product keeps its history and takes no changes but a relisting;
//! every price but the first closes the interval of the one before it.
//! Never knows how many are in stock or who ordered it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aggregate::{Aggregate, Context, DomainEvent, Refusal, RefusalKind};
use crate::money::Money;
use crate::time::Timestamp;

mod details;

pub use details::{Details, Format, InvalidDetails};

/// What can be asked of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Puts a new product into the catalogue.
    Create {
        /// What it is; checked before.
        details: Box<Details>,
        /// What one costs.
        price: Money,
        /// False for what has no stock: postage, fees, vouchers.
        stock_tracked: bool,
    },
    /// Replaces what it is.
    Update {
        /// All details as they shall be.
        details: Box<Details>,
    },
    /// Gives it another price from now on.
    ChangePrice {
        /// The new price.
        price: Money,
        /// Why, for the price history.
        reason: Option<String>,
    },
    /// Takes it out of sale.
    Discontinue {
        /// Why.
        reason: Option<String>,
    },
    /// Puts it back into sale.
    Relist,
}

/// Storage format: these names are in the log for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Event {
    /// The product is in the catalogue.
    Created {
        /// What it is.
        details: Box<Details>,
        /// What one costs.
        price: Money,
        /// Since when it has this price.
        price_valid_from: Timestamp,
        /// Whether its stock is counted.
        stock_tracked: bool,
    },
    /// What it is has changed; all details as they are now.
    Updated {
        /// What it is.
        details: Box<Details>,
    },
    /// It has another price.
    PriceChanged {
        /// The price that ended.
        old_price: Money,
        /// Since when the old price had been valid.
        old_valid_from: Timestamp,
        /// The price that holds now.
        new_price: Money,
        /// Since when the new price is valid, which ends the old one.
        valid_from: Timestamp,
        /// Why.
        reason: Option<String>,
    },
    /// It takes no new orders.
    Discontinued {
        /// Why.
        reason: Option<String>,
    },
    /// It can be ordered again.
    Relisted {},
}

impl DomainEvent for Event {
    const TYPES: &'static [&'static str] = &[
        "ecommerce.product.product.created.v1",
        "ecommerce.product.product.updated.v1",
        "ecommerce.product.product.price_changed.v1",
        "ecommerce.product.product.discontinued.v1",
        "ecommerce.product.product.relisted.v1",
    ];

    fn event_type(&self) -> &'static str {
        match self {
            Self::Created { .. } => Self::TYPES[0],
            Self::Updated { .. } => Self::TYPES[1],
            Self::PriceChanged { .. } => Self::TYPES[2],
            Self::Discontinued { .. } => Self::TYPES[3],
            Self::Relisted {} => Self::TYPES[4],
        }
    }
}

/// A product that may not exist yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product(pub Option<Listing>);

/// A product that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// What it is.
    pub details: Box<Details>,
    /// What one costs.
    pub price: Money,
    /// Since when.
    pub price_valid_from: Timestamp,
    /// Whether its stock is counted.
    pub stock_tracked: bool,
    /// Whether it takes no new orders.
    pub discontinued: bool,
}

/// How a product says no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejection {
    /// Creating it twice.
    #[error(
        "this product id is taken by another product; change it with PATCH, or choose another id"
    )]
    AlreadyExists,
    /// There is none of this id.
    #[error("there is no product of this id")]
    NotFound,
    /// It has been discontinued.
    #[error("the product is discontinued; relist it first")]
    Discontinued,
    /// A price below zero.
    #[error("a price must not be below zero")]
    NegativePrice,
    /// A price in another currency than before.
    #[error("the product is priced in {0}; a price change keeps the currency")]
    OtherCurrency(crate::money::Currency),
    /// The interval of the old price would end before it began.
    #[error("the price of {0} is newer than this change")]
    PriceOutOfOrder(Timestamp),
}

impl Refusal for Rejection {
    fn code(&self) -> &'static str {
        match self {
            Self::AlreadyExists => "product.already_exists",
            Self::NotFound => "product.not_found",
            Self::Discontinued => "product.discontinued",
            Self::NegativePrice => "product.negative_price",
            Self::OtherCurrency(_) => "product.other_currency",
            Self::PriceOutOfOrder(_) => "product.price_out_of_order",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::NegativePrice => RefusalKind::Invalid,
            Self::AlreadyExists
            | Self::Discontinued
            | Self::OtherCurrency(_)
            | Self::PriceOutOfOrder(_) => RefusalKind::Conflict,
        }
    }
}

impl Aggregate for Product {
    const STREAM: &'static str = "ecommerce.product.product";
    const STATE_FORMAT: u32 = 1;

    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn evolve(&mut self, event: &Event) {
        if let Event::Created { details, price, price_valid_from, stock_tracked } = event {
            self.0 = Some(Listing {
                details: details.clone(),
                price: *price,
                price_valid_from: *price_valid_from,
                stock_tracked: *stock_tracked,
                discontinued: false,
            });
            return;
        }
        if let Some(listing) = &mut self.0 {
            listing.evolve(event);
        }
    }

    fn decide(&self, command: Command, context: &Context) -> Result<Vec<Event>, Rejection> {
        let Some(listing) = &self.0 else {
            return create(command, context);
        };
        match command {
            Command::Create { .. } => Err(Rejection::AlreadyExists),
            Command::Update { details } => listing.update(details),
            Command::ChangePrice { price, reason } => listing.change_price(price, reason, context),
            Command::Discontinue { .. } if listing.discontinued => Ok(vec![]),
            Command::Discontinue { reason } => Ok(vec![Event::Discontinued { reason }]),
            Command::Relist if listing.discontinued => Ok(vec![Event::Relisted {}]),
            Command::Relist => Ok(vec![]),
        }
    }
}

fn create(command: Command, context: &Context) -> Result<Vec<Event>, Rejection> {
    let Command::Create { details, price, stock_tracked } = command else {
        return Err(Rejection::NotFound);
    };
    if price.amount.is_negative() {
        return Err(Rejection::NegativePrice);
    }
    let price_valid_from = context.occurred_at;
    Ok(vec![Event::Created { details, price, price_valid_from, stock_tracked }])
}

impl Listing {
    fn evolve(&mut self, event: &Event) {
        match event {
            Event::Created { .. } => {}
            Event::Updated { details } => self.details.clone_from(details),
            Event::PriceChanged { new_price, valid_from, .. } => {
                self.price = *new_price;
                self.price_valid_from = *valid_from;
            }
            Event::Discontinued { .. } => self.discontinued = true,
            Event::Relisted {} => self.discontinued = false,
        }
    }

    fn update(&self, details: Box<Details>) -> Result<Vec<Event>, Rejection> {
        if self.discontinued {
            return Err(Rejection::Discontinued);
        }
        if details == self.details {
            return Ok(vec![]);
        }
        Ok(vec![Event::Updated { details }])
    }

    fn change_price(
        &self,
        price: Money,
        reason: Option<String>,
        context: &Context,
    ) -> Result<Vec<Event>, Rejection> {
        if self.discontinued {
            return Err(Rejection::Discontinued);
        }
        if price.amount.is_negative() {
            return Err(Rejection::NegativePrice);
        }
        if price.currency != self.price.currency {
            return Err(Rejection::OtherCurrency(self.price.currency));
        }
        if price == self.price {
            return Ok(vec![]);
        }
        if context.occurred_at < self.price_valid_from {
            return Err(Rejection::PriceOutOfOrder(self.price_valid_from));
        }
        Ok(vec![Event::PriceChanged {
            old_price: self.price,
            old_valid_from: self.price_valid_from,
            new_price: price,
            valid_from: context.occurred_at,
            reason,
        }])
    }
}

/// What an order needs to know of a product, as it stands in the price table of the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The title that the order line snapshots.
    pub title: String,
    /// What one costs.
    pub price: Money,
    /// Whether its stock is counted.
    pub stock_tracked: bool,
    /// Whether it takes no new orders.
    pub discontinued: bool,
}

impl Listing {
    /// The offer that an order sees.
    #[must_use]
    pub fn offer(&self) -> Offer {
        Offer {
            title: self.details.title.clone(),
            price: self.price,
            stock_tracked: self.stock_tracked,
            discontinued: self.discontinued,
        }
    }
}

impl Offer {
    /// The offer after an event of its product; none before the product was created.
    #[must_use]
    pub fn after(before: Option<Self>, event: &Event) -> Option<Self> {
        if let Event::Created { details, price, stock_tracked, .. } = event {
            let (price, stock_tracked) = (*price, *stock_tracked);
            let title = details.title.clone();
            return Some(Self { title, price, stock_tracked, discontinued: false });
        }
        let mut offer = before?;
        match event {
            Event::Created { .. } => {}
            Event::Updated { details } => offer.title.clone_from(&details.title),
            Event::PriceChanged { new_price, .. } => offer.price = *new_price,
            Event::Discontinued { .. } => offer.discontinued = true,
            Event::Relisted {} => offer.discontinued = false,
        }
        Some(offer)
    }
}

/// Attributes by name, in the order of their names.
pub type Attributes = BTreeMap<String, String>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::testing::{NOW, given};
    use crate::money::Currency;
    use crate::time::DAY;

    fn price(text: &str) -> Money {
        Money { amount: text.parse().unwrap(), currency: Currency::GBP }
    }

    fn details(title: &str) -> Box<Details> {
        Box::new(Details::titled(title).unwrap())
    }

    fn create_at(amount: &str) -> Command {
        Command::Create { details: details("Lantern"), price: price(amount), stock_tracked: true }
    }

    fn created() -> Event {
        Event::Created {
            details: details("Lantern"),
            price: price("3.39"),
            price_valid_from: NOW.plus(-DAY),
            stock_tracked: true,
        }
    }

    fn to(amount: &str) -> Command {
        Command::ChangePrice { price: price(amount), reason: None }
    }

    fn gone() -> Event {
        Event::Discontinued { reason: None }
    }

    #[test]
    fn a_product_is_created_with_its_first_price() {
        given::<Product>([]).when(create_at("3.39")).then([Event::Created {
            details: details("Lantern"),
            price: price("3.39"),
            price_valid_from: NOW,
            stock_tracked: true,
        }]);
    }

    #[test]
    fn creating_it_twice_is_refused() {
        given::<Product>([created()])
            .when(create_at("3.39"))
            .then_rejected(Rejection::AlreadyExists);
    }

    #[test]
    fn a_price_below_zero_is_refused() {
        given::<Product>([]).when(create_at("-1")).then_rejected(Rejection::NegativePrice);
        given::<Product>([created()]).when(to("-1")).then_rejected(Rejection::NegativePrice);
    }

    #[test]
    fn what_does_not_exist_cannot_change() {
        for command in [to("1"), Command::Relist, Command::Discontinue { reason: None }] {
            given::<Product>([]).when(command).then_rejected(Rejection::NotFound);
        }
    }

    #[test]
    fn a_price_change_keeps_the_old_price_with_its_interval() {
        given::<Product>([created()]).when(to("4.25")).then([Event::PriceChanged {
            old_price: price("3.39"),
            old_valid_from: NOW.plus(-DAY),
            new_price: price("4.25"),
            valid_from: NOW,
            reason: None,
        }]);
    }

    #[test]
    fn the_same_price_again_changes_nothing() {
        given::<Product>([created()]).when(to("3.39")).then([]);
    }

    #[test]
    fn a_price_change_keeps_the_currency() {
        let euros = Money { amount: "1".parse().unwrap(), currency: "EUR".parse().unwrap() };
        given::<Product>([created()])
            .when(Command::ChangePrice { price: euros, reason: None })
            .then_rejected(Rejection::OtherCurrency(Currency::GBP));
    }

    #[test]
    fn a_price_cannot_end_before_it_began() {
        let future = Event::Created {
            details: details("Lantern"),
            price: price("1"),
            price_valid_from: NOW.plus(DAY),
            stock_tracked: true,
        };
        given::<Product>([future])
            .when(to("2"))
            .then_rejected(Rejection::PriceOutOfOrder(NOW.plus(DAY)));
    }

    #[test]
    fn an_offer_follows_its_product() {
        let changed = Event::PriceChanged {
            old_price: price("3.39"),
            old_valid_from: NOW,
            new_price: price("4.25"),
            valid_from: NOW,
            reason: None,
        };
        let history = [created(), Event::Updated { details: details("Big") }, changed, gone()];
        let mut offer = None;
        let mut product = Product::default();
        for event in &history {
            offer = Offer::after(offer, event);
            product.evolve(event);
            assert_eq!(offer, product.0.as_ref().map(Listing::offer));
        }
        assert!(Offer::after(None, &gone()).is_none());
    }

    #[test]
    fn an_update_says_all_that_the_product_is() {
        given::<Product>([created()])
            .when(Command::Update { details: details("Big lantern") })
            .then([Event::Updated { details: details("Big lantern") }]);
        given::<Product>([created()])
            .when(Command::Update { details: details("Lantern") })
            .then([]);
    }

    #[test]
    fn a_discontinued_product_takes_no_changes_until_it_is_relisted() {
        let history = [created(), gone()];
        given::<Product>(history.clone()).when(to("5")).then_rejected(Rejection::Discontinued);
        given::<Product>(history.clone())
            .when(Command::Update { details: details("x") })
            .then_rejected(Rejection::Discontinued);
        given::<Product>(history.clone()).when(Command::Discontinue { reason: None }).then([]);
        given::<Product>(history).when(Command::Relist).then([Event::Relisted {}]);
        given::<Product>([created()]).when(Command::Relist).then([]);
    }
}
