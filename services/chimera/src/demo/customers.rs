//! What a seeded customer orders, and what then becomes of the order.

use chimera_domain::ids::{CustomerId, OrderId};
use chimera_domain::time::{DAY, MINUTE, SECOND, Timestamp};
use fastrand::Rng;

use super::Options;

/// 2026-01-01, when the demo's business begins.
const FIRST_DAY: Timestamp = Timestamp(1_767_225_600 * SECOND);
const DAYS: i64 = 90;

/// What a customer, or the shop, does with an order once it is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Paid, shipped, delivered.
    Deliver,
    /// Paid, waiting to be shipped.
    Pay,
    /// Declined, and left to expire.
    Decline,
    /// Declined at first, then paid and delivered.
    DeclineThenPay,
    /// Canceled by the customer before paying.
    Cancel,
    /// Canceled by staff after paying; the money goes back.
    CancelPaid,
    /// Delivered, sent back, taken back.
    Return,
    /// Delivered, sent back, not taken back.
    RejectReturn,
}

/// An order as the seed will have it.
pub(super) struct Wish {
    pub(super) id: OrderId,
    pub(super) customer: CustomerId,
    pub(super) at: Timestamp,
    /// Product numbers and units.
    pub(super) lines: Vec<(u32, u32)>,
    pub(super) course: Course,
}

/// The order of this number.
pub(super) fn wish(options: Options, number: u32) -> Option<Wish> {
    let mut rng = Rng::with_seed(options.seed.rotate_left(17) ^ u64::from(number));
    let customer = format!("customer-{:04}", rng.u32(1..=options.customers.max(1)));
    let mut lines: Vec<(u32, u32)> = Vec::new();
    for _ in 0..rng.u32(1..=5) {
        let product = rng.u32(1..=options.products.max(1));
        if lines.iter().all(|(known, _)| *known != product) {
            lines.push((product, rng.u32(1..=3)));
        }
    }
    let spread = DAYS * DAY / i64::from(options.orders.max(1));
    let at = FIRST_DAY.plus(spread * i64::from(number) + rng.i64(0..MINUTE));
    Some(Wish {
        id: OrderId::try_from(format!("demo-{}-{number:06}", options.seed).as_str()).ok()?,
        customer: CustomerId::try_from(customer.as_str()).ok()?,
        at,
        lines,
        course: course(rng.u32(0..100)),
    })
}

/// When the catalogue was set up: before the first order.
pub(super) fn opening_day() -> Timestamp {
    FIRST_DAY.plus(-DAY)
}

fn course(percent: u32) -> Course {
    match percent {
        0..70 => Course::Deliver,
        70..78 => Course::Pay,
        78..82 => Course::Decline,
        82..85 => Course::DeclineThenPay,
        85..90 => Course::Cancel,
        90..92 => Course::CancelPaid,
        92..98 => Course::Return,
        _ => Course::RejectReturn,
    }
}
