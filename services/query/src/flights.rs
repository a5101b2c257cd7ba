//! One reading for all who ask for the same at the same time, so that a missing key does not become a thousand readings.
//!
//! Nothing is kept once it has been given out: the next one who asks reads anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_kit::position::After;
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
    /// What the reading of `key` gives that is under way already, or this one. Who has seen something reads alone: another
    /// reading may have begun before that was there.
    pub async fn join<F: Future<Output = T>>(
        &self,
        after: &After,
        key: &str,
        read: impl FnOnce() -> F,
    ) -> T {
        if after.0.is_some() {
            return read().await;
        }
        self.share(key, read).await
    }

    /// Where whoever reads gives up, another one of those who wait reads.
    async fn share<F: Future<Output = T>>(&self, key: &str, read: impl FnOnce() -> F) -> T {
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
        let together = async { tokio::join!(flights.share("a", read), flights.share("a", read)) };
        let ((first, second), ()) = tokio::join!(together, async { go.notify_one() });
        assert_eq!((first, second), (1, 1));
        go.notify_one();
        assert_eq!(flights.share("a", read).await, 2, "nothing is kept");
    }

    #[tokio::test]
    async fn a_reader_who_gives_up_leaves_the_others_their_answer() {
        let flights = Flights::default();
        let gone = flights.share("a", std::future::pending::<u32>);
        assert!(tokio::time::timeout(std::time::Duration::ZERO, gone).await.is_err());
        assert_eq!(flights.share("a", || async { 7 }).await, 7);
        assert!(flights.lock().is_empty());
    }
}
