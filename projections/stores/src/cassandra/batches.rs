//! Sending a plan: every batch a request of its own, many at once, and the checkpoints when all have been confirmed.

use std::sync::Arc;

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt};
use scylla::errors::ExecutionError;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;

use super::errors;
use super::link::Link;
use super::plan::{Plan, Write};
use super::view::OpenView;
use crate::error::StoreError;
use crate::view::{Checkpoint, View};

/// Where Cassandra on one machine is as fast as it gets.
const AT_ONCE: usize = 128;

/// Why a plan was not carried out to its end.
pub(super) struct Failed {
    pub(super) table: &'static str,
    pub(super) error: ExecutionError,
}

/// The statements of a plan, by the number of their shape.
pub(super) async fn statements(
    link: &Link,
    view: View,
    open: &OpenView,
    plan: &Plan<'_>,
) -> Result<Vec<PreparedStatement>, StoreError> {
    let mut statements = Vec::with_capacity(plan.shapes.len());
    for shape in &plan.shapes {
        let table = open.table(link, view, shape.table).await?;
        statements.push(table.write(link, *shape).await?);
    }
    Ok(statements)
}

/// Sends everything; after an error some of it may have been done.
pub(super) async fn send(
    link: &Link,
    plan: Plan<'_>,
    statements: &[PreparedStatement],
) -> Result<(), Failed> {
    let Plan { shapes, batches } = plan;
    let mut waiting = FuturesUnordered::new();
    for batch in batches {
        if waiting.len() == AT_ONCE {
            waiting.next().await.transpose()?;
        }
        let table = batch.first().map_or("", |write| shapes[write.shape].table.name);
        waiting.push(send_batch(link, table, batch, statements));
    }
    waiting.try_collect().await
}

async fn send_batch(
    link: &Link,
    table: &'static str,
    writes: Vec<Write<'_>>,
    statements: &[PreparedStatement],
) -> Result<(), Failed> {
    let sent = if let [write] = writes.as_slice() {
        link.session.execute_unpaged(&statements[write.shape], write).await
    } else {
        let each = writes.iter().map(|write| BatchStatement::from(statements[write.shape].clone()));
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, each.collect());
        batch.set_is_idempotent(true);
        link.session.batch(&batch, &writes).await
    };
    sent.map(|_| ()).map_err(|error| Failed { table, error })
}

/// The statement that moves a checkpoint forward, and no further back.
pub(super) async fn prepare_checkpoint(link: &Link) -> Result<PreparedStatement, StoreError> {
    let statement = format!(
        "INSERT INTO \"{}\".\"chimera_checkpoints\" (model, generation, born, stream, partition, sequence) \
         VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
        link.keyspace
    );
    link.prepare(&statement).await
}

/// Whether all of them can be stored.
pub(super) fn check_checkpoints(checkpoints: &[Checkpoint]) -> Result<(), StoreError> {
    for checkpoint in checkpoints {
        if i64::try_from(checkpoint.sequence).is_err() {
            let sequence = checkpoint.sequence;
            return Err(StoreError::Rejected(format!(
                "a checkpoint at {sequence} is out of range"
            )));
        }
    }
    Ok(())
}

pub(super) async fn send_checkpoints(
    link: &Link,
    statement: &PreparedStatement,
    (view, open): (View, &Arc<OpenView>),
    checkpoints: &[Checkpoint],
) -> Result<(), StoreError> {
    let waiting = FuturesUnordered::new();
    for Checkpoint { stream, partition, sequence } in checkpoints {
        // Nothing has been applied, and nothing is what is stored.
        if *sequence == 0 {
            continue;
        }
        let (generation, partition) = (i64::from(view.generation), i64::from(*partition));
        let sequence = sequence.cast_signed();
        let values = (view.model, generation, open.born, &**stream, partition, sequence, sequence);
        waiting.push(link.session.execute_unpaged(statement, values));
    }
    let sent: Result<Vec<_>, _> = waiting.try_collect().await;
    sent.map(|_| ()).map_err(errors::of_request)
}
