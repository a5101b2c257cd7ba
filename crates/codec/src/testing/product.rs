//! Arbitrary events of a product.

use chimera_domain::product::{Details, Event, Format};
use proptest::prelude::*;

use super::{maybe, money, text, timestamp};

/// Any event of a product.
pub fn product_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (details(), money(), timestamp(), any::<bool>()).prop_map(
            |(details, price, price_valid_from, stock_tracked)| Event::Created {
                details: Box::new(details),
                price,
                price_valid_from,
                stock_tracked,
            }
        ),
        details().prop_map(|details| Event::Updated { details: Box::new(details) }),
        price_changed(),
        maybe(text()).prop_map(|reason| Event::Discontinued { reason }),
        Just(Event::Relisted {}),
    ]
}

fn price_changed() -> impl Strategy<Value = Event> {
    (money(), timestamp(), money(), timestamp(), maybe(text())).prop_map(
        |(old_price, old_valid_from, new_price, valid_from, reason)| Event::PriceChanged {
            old_price,
            old_valid_from,
            new_price,
            valid_from,
            reason,
        },
    )
}

fn details() -> impl Strategy<Value = Details> {
    let names = || prop::collection::vec(text(), 0..4);
    let words = (text(), text(), names(), names(), names());
    let optional = (maybe(text()), maybe(text()), maybe(text()), maybe(text()));
    let attributes = prop::collection::btree_map(text(), text(), 0..4);
    (words, optional, format(), attributes).prop_map(|(words, optional, format, attributes)| {
        Details {
            title: words.0,
            description: words.1,
            authors: words.2,
            publisher: optional.0,
            isbn: optional.1,
            categories: words.3,
            format,
            language: optional.2,
            attributes,
            image_urls: words.4,
            seller: optional.3,
        }
    })
}

fn format() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![
        Format::Hardcover,
        Format::Paperback,
        Format::Ebook,
        Format::Audiobook,
        Format::Other,
    ])
}
