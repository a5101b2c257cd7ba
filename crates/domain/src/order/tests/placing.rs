//! Placing: what is asked for, what the catalogue says, what it comes to.

use super::*;

fn rejected(placing: Placing, rejection: Rejection) {
    given::<Order>([]).when(place(placing)).then_rejected(rejection);
}

fn totals_of(placing: Placing) -> Totals {
    match given::<Order>([]).when(place(placing)).events().remove(0) {
        Event::Created { totals, .. } => totals,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_order_is_placed_with_titles_and_prices_of_the_catalogue() {
    let line = |id: &str, price: &str, quantity| Line {
        product_id: product(id),
        title: "A book".into(),
        unit_price: amount(price),
        quantity,
        stock_tracked: true,
    };
    given::<Order>([]).when(place(two_lines())).then([Event::Created {
        head: head(Status::Pending, false),
        lines: vec![line("X", "2.50", 2), line("Y", "2", 1)],
        totals: Totals {
            currency: Currency::GBP,
            subtotal: amount("7"),
            discount: Amount::ZERO,
            tax: Amount::ZERO,
            shipping: Amount::ZERO,
            total: amount("7"),
            units: 3,
        },
        shipping_address: Address::default(),
        pay_by: Some(NOW.plus(WINDOW)),
    }]);
}

#[test]
fn the_window_starts_at_the_clock_of_the_shop_and_the_order_at_its_own_time() {
    let context = Context { now: NOW, occurred_at: Timestamp(0) };
    let events = Order::default().decide(place(two_lines()), &context).unwrap();
    assert_eq!(events[0].head().placed_at, Timestamp(0));
    assert!(matches!(events[0], Event::Created { pay_by: Some(t), .. } if t == NOW.plus(WINDOW)));
}

#[test]
fn an_order_needs_a_line_and_has_at_most_two_thousand() {
    rejected(placing(vec![]), Rejection::NoLines);
    let many = |count| placing(vec![wanted("X", 1, "1"); count]);
    rejected(many(MOST_LINES + 1), Rejection::TooManyLines(2_001));
    assert_eq!(totals_of(many(MOST_LINES)).subtotal, amount("2000"));
}

#[test]
fn a_line_has_from_one_to_a_hundred_thousand_units() {
    for quantity in [0, MOST_UNITS + 1, u32::MAX] {
        let lines = vec![wanted("X", 1, "1"), wanted("Y", quantity, "1")];
        rejected(placing(lines), Rejection::BadQuantity { line: 1 });
    }
    assert_eq!(totals_of(placing(vec![wanted("X", MOST_UNITS, "1")])).units, 100_000);
}

#[test]
fn a_product_that_is_unknown_or_out_of_sale_is_refused_by_its_line() {
    let unknown = LineRequest { offer: None, ..wanted("Y", 1, "1") };
    rejected(
        placing(vec![wanted("X", 1, "1"), unknown]),
        Rejection::UnknownProduct { line: 1, product: product("Y") },
    );
    let gone = Offer { discontinued: true, ..offer("1") };
    let gone = LineRequest { offer: Some(gone), ..wanted("Y", 1, "1") };
    let refused = Rejection::ProductDiscontinued { line: 0, product: product("Y") };
    assert_eq!(refused.line(), Some(0));
    rejected(placing(vec![gone]), refused);
}

#[test]
fn an_order_has_one_currency() {
    let euros = Placing { currency: "EUR".parse().unwrap(), ..two_lines() };
    rejected(euros, Rejection::OtherCurrency { line: 0, priced_in: Currency::GBP });
}

#[test]
fn only_an_admin_sets_another_price_and_never_one_below_zero() {
    let overridden = |price, may| Placing {
        may_override_prices: may,
        ..placing(vec![LineRequest {
            price_override: Some(amount(price)),
            ..wanted("X", 2, "2.50")
        }])
    };
    rejected(overridden("1", false), Rejection::OverrideNotAllowed { line: 0 });
    rejected(overridden("-1", true), Rejection::NegativePrice { line: 0 });
    assert_eq!(totals_of(overridden("1", true)).subtotal, amount("2"));
    assert_eq!(totals_of(overridden("0", true)).total, Amount::ZERO);
}

#[test]
fn the_total_is_the_lines_less_discount_with_tax_and_shipping() {
    let charges = Charges { discount: amount("1"), tax: amount("1.20"), shipping: amount("3.99") };
    let totals = totals_of(Placing { charges, ..two_lines() });
    assert_eq!(totals.subtotal, amount("7"));
    assert_eq!(totals.total, amount("11.19"));
}

#[test]
fn what_is_charged_is_rounded_once_and_half_to_even() {
    for (price, quantity, subtotal, total) in [
        ("0.005", 1, "0.005", "0.00"),
        ("0.005", 3, "0.015", "0.02"),
        ("0.005", 5, "0.025", "0.02"),
        ("0.0051", 1, "0.0051", "0.01"),
        ("0.001", 4, "0.004", "0.00"),
    ] {
        let totals = totals_of(placing(vec![wanted("X", quantity, price)]));
        assert_eq!(totals.subtotal, amount(subtotal));
        assert_eq!(totals.total, amount(total), "{quantity} at {price}");
    }
    let split = placing(vec![wanted("X", 1, "0.005"), wanted("Y", 1, "0.005")]);
    assert_eq!(totals_of(split).total, amount("0.01"), "the sum is rounded, not the lines");
}

#[test]
fn nothing_that_is_charged_lies_below_zero() {
    let minus = amount("-0.01");
    for (charges, name) in [
        (Charges { discount: minus, ..Charges::default() }, "discount"),
        (Charges { tax: minus, ..Charges::default() }, "tax"),
        (Charges { shipping: minus, ..Charges::default() }, "shipping"),
        (Charges { discount: amount("7.01"), ..Charges::default() }, "total"),
    ] {
        rejected(Placing { charges, ..two_lines() }, Rejection::NegativeCharge(name.into()));
    }
    let charges = Charges { discount: amount("7"), ..Charges::default() };
    assert_eq!(totals_of(Placing { charges, ..two_lines() }).total, Amount::ZERO);
}

#[test]
fn a_total_beyond_all_numbers_is_refused() {
    let dear = || wanted("X", MOST_UNITS, "9300000000");
    rejected(placing(vec![dear()]), Rejection::TotalTooLarge);
    let dear = || wanted("X", 1, "900000000000000");
    rejected(placing(vec![dear(), dear()]), Rejection::TotalTooLarge);
}

#[test]
fn placing_the_same_again_changes_nothing_and_placing_another_is_refused() {
    let placed = || told([place(two_lines())]);
    given::<Order>(placed()).when(place(two_lines())).then([]);
    let dearer = placing(vec![wanted("X", 2, "99"), wanted("Y", 1, "2")]);
    given::<Order>(placed()).when(place(dearer)).then([]);
    let others = [
        Placing { customer: customer("eve"), ..two_lines() },
        placing(vec![wanted("X", 2, "2.50")]),
        placing(vec![wanted("X", 3, "2.50"), wanted("Y", 1, "2")]),
        placing(vec![wanted("X", 2, "2.50"), wanted("Z", 1, "2")]),
    ];
    for other in others {
        given::<Order>(placed()).when(place(other)).then_rejected(Rejection::AlreadyExists);
    }
}

#[test]
fn an_order_is_confirmed_once_and_only_while_it_waits() {
    let confirmed = Event::Confirmed { head: head(Status::Pending, true) };
    let placed = told([place(two_lines())]);
    given::<Order>(placed).when(Command::Confirm).then([confirmed]);
    order_that_is(Status::Shipped).when(Command::Confirm).then([]);
    let canceled = told([place(two_lines()), cancel_by(Asker::Staff, CancelReason::Staff)]);
    given::<Order>(canceled)
        .when(Command::Confirm)
        .then_rejected(wrong(Status::Canceled, "PENDING"));
}
