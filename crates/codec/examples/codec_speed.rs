//! How many order events a second one core encodes and decodes, and apache-avro beside it. Prints a table, checks nothing.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement on a terminal")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use chimera_codec::testing::sample;
use chimera_codec::{StreamCodec, schemas_of};
use chimera_domain::order::Event;

const STREAM: &str = "ecommerce.order.order";
const WINDOW: u32 = 2_000;

/// The best of many short windows, so that what else the machine does counts little.
fn rate(mut once: impl FnMut()) -> f64 {
    let (start, mut best) = (Instant::now(), Duration::MAX);
    while start.elapsed() < Duration::from_secs(3) {
        let window = Instant::now();
        for _ in 0..WINDOW {
            once();
        }
        best = best.min(window.elapsed());
    }
    f64::from(WINDOW) / best.as_secs_f64()
}

fn main() {
    let codec = StreamCodec::<Event>::bundled(STREAM).unwrap();
    let schema = apache_avro::Schema::parse_str(schemas_of(STREAM)[0].json).unwrap();
    let mut created = sample::order().remove(0);
    if let Event::Created { lines, .. } = &mut created {
        lines.truncate(1);
    }
    for (name, event) in [("created", &created), ("paid", &sample::order()[3])] {
        let (meta, mut out) = (sample::meta(), Vec::with_capacity(1024));
        codec.encode("536365", &meta, event, &mut out).unwrap();
        let bytes = out.clone();
        let encode = rate(|| {
            out.clear();
            codec.encode("536365", &meta, black_box(event), &mut out).unwrap();
        });
        let decode = rate(|| {
            black_box(codec.decode(0, black_box(&bytes)).unwrap());
        });
        let reader = GenericDatumReader::builder(&schema).build().unwrap();
        let generic = reader.read_value(&mut &bytes[5..]).unwrap();
        let apache_decode = rate(|| {
            black_box(reader.read_value(&mut black_box(&bytes[5..])).unwrap());
        });
        let writer = GenericDatumWriter::builder(&schema).build().unwrap();
        let apache_encode = rate(|| {
            black_box(writer.write_value_to_vec(black_box(generic.clone())).unwrap());
        });
        println!("{name}, {} bytes: encode {encode:.0}/s, decode {decode:.0}/s", bytes.len());
        println!("  apache-avro: encode {apache_encode:.0}/s, decode {apache_decode:.0}/s");
    }
}
