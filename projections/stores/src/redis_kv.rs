//! Key-values on Redis: a hash a value, a script that sets only what is newer, and checkpoints that notice when Redis has lost
//! what it had confirmed.
//!
//! Redis may forget everything at any time; it is all in the log. What must never be is a checkpoint over values that are not there: so one
//! apply stays on one connection, and writes the checkpoint when every value was confirmed on it. `keys.rs` has the layout.

mod connection;
mod eviction;
mod failure;
mod keys;
mod layout;
mod memory;
mod merge;
mod parts;
mod read;
mod removal;
mod scan;
mod scripts;
mod views;
mod walk;
mod write;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chimera_model::{KvMutation, KvSpec};

use self::connection::{Connection, Session};
use self::keys::Keys;
use self::layout::Layout;
use self::memory::Memory;
use self::scan::{Lists, Scan};
use self::scripts::{ADVANCE, CREATE};
use self::views::{Advanced, Known, Step, ask_all, ask_layout, pipeline};
use crate::error::StoreError;
use crate::kv::{KvReader, KvValue, KvWriter};
use crate::page::{Cursor, Page, Scanned};
use crate::view::{Checkpoint, View};

/// Where Redis is and how long to wait for it.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://[user:password@]host[:port][/database]`. Never shown.
    pub url: String,
    /// What all keys begin with, so that several installations can share a Redis.
    pub prefix: String,
    /// How long to wait for a connection.
    pub connect_within: Duration,
    /// How long to wait for the answer to one request, a piece of an apply among them.
    pub answer_within: Duration,
}

impl RedisOptions {
    /// The usual ones for this URL: the prefix `chimera:`, a second for a connection, five for an answer.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            prefix: "chimera:".to_owned(),
            connect_within: Duration::from_secs(1),
            answer_within: Duration::from_secs(5),
        }
    }
}

/// The key-value store on Redis.
pub struct RedisKv {
    keys: Keys,
    /// Readers don't wait behind pieces of an apply.
    reading: Connection,
    writing: Connection,
    memory: Memory,
    lists: Lists,
}

impl RedisKv {
    /// The store; connects when it is first used, and again whenever the connection is lost.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if the URL or the prefix cannot be used.
    pub fn new(options: &RedisOptions) -> Result<Self, StoreError> {
        let RedisOptions { url, prefix, connect_within, answer_within } = options;
        Ok(Self {
            keys: Keys::new(prefix)?,
            reading: Connection::new(url, *connect_within, *answer_within)?,
            writing: Connection::new(url, *connect_within, *answer_within)?,
            memory: Memory::default(),
            lists: Lists::default(),
        })
    }

    async fn known(&self, model: &str) -> Result<Known, StoreError> {
        let answer = self.reading.ask(&pipeline(ask_all(&self.keys, model))).await?.pop();
        Known::parse(answer.unwrap_or_default())
    }

    /// The layout of a view that is written: as this process knows it, or as it stands in Redis.
    async fn writable(&self, session: &Session, view: View) -> Result<Arc<Layout>, StoreError> {
        if let Some(layout) = self.memory.layout(view) {
            return Ok(layout);
        }
        let asked = pipeline(ask_layout(&self.keys, view));
        let answer = self.writing.answers(session, &asked).await?.pop().unwrap_or_default();
        let Some(text) = views::text(answer)? else {
            return Err(StoreError::Fatal(format!("{view} is not there; create it first")));
        };
        let layout = Arc::new(Layout::parse(text)?);
        self.memory.found(view, layout.clone());
        Ok(layout)
    }

    /// Writes the checkpoints, if the view is there and as far as is known.
    async fn advance(
        &self,
        session: &Session,
        view: View,
        layout: &Layout,
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let step = |checkpoint| Step::new(view, checkpoint, self.memory.applied(view, checkpoint));
        let steps: Vec<Step> = checkpoints.iter().map(step).collect();
        let command = pipeline(views::advance(&self.keys, view, layout, &steps));
        let answer = self.writing.run(session, &ADVANCE, &command).await?.pop();
        let lost = match views::advanced(answer.unwrap_or_default())? {
            Advanced::Done => {
                self.memory.reached(view, checkpoints);
                return Ok(());
            }
            Advanced::Back(what) => what,
            Advanced::Gone => "it is not there any more".to_owned(),
        };
        self.memory.told(view, checkpoints);
        Err(StoreError::WentBack(format!("of {view}, {lost}")))
    }
}

#[async_trait]
impl KvReader for RedisKv {
    async fn get(
        &self,
        view: View,
        space: &'static KvSpec,
        id: &str,
    ) -> Result<Option<KvValue>, StoreError> {
        Ok(self.get_many(view, space, &[id]).await?.pop().flatten())
    }

    async fn get_many(
        &self,
        view: View,
        space: &'static KvSpec,
        ids: &[&str],
    ) -> Result<Vec<Option<KvValue>>, StoreError> {
        let wanted: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes()).collect();
        let found = read::read(&self.reading, &self.keys, view, space, &wanted).await?;
        let mut values = Vec::with_capacity(found.len());
        for (id, found) in ids.iter().zip(found) {
            values.push(found.map_err(|why| damaged(space, id, &why))?);
        }
        Ok(values)
    }

    async fn scan(
        &self,
        view: View,
        space: &'static KvSpec,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        let Self { keys, reading, lists, .. } = self;
        Scan { connection: reading, keys, lists, view, space }.page(after, limit).await
    }

    async fn checkpoints(&self, view: View) -> Result<Vec<Checkpoint>, StoreError> {
        let known = self.known(view.model).await?;
        if !known.is_open(view.generation) {
            return Err(views::gone(view));
        }
        let checkpoints = known.checkpoints(view.generation)?;
        self.memory.reached(view, &checkpoints);
        Ok(checkpoints)
    }

    async fn generations(&self, model: &str) -> Result<Vec<u32>, StoreError> {
        Ok(self.known(model).await?.generations())
    }
}

#[async_trait]
impl KvWriter for RedisKv {
    async fn create(&self, view: View, spaces: &[&'static KvSpec]) -> Result<(), StoreError> {
        eviction::check(&self.writing).await?;
        let layout = Layout::of(spaces)?;
        let command = pipeline(views::create(&self.keys, view, &layout));
        loop {
            let session = self.writing.session().await?;
            let answer = self.writing.run(&session, &CREATE, &command).await?.pop();
            let Some(stored) = views::text(answer.unwrap_or_default())? else {
                removal::remove(&self.writing, &self.keys, view).await?;
                continue;
            };
            let stored = Layout::parse(stored)?;
            spaces.iter().try_for_each(|space| stored.admits(space))?;
            self.memory.found(view, Arc::new(stored));
            return Ok(());
        }
    }

    async fn apply(
        &self,
        view: View,
        mutations: &[KvMutation],
        checkpoints: &[Checkpoint],
    ) -> Result<(), StoreError> {
        let values = merge::merge(mutations)?;
        let session = self.writing.session().await?;
        let layout = self.writable(&session, view).await?;
        merge::spaces(&values).try_for_each(|space| layout.admits(space))?;
        write::write(&self.writing, &session, &self.keys, view, &values).await?;
        self.advance(&session, view, &layout, checkpoints).await
    }

    async fn remove(&self, view: View) -> Result<(), StoreError> {
        self.memory.forget(view);
        self.lists.forget(view);
        removal::remove(&self.writing, &self.keys, view).await
    }
}

fn damaged(space: &KvSpec, id: &str, why: &str) -> StoreError {
    let name = space.space;
    StoreError::Fatal(format!(
        "{name}:{id} is damaged: {why}; rebuild the read model with `replay run`"
    ))
}
