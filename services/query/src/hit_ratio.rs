//! How many of the latest lookups a cache could answer.

use std::sync::{Mutex, PoisonError};

use metrics::{describe_gauge, gauge};

/// Of the latest lookups of products, the part that the cache could answer.
const PRODUCT_CACHE_HIT_RATIO: &str = "product_cache_hit_ratio";
/// After so many lookups the older ones count half.
const WINDOW: f64 = 1000.0;

/// Gives the metric its description; once, after the recorder is installed.
pub fn describe_metrics() {
    describe_gauge!(
        PRODUCT_CACHE_HIT_RATIO,
        "Of the latest lookups of products, the part that the cache could answer."
    );
}

/// Counts lookups.
#[derive(Debug, Default)]
pub struct HitRatio(Mutex<Lookups>);

#[derive(Debug, Default)]
struct Lookups {
    all: f64,
    hits: f64,
}

impl HitRatio {
    /// A lookup was answered by the cache, or not.
    pub fn count(&self, hit: bool) {
        let mut lookups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lookups.all >= WINDOW {
            lookups.all /= 2.0;
            lookups.hits /= 2.0;
        }
        lookups.all += 1.0;
        lookups.hits += if hit { 1.0 } else { 0.0 };
        gauge!(PRODUCT_CACHE_HIT_RATIO).set(lookups.hits / lookups.all);
    }
}
