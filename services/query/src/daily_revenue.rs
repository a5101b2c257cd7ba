//! GET `/analytics/daily-revenue`: what was sold and credited, by day, added up over the partitions of the log.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chimera_domain::money::{Amount, Currency};
use chimera_kit::auth::{Caller, READ_ORDERS};
use chimera_kit::codes;
use chimera_kit::params::Params;
use chimera_kit::position::After;
use chimera_kit::problem::Problem;
use chimera_model::Row;
use chimera_model::daily_revenue::{DAILY_REVENUE, MODEL};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Analytics, Cells};

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Days {
    /// The first day, `YYYY-MM-DD` (UTC); without it, from the beginning.
    #[param(example = "2011-12-01")]
    from: Option<String>,
    /// The last day, included; without it, to the end.
    #[param(example = "2011-12-09")]
    to: Option<String>,
    /// ISO 4217; without it, GBP.
    #[param(value_type = Option<String>, example = "GBP")]
    currency: Option<Currency>,
}

/// What was sold and credited in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct DailyRevenue {
    /// One entry a day on which anything happened, in order.
    items: Vec<RevenueOfDay>,
    /// All of them together; its date is `total`.
    total: RevenueOfDay,
}

/// The figures of a day. Amounts are exact, not rounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevenueOfDay {
    /// UTC.
    #[schema(example = "2011-12-09")]
    date: String,
    /// Of all amounts here.
    #[schema(value_type = String, example = "GBP")]
    currency: Currency,
    /// Orders paid.
    orders: i64,
    /// Units sold, less those credited.
    units: i64,
    /// Sold.
    #[schema(value_type = String, example = "200920.60")]
    sales: Amount,
    /// Credited, negative.
    #[schema(value_type = String, example = "-1225.20")]
    credits: Amount,
    /// Both together.
    #[schema(value_type = String, example = "199695.40")]
    net: Amount,
}

/// What was sold and credited, by day
#[utoipa::path(
    get, path = "/analytics/daily-revenue", tag = "analytics", params(Days),
    responses((status = 200, body = DailyRevenue, description = "The days, and their total."))
)]
pub(crate) async fn daily_revenue(
    State(Analytics { reads }): State<Analytics>,
    caller: Caller,
    Params(days): Params<Days>,
    after: After,
) -> Result<Json<DailyRevenue>, Problem> {
    caller.must_have(READ_ORDERS)?;
    let (from, to) = (day("from", days.from, "0000")?, day("to", days.to, "9999-99")?);
    let currency = days.currency.unwrap_or(Currency::GBP);
    reads.caught_up(&after, &[&MODEL]).await?;
    let rows = reads.all(&MODEL, &DAILY_REVENUE, &[currency.as_str().into()]).await?;
    Ok(Json(added_up(currency, rows.iter().filter(|row| within(row, &from, &to)))))
}

fn day(field: &str, text: Option<String>, otherwise: &str) -> Result<String, Problem> {
    let Some(text) = text else { return Ok(otherwise.to_owned()) };
    let date = text.parse::<jiff::civil::Date>().map_err(|_| {
        let detail = format!("{field} must be a day such as 2011-12-09");
        Problem::new(codes::REQUEST_BAD_PARAMETER, detail).at(field)
    })?;
    Ok(date.to_string())
}

fn within(row: &Row, from: &str, to: &str) -> bool {
    let date = Cells(row).key_text(1);
    date.as_str() >= from && date.as_str() <= to
}

fn added_up<'a>(currency: Currency, rows: impl Iterator<Item = &'a Row>) -> DailyRevenue {
    let nothing = |date: &str| RevenueOfDay {
        date: date.to_owned(),
        currency,
        orders: 0,
        units: 0,
        sales: Amount::ZERO,
        credits: Amount::ZERO,
        net: Amount::ZERO,
    };
    let mut days = BTreeMap::<String, RevenueOfDay>::new();
    let mut total = nothing("total");
    for row in rows {
        let date = Cells(row).key_text(1);
        let day = days.entry(date).or_insert_with_key(|date| nothing(date));
        day.add(row);
        total.add(row);
    }
    DailyRevenue { items: days.into_values().collect(), total }
}

impl RevenueOfDay {
    /// Stops at the ends of the range, 922 trillion.
    fn add(&mut self, row: &Row) {
        let cells = Cells(row);
        let integer = |name| cells.integer(name).unwrap_or_default();
        let sum = |sum: Amount, name| {
            let more = cells.amount(name).unwrap_or_default().ten_thousandths();
            Amount::from_ten_thousandths(sum.ten_thousandths().saturating_add(more))
        };
        self.orders = self.orders.saturating_add(integer("orders"));
        self.units = self.units.saturating_add(integer("units"));
        self.sales = sum(self.sales, "sales");
        self.credits = sum(self.credits, "credits");
        self.net = sum(self.net, "net");
    }
}

#[cfg(test)]
mod tests {
    use chimera_model::{RowKey, Value};

    use super::*;

    fn row(date: &str, partition: i64, sales: &str, credits: &str) -> Row {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        let net = amount(sales).plus(amount(credits)).unwrap();
        let cells = [
            ("orders", Value::Integer(1)),
            ("units", Value::Integer(2)),
            ("sales", amount(sales).into()),
            ("credits", amount(credits).into()),
            ("net", net.into()),
        ];
        Row {
            key: RowKey(vec!["GBP".into(), date.into(), partition.into()]),
            cells: cells.map(|(name, value)| (name.to_owned(), value)).into(),
            version: 1,
        }
    }

    #[test]
    fn the_partitions_of_a_day_are_added_up_and_the_days_to_a_total() {
        let rows = [
            row("2011-12-08", 0, "1.50", "0"),
            row("2011-12-08", 3, "2.001", "-0.50"),
            row("2011-12-09", 1, "10", "0"),
        ];
        let revenue = added_up(Currency::GBP, rows.iter());
        let nets: Vec<String> = revenue.items.iter().map(|day| day.net.to_string()).collect();
        assert_eq!(nets, ["3.001", "10.00"]);
        assert_eq!((revenue.total.net.to_string(), revenue.total.orders), ("13.001".into(), 3));
    }

    #[test]
    fn both_ends_are_included() {
        let rows = ["2011-12-07", "2011-12-08", "2011-12-09"].map(|date| row(date, 0, "1", "0"));
        let kept = rows.iter().filter(|row| within(row, "2011-12-08", "2011-12-09"));
        assert_eq!(kept.count(), 2);
    }

    #[test]
    fn a_day_that_is_none_is_refused() {
        for bad in ["yesterday", "2011-13-01", "2011-12-32", ""] {
            let problem = day("from", Some(bad.to_owned()), "0").unwrap_err();
            assert_eq!(problem.field(), Some("from"), "{bad}");
        }
    }
}
