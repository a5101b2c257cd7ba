//! The embedded stores keep the contracts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use chimera_stores::EmbeddedStores;
use tempfile::TempDir;

fn fresh() -> (TempDir, EmbeddedStores) {
    let dir = tempfile::tempdir().unwrap();
    let stores = EmbeddedStores::open(dir.path()).unwrap();
    (dir, stores)
}

mod rows {
    chimera_stores::row_contract_tests!(|| {
        let (dir, stores) = super::fresh();
        (dir, stores.rows())
    });
}

mod kv {
    chimera_stores::kv_contract_tests!(|| {
        let (dir, stores) = super::fresh();
        (dir, stores.kv())
    });
}

mod generations {
    chimera_stores::generations_contract_tests!(|| {
        let (dir, stores) = super::fresh();
        (dir, stores.live())
    });
}
