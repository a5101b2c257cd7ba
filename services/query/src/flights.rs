//! One reading for all who ask for the same at the same time, so that a missing key does not become a thousand readings.
//!
//! Nothing is kept once it has been given out: the next one who asks reads anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

type UnderWay<T> = HashMap<String, Arc<OnceCell<T>>>;

/// The readings that are under way. Cheap to clone; clones share them.
#[derive(Debug)]
pub struct Flights<T>(Arc<Mutex<UnderWay<T>>>);

impl<T> Clone for Flights<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone> Flights<T> {
    /// What the reading of `key` gives that is under way already, or this one. Where whoever reads gives up, another one of
    /// those who wait reads.
    pub async fn join<F: Future<Output = T>>(&self, key: &str, read: impl FnOnce() -> F) -> T {
        let cell = Arc::clone(self.lock().entry(key.to_owned()).or_default());
        let answer = cell.get_or_init(read).await.clone();
        let mut under_way = self.lock();
        if under_way.get(key).is_some_and(|found| Arc::ptr_eq(found, &cell)) {
            under_way.remove(key);
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn all_who_ask_at_once_share_one_reading() {
        let (flights, readings, go) = (Flights::default(), AtomicU32::new(0), Notify::new());
        let read = || async {
            go.notified().await;
            readings.fetch_add(1, Ordering::Relaxed) + 1
        };
        let together = async { tokio::join!(flights.join("a", read), flights.join("a", read)) };
        let ((first, second), ()) = tokio::join!(together, async { go.notify_one() });
        assert_eq!((first, second), (1, 1));
        go.notify_one();
        assert_eq!(flights.join("a", read).await, 2, "nothing is kept");
    }

    #[tokio::test]
    async fn a_reader_who_gives_up_leaves_the_others_their_answer() {
        let flights = Flights::default();
        let gone = flights.join("a", std::future::pending::<u32>);
        assert!(tokio::time::timeout(std::time::Duration::ZERO, gone).await.is_err());
        assert_eq!(flights.join("a", || async { 7 }).await, 7);
        assert!(flights.lock().is_empty());
    }
}
