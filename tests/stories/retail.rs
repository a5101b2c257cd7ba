//! A seeded file in the shape of "Online Retail", with every kind of row that the real one has.

use fastrand::Rng;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
const NO_GOODS: [&str; 6] = ["POST", "DOT", "M", "BANK CHARGES", "gift_0001_20", "C2"];
const COUNTRIES: [&str; 4] = ["United Kingdom", "France", "EIRE", "\"Korea, South\""];
const PRODUCTS: u32 = 90;
/// Minutes between two invoices.
const APART: u32 = 37;

/// A file of so many invoices.
pub(crate) fn file(seed: u64, invoices: u32) -> String {
    let mut sheet = Sheet { rng: Rng::with_seed(seed), text: HEADER.to_owned() };
    for ordinal in 0..invoices {
        match sheet.rng.u32(0..100) {
            0..76 => sheet.sale(ordinal),
            76..86 => sheet.credit_note(ordinal),
            86..89 => sheet.row(&Paper::of("A", ordinal, ""), "B", 1, "-11.0620"),
            89..96 => sheet.correction(ordinal),
            _ => sheet.nonsense(ordinal),
        }
    }
    sheet.text
}

/// How many rows a file has, without its header.
pub(crate) fn rows(file: &str) -> usize {
    file.lines().count() - 1
}

/// What the rows of an invoice have in common.
struct Paper {
    invoice: String,
    ordinal: u32,
    customer: String,
}

impl Paper {
    fn of(kind: &str, ordinal: u32, customer: &str) -> Self {
        let invoice = format!("{kind}{}", 536_000 + ordinal);
        Self { invoice, ordinal, customer: customer.to_owned() }
    }
}

struct Sheet {
    rng: Rng,
    text: String,
}

impl Sheet {
    fn sale(&mut self, ordinal: u32) {
        let paper = Paper::of("", ordinal, &self.customer());
        for _ in 0..self.rng.u32(1..=14) {
            self.sold(&paper);
            if ordinal > 0 && self.rng.u32(0..60) == 0 {
                // A row of an invoice that stands further up.
                let earlier = self.rng.u32(0..ordinal);
                self.sold(&Paper::of("", earlier, "12345"));
            }
        }
        if self.rng.u32(0..10) == 0 {
            let code = self.code();
            self.row(&paper, &code, -1, "0");
        }
    }

    fn sold(&mut self, paper: &Paper) {
        let code = match self.rng.u32(0..20) {
            0 => NO_GOODS[self.rng.usize(..NO_GOODS.len())].to_owned(),
            _ => self.code(),
        };
        let price = match self.rng.u32(0..40) {
            0 => "0".to_owned(),
            1 => "0.001".to_owned(),
            _ => format!("{}.{:02}", self.rng.u32(0..20), self.rng.u32(1..100)),
        };
        let quantity = self.rng.i32(1..=24);
        self.row(paper, &code, quantity, &price);
    }

    fn credit_note(&mut self, ordinal: u32) {
        let paper = Paper::of("C", ordinal, &self.customer());
        for _ in 0..self.rng.u32(1..=3) {
            let (code, quantity) = (self.code(), -self.rng.i32(1..=6));
            self.row(&paper, &code, quantity, "2.55");
        }
        if self.rng.bool() {
            self.row(&paper, "D", -1, "5.00");
        }
    }

    fn correction(&mut self, ordinal: u32) {
        let (code, quantity) = (self.code(), self.rng.i32(1..=9));
        self.row(&Paper::of("", ordinal, ""), &code, -quantity, "0");
    }

    /// Rows that can become nothing.
    fn nonsense(&mut self, ordinal: u32) {
        let (code, quantity) = (self.code(), if self.rng.bool() { 0 } else { -3 });
        self.row(&Paper::of("", ordinal, ""), &code, quantity, "1.25");
    }

    /// A customer, or in one of eight cases nobody that is known.
    fn customer(&mut self) -> String {
        let number = self.rng.u32(17_000..17_050);
        if self.rng.u32(0..8) == 0 { String::new() } else { number.to_string() }
    }

    fn code(&mut self) -> String {
        let number = self.rng.u32(0..PRODUCTS);
        let letter = ["", "A", "b"][number as usize % 3];
        format!("{}{letter}", 20_000 + number)
    }

    fn row(&mut self, paper: &Paper, code: &str, quantity: i32, price: &str) {
        let Paper { invoice, ordinal, customer } = paper;
        let minutes = ordinal * APART;
        let (day, hour, minute) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let date = format!("2011-{:02}-{:02} {hour:02}:{minute:02}:00", day / 28 + 1, day % 28 + 1);
        let description = match self.rng.u32(0..10) {
            0 => String::new(),
            1 => format!("\"SET OF 3, \"\"RETRO\"\" {code}\""),
            _ => format!("HOLDER {code}"),
        };
        let country = COUNTRIES[*ordinal as usize % COUNTRIES.len()];
        let row =
            [invoice, code, &description, &quantity.to_string(), &date, price, customer, country];
        self.text.extend([&row.join(","), "\n"]);
    }
}
