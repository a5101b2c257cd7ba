//! A seeded file in the shape of "Online Retail", with every kind of row that the real one has.

use std::fmt::Write;

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
    for number in 0..invoices {
        match sheet.rng.u32(0..100) {
            0..76 => sheet.sale(number),
            76..86 => sheet.credit_note(number),
            86..89 => sheet.row(&format!("A{}", 536_000 + number), number, "B", 1, "-11.0620", ""),
            89..96 => sheet.correction(number),
            _ => sheet.nonsense(number),
        }
    }
    sheet.text
}

/// How many rows a file has, without its header.
pub(crate) fn rows(file: &str) -> usize {
    file.lines().count() - 1
}

struct Sheet {
    rng: Rng,
    text: String,
}

impl Sheet {
    fn sale(&mut self, number: u32) {
        let customer = self.customer();
        for _ in 0..self.rng.u32(1..=14) {
            self.sold(number, &customer);
            if number > 0 && self.rng.u32(0..60) == 0 {
                // A row of an invoice that stands further up.
                let earlier = self.rng.u32(0..number);
                self.sold(earlier, "12345");
            }
        }
        if self.rng.u32(0..10) == 0 {
            let code = self.code();
            self.row(&invoice(number), number, &code, -1, "0", &customer);
        }
    }

    fn sold(&mut self, number: u32, customer: &str) {
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
        self.row(&invoice(number), number, &code, quantity, &price, customer);
    }

    fn credit_note(&mut self, number: u32) {
        let customer = self.customer();
        for _ in 0..self.rng.u32(1..=3) {
            let (code, quantity) = (self.code(), -self.rng.i32(1..=6));
            self.row(&format!("C{}", invoice(number)), number, &code, quantity, "2.55", &customer);
        }
        if self.rng.bool() {
            self.row(&format!("C{}", invoice(number)), number, "D", -1, "5.00", &customer);
        }
    }

    fn correction(&mut self, number: u32) {
        let (code, quantity) = (self.code(), self.rng.i32(1..=9));
        self.row(&invoice(number), number, &code, -quantity, "0", "");
    }

    /// Rows that can become nothing.
    fn nonsense(&mut self, number: u32) {
        let code = self.code();
        let (quantity, price) = if self.rng.bool() { (0, "1.25") } else { (-3, "1.25") };
        self.row(&invoice(number), number, &code, quantity, price, "");
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

    fn row(
        &mut self,
        invoice: &str,
        number: u32,
        code: &str,
        quantity: i32,
        price: &str,
        customer: &str,
    ) {
        let minutes = number * APART;
        let (day, hour, minute) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let date = format!("2011-{:02}-{:02} {hour:02}:{minute:02}:00", day / 28 + 1, day % 28 + 1);
        let description = match self.rng.u32(0..10) {
            0 => String::new(),
            1 => format!("\"SET OF 3, \"\"RETRO\"\" {code}\""),
            _ => format!("HOLDER {code}"),
        };
        let country = COUNTRIES[number as usize % COUNTRIES.len()];
        writeln!(
            self.text,
            "{invoice},{code},{description},{quantity},{date},{price},{customer},{country}"
        )
        .unwrap();
    }
}

fn invoice(number: u32) -> String {
    (536_000 + number).to_string()
}
