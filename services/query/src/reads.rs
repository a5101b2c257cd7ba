//! Reading the live generation of a read model, not before it has applied what the caller has seen.
//!
//! A generation that goes away during a read (a rebuild was promoted) is read again from the one that is live then.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chimera_kit::codes;
use chimera_kit::position::{After, Applied};
use chimera_kit::problem::Problem;
use chimera_model::{KvSpec, ReadModel, Row, RowKey, SearchSpec, TableSpec, Value};
use chimera_stores::search::{Found, Query, SearchReader};
use chimera_stores::{
    Cursor, Generations, KvReader, KvValue, Listing, Page, RowReader, StoreError, View,
};
use tokio::time::timeout;

/// How often a read is tried while generations change.
const ATTEMPTS: u32 = 3;
/// How long a search may take before another answer is given.
const LONGEST_SEARCH: Duration = Duration::from_secs(2);

/// What a cache says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cached {
    /// It has it.
    Hit(KvValue),
    /// It does not have it.
    Miss,
    /// It does not answer.
    Away,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The read models, as readers see them; cheap to clone.
#[derive(Clone)]
pub struct Reads {
    /// The tables.
    pub rows: Arc<dyn RowReader>,
    /// The key-values.
    pub kv: Arc<dyn KvReader>,
    /// The documents.
    pub search: Arc<dyn SearchReader>,
    /// Which generation is live.
    pub generations: Generations,
    /// How far the read models are.
    pub applied: Arc<dyn Applied>,
}

impl Reads {
    /// The same, of the generations that are live now: for an answer that is put together from several reads.
    #[must_use]
    pub fn pinned(&self) -> Self {
        Self { generations: self.generations.as_of_now(), ..self.clone() }
    }

    /// Waits until the read models have applied what the caller has seen.
    ///
    /// # Errors
    /// `read.not_caught_up`.
    pub async fn caught_up(&self, after: &After, models: &[&ReadModel]) -> Result<(), Problem> {
        let names: Vec<&'static str> = models.iter().map(|model| model.name).collect();
        after.wait(&*self.applied, &names).await
    }

    /// One row.
    ///
    /// # Errors
    /// `read.unavailable`.
    pub async fn row(
        &self,
        model: &ReadModel,
        table: &'static TableSpec,
        key: impl Into<Vec<Value>>,
    ) -> Result<Option<Row>, Problem> {
        let key = RowKey(key.into());
        self.live(model, |view| self.rows.get(view, table, &key)).await
    }

    /// One page of the rows of a partition key.
    ///
    /// # Errors
    /// `read.unavailable`, `cursor.invalid`.
    pub async fn list(
        &self,
        model: &ReadModel,
        listing: Listing<'_>,
    ) -> Result<Page<Row>, Problem> {
        self.live(model, |view| self.rows.list(view, listing)).await
    }

    /// All rows of a partition key that is known to be small.
    ///
    /// # Errors
    /// `read.unavailable`.
    pub async fn all(
        &self,
        model: &ReadModel,
        table: &'static TableSpec,
        partition_key: &[Value],
    ) -> Result<Vec<Row>, Problem> {
        let (mut rows, mut after) = (Vec::new(), None::<Cursor>);
        let pinned = self.pinned();
        loop {
            let listing = Listing { table, partition_key, after: after.as_ref(), limit: 500 };
            let page = pinned.list(model, listing).await?;
            rows.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
    }

    /// One key-value.
    ///
    /// # Errors
    /// `read.unavailable`.
    pub async fn value(
        &self,
        model: &ReadModel,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, Problem> {
        self.live(model, |view| self.kv.get(view, space, id)).await
    }

    /// What a cache holds of this id, not before it has applied what the caller has seen. A cache that is away is no problem:
    /// tables hold the same.
    ///
    /// # Errors
    /// `read.not_caught_up` of a cache that is there.
    pub async fn cached(
        &self,
        after: &After,
        model: &ReadModel,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Cached, Problem> {
        let caught_up = self.caught_up(after, &[model]).await;
        match self.value(model, space, id).await {
            Ok(found) => caught_up.map(|()| found.map_or(Cached::Miss, Cached::Hit)),
            Err(_) => Ok(Cached::Away),
        }
    }

    /// What is found; none where the search store is away or slow: tables know some of the same.
    ///
    /// # Errors
    /// `cursor.invalid`.
    pub async fn find(
        &self,
        model: &ReadModel,
        spec: &'static SearchSpec,
        query: &Query,
    ) -> Result<Option<Found>, Problem> {
        let found = self.live(model, |view| self.search.search(view, spec, query));
        match timeout(LONGEST_SEARCH, found).await {
            Ok(Ok(found)) => Ok(Some(found)),
            Ok(Err(problem)) if problem.code() == codes::CURSOR_INVALID.code => Err(problem),
            Ok(Err(_)) => Ok(None),
            Err(_) => {
                tracing::warn!(read_model = model.name, "search is slow and is left alone");
                Ok(None)
            }
        }
    }

    async fn live<'a, T>(
        &'a self,
        model: &ReadModel,
        read: impl Fn(View) -> Answer<'a, T>,
    ) -> Result<T, Problem> {
        let mut attempt = 1;
        loop {
            let view = self.view(model)?;
            match read(view).await {
                Ok(answer) => return Ok(answer),
                Err(StoreError::Transient(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(unreadable(model, &error)),
            }
        }
    }

    fn view(&self, model: &ReadModel) -> Result<View, Problem> {
        let live = self.generations.live_generation(model.name);
        let generation = live.map_err(|error| unreadable(model, &error))?;
        Ok(View::new(model.name, generation))
    }
}

fn unreadable(model: &ReadModel, error: &StoreError) -> Problem {
    if let StoreError::Rejected(_) = error {
        let detail = "the cursor was not made by this list; start again without one";
        return Problem::new(codes::CURSOR_INVALID, detail).at("cursor");
    }
    tracing::error!(read_model = model.name, %error, "a read model cannot be read");
    let detail = format!("{} cannot be read now; try again shortly", model.name);
    Problem::new(codes::READ_UNAVAILABLE, detail)
}
