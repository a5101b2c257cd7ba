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

fn rate(mut once: impl FnMut()) -> f64 {
    let (start, mut times) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(2) {
        for _ in 0..1_000 {
            once();
        }
        times += 1_000;
    }
    f64::from(times) / start.elapsed().as_secs_f64()
}

fn main() {
    let codec = StreamCodec::<Event>::bundled(STREAM).unwrap();
    let schema = apache_avro::Schema::parse_str(schemas_of(STREAM)[0].json).unwrap();
    for (name, event) in [("created", &sample::order()[0]), ("paid", &sample::order()[3])] {
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
