//! A connection that is made when it is needed and given up at the first sign of trouble.
//!
//! A [`Session`] is one connection and never quietly another: what was confirmed on it lies in the memory of the one process that
//! answers on it. Whoever finds it broken asks for the next session, which must not be taken for the same Redis.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, Pipeline, ProtocolVersion, RedisError,
    Script, Value,
};

use super::failure;
use crate::error::StoreError;

/// Where Redis is, and the connection to it.
pub(super) struct Connection {
    client: Client,
    config: AsyncConnectionConfig,
    current: Mutex<Option<Session>>,
    /// Held while connecting; when it last failed, and how.
    connecting: tokio::sync::Mutex<Option<(Instant, StoreError)>>,
}

/// One connection to one Redis.
#[derive(Clone)]
pub(super) struct Session {
    /// Tells it from the sessions before and after it.
    since: Instant,
    connection: MultiplexedConnection,
}

/// Why answers did not come, and whether another session may find them at once.
struct Failure {
    error: StoreError,
    dropped: bool,
}

impl Connection {
    /// Does not connect yet.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if this is no URL of a Redis.
    pub(super) fn new(url: &str, connect: Duration, answer: Duration) -> Result<Self, StoreError> {
        // The newer protocol says why a login was refused.
        let info = url.into_connection_info().and_then(|info| {
            let redis = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            Client::open(info.set_redis_settings(redis))
        });
        let client = info.map_err(|error| failure::of(&error))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(connect))
            .set_response_timeout(Some(answer));
        let (current, connecting) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self { client, config, current, connecting })
    }

    /// The connection as it stands, or a new one.
    pub(super) async fn session(&self) -> Result<Session, StoreError> {
        if let Some(session) = self.current() {
            return Ok(session);
        }
        let asked = Instant::now();
        let mut failed = self.connecting.lock().await;
        if let Some(session) = self.current() {
            return Ok(session);
        }
        // Those who waited for an attempt share its outcome, or each would wait for one of its own, in a row.
        if let Some((when, error)) = &*failed
            && *when > asked
        {
            return Err(error.clone());
        }
        let made = self.client.get_multiplexed_async_connection_with_config(&self.config).await;
        match made {
            Ok(connection) => {
                let session = Session { since: Instant::now(), connection };
                *self.lock() = Some(session.clone());
                Ok(session)
            }
            Err(error) => {
                let error = failure::of(&error);
                *failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Answers of a pipeline, errors of single commands among them, from this session and no other.
    pub(super) async fn answers(
        &self,
        session: &Session,
        commands: &Pipeline,
    ) -> Result<Vec<Value>, StoreError> {
        self.sent(session, commands).await.map_err(|failure| failure.error)
    }

    /// As [`Connection::answers`], from whichever session: for what may be asked twice. A connection that was closed while
    /// nobody looked is no failure.
    pub(super) async fn ask(&self, commands: &Pipeline) -> Result<Vec<Value>, StoreError> {
        let session = self.session().await?;
        match self.sent(&session, commands).await {
            Err(Failure { dropped: true, .. }) => {
                let session = self.session().await?;
                self.answers(&session, commands).await
            }
            answered => answered.map_err(|failure| failure.error),
        }
    }

    /// As [`Connection::answers`], for commands that call the script, which is loaded where it is missing.
    pub(super) async fn run(
        &self,
        session: &Session,
        script: &Script,
        commands: &Pipeline,
    ) -> Result<Vec<Value>, StoreError> {
        let answers = self.answers(session, commands).await?;
        if !answers.iter().any(failure::lacks_script) {
            return Ok(answers);
        }
        let loaded = script.load_async(&mut session.connection.clone()).await;
        loaded.map_err(|error| self.failed(session, &error).error)?;
        self.answers(session, commands).await
    }

    async fn sent(&self, session: &Session, commands: &Pipeline) -> Result<Vec<Value>, Failure> {
        let mut connection = session.connection.clone();
        let answered = connection.send_packed_commands(commands, 0, commands.len()).await;
        answered.map_err(|error| self.failed(session, &error))
    }

    /// Gives the session up, unless somebody has connected anew already. One that is merely slow, too: behind it may be nobody.
    fn failed(&self, session: &Session, error: &RedisError) -> Failure {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|now| now.since == session.since) {
            *current = None;
        }
        Failure { error: failure::of(error), dropped: error.is_connection_dropped() }
    }

    fn current(&self) -> Option<Session> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Session>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
