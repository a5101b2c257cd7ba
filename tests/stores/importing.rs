//! An import lands in all stores, and each holds to the last cell what its embedded twin would.

use std::env;
use std::path::PathBuf;

use crate::shop::Shop;
use crate::{retail, turn};

#[test]
fn what_is_imported_stands_in_cassandra_redis_and_opensearch_as_in_their_embedded_twins() {
    let Some(_turn) = turn("an import into the real stores") else { return };
    let shop = Shop::new("importing");
    let file = match env::var("CHIMERA_STACK_RETAIL") {
        Ok(real) => PathBuf::from(real),
        Err(_) => shop.written("retail.csv", &retail::file(1, 420)),
    };
    shop.import(&file, "at first");
    shop.is_identical("after the import");
    let again = shop.import(&file, "again");
    assert_eq!(again["events"], 0, "{again:#}");
    shop.is_identical("after importing it again");
}
