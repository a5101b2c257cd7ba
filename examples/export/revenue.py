"""What an export comes to, day by day, as DuckDB and Arrow read it.

    revenue.py DIR      a directory that `replay export --to DIR` has made, Parquet or JSON Lines

Prints one JSON object: the days with sales and credits as DuckDB sums them up, and how many rows each table has. Of Parquet it also
sums up the days with Arrow, which is what Spark's Python side reads with, and says so if the two do not agree.
"""

import json
import pathlib
import sys
from decimal import Decimal

import duckdb
import pyarrow.compute as compute
import pyarrow.dataset as dataset

TABLES = ("events", "fact_orders", "fact_inventory_adjustments", "dim_product", "dim_date")

# A day's sales by when they were paid, its credits by when they were given; the calendar has every day of both.
REVENUE = """
    with entries as (
        select sold_date_key as date_key, currency, {sales} as sales, 0 as credits
        from fact_orders where sold_date_key is not null
        union all
        select credited_date_key, currency, 0, {credits}
        from fact_orders where credited_date_key is not null
    )
    select cast(d.date as varchar), currency, cast(sum(sales) as varchar), cast(sum(credits) as varchar)
    from entries join dim_date d using (date_key)
    group by all order by all
"""

# The price of each product when its stock was adjusted: a version holds from valid_from until before valid_to.
PRICED = """
    select count(*) from fact_inventory_adjustments a join dim_product p
    on a.product_id = p.product_id and a.adjusted_at >= p.valid_from and (p.valid_to is null or a.adjusted_at < p.valid_to)
"""


def main(directory):
    manifest = json.loads((directory / "export.json").read_text())
    database, parquet = opened(directory, manifest["files_are"])
    amount = "{}" if parquet else "cast({} as decimal(19, 4))"
    question = REVENUE.format(sales=amount.format("sales_amount"), credits=amount.format("credit_amount"))
    days = {(day, currency): (Decimal(sales), Decimal(credits))
            for day, currency, sales, credits in database.execute(question).fetchall()}
    if parquet and days != by_arrow(directory):
        sys.exit(f"DuckDB says {days}, Arrow says {by_arrow(directory)}")
    rows = {table: database.execute(f"select count(*) from {table}").fetchone()[0] for table in TABLES}
    if rows != counted(manifest):
        sys.exit(f"DuckDB counts {rows}, the manifest {counted(manifest)}")
    print(json.dumps({
        "days": [[day, currency, str(sales), str(credits)] for (day, currency), (sales, credits) in sorted(days.items())],
        "rows": rows,
        "priced": database.execute(PRICED).fetchone()[0],
    }))


def opened(directory, kind):
    """A database that sees each table as a view, and whether its files are Parquet."""
    database = duckdb.connect()
    for table in TABLES:
        files = f"{directory}/{table}/**/*.{kind}"
        read = f"read_parquet('{files}')" if kind == "parquet" else f"read_json('{files}', format = 'newline_delimited')"
        database.execute(f"create view {table} as select * from {read}")
    return database, kind == "parquet"


def by_arrow(directory):
    orders = dataset.dataset(directory / "fact_orders", format="parquet").to_table()
    days = {}
    for key, amount, place in (("sold_at", "sales_amount", 0), ("credited_at", "credit_amount", 1)):
        entries = orders.filter(compute.is_valid(orders[key]))
        for at, currency, value in zip(entries[key], entries["currency"], entries[amount]):
            day = (at.as_py().date().isoformat(), currency.as_py())
            sums = days.setdefault(day, [Decimal(0), Decimal(0)])
            sums[place] += value.as_py()
    return {day: tuple(sums) for day, sums in days.items()}


def counted(manifest):
    rows = dict.fromkeys(TABLES, 0)
    for file in manifest["files"]:
        rows[file["table"]] += file["rows"]
    return rows


main(pathlib.Path(sys.argv[1]))
