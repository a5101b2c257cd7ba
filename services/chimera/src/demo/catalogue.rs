//! The seeded catalogue: titles, authors, prices, and how much of each is on the shelf.

use chimera_domain::ids::ProductId;
use chimera_domain::money::{Amount, Currency, Money};
use chimera_domain::product::{Command, Details, Format};
use fastrand::Rng;

/// Of all prices.
pub(super) const CURRENCY: Currency = Currency::GBP;

const FIRST: [&str; 12] = [
    "The Silent",
    "A Brief",
    "The Last",
    "Under the",
    "Beyond the",
    "The Art of the",
    "The Glass",
    "A Winter",
    "The Cartographer's",
    "The Salt",
    "Our Distant",
    "The Clockmaker's",
];
const SECOND: [&str; 12] = [
    "Harbour", "History", "Garden", "Lantern", "Archive", "River", "Compass", "Orchard", "Machine",
    "Library", "Voyage", "Winter",
];
const NAMES: [&str; 10] = [
    "A. Okafor",
    "M. Lindqvist",
    "J. Tanaka",
    "R. Moreau",
    "S. Haddad",
    "E. Novak",
    "P. Silva",
    "K. Brandt",
    "L. Ferrari",
    "D. Osei",
];
const SUBJECTS: [&str; 6] = ["Fiction", "History", "Science", "Travel", "Cooking", "Children"];

/// A product of the demo.
pub(super) struct Product {
    pub(super) id: ProductId,
    pub(super) create: Command,
    pub(super) units: i64,
}

/// One in this many products is scarce, so that some orders cannot be filled.
const SCARCE: u32 = 40;

/// The product of this number.
pub(super) fn product(seed: u64, number: u32) -> Option<Product> {
    let mut rng = Rng::with_seed(seed ^ (u64::from(number) << 20));
    let mut pick = |words: &[&str]| words[rng.usize(..words.len())].to_owned();
    let title = format!("{} {} {number}", pick(&FIRST), pick(&SECOND));
    let (author, subject) = (pick(&NAMES), pick(&SUBJECTS));
    let format = if rng.bool() { Format::Paperback } else { Format::Hardcover };
    let pence = 199 + rng.i64(0..4_000);
    let units = if number.is_multiple_of(SCARCE) { rng.i64(0..4) } else { rng.i64(200..900) };
    let details = Details {
        title,
        description: format!("A {subject} title by {author}, from the seeded catalogue."),
        authors: vec![author],
        categories: vec![subject],
        format,
        language: Some("en".to_owned()),
        ..Details::default()
    };
    let amount = Amount::from_ten_thousandths(pence * 100);
    let create = Command::Create {
        details: Box::new(details),
        price: Money { amount, currency: CURRENCY },
        stock_tracked: true,
    };
    Some(Product { id: product_id(number)?, create, units })
}

/// The id of the product of this number.
pub(super) fn product_id(number: u32) -> Option<ProductId> {
    ProductId::try_from(format!("BOOK-{number:05}").as_str()).ok()
}
