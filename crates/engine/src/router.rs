//! Brings each command to the shard of its partition, here or in another process, and the answer back.
//!
//! A command whose shard goes away under it is sent again, with the same id, to wherever the partition has gone: the log
//! knows whether it took effect.

use std::sync::Arc;
use std::time::Duration;

use chimera_domain::aggregate::Aggregate;
use chimera_log::{Owner, Owners, Partition, partition_of};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::forward::Cluster;
use crate::mailbox::{Message, ShardStatus};
use crate::request::{Current, Failure, Receipt, Request};
use crate::slot::Slot;

mod forwarding;
mod serving;

/// How long a partition may have no owner before a command is refused; longer than a takeover.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at where a partition is; doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The way to every partition of one stream; cheap to clone.
pub struct Router<A: Aggregate> {
    slots: Arc<[Slot<A>]>,
    owners: watch::Receiver<Arc<Owners>>,
    cluster: Option<Cluster>,
}

impl<A: Aggregate> Clone for Router<A> {
    fn clone(&self) -> Self {
        Self {
            slots: Arc::clone(&self.slots),
            owners: self.owners.clone(),
            cluster: self.cluster.clone(),
        }
    }
}

impl<A: Aggregate> std::fmt::Debug for Router<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router").field("stream", &A::STREAM).finish_non_exhaustive()
    }
}

/// Where a partition is written now.
enum Way<A: Aggregate> {
    Here(mpsc::Sender<Message<A>>),
    There(Owner),
    /// It has no owner that is known, or is on its way here.
    Nowhere,
}

/// What to do where nothing can be done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    /// Refuse what a full mailbox cannot take.
    Refuse,
    /// Wait for room.
    Wait,
}

impl<A: Aggregate> Router<A> {
    pub(crate) fn new(
        slots: Arc<[Slot<A>]>,
        owners: watch::Receiver<Arc<Owners>>,
        cluster: Option<Cluster>,
    ) -> Self {
        Self { slots, owners, cluster }
    }

    /// How many partitions the stream has.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    /// The partition that holds `key`.
    #[must_use]
    pub fn partition_of(&self, key: &str) -> Partition {
        Partition::new(A::STREAM, partition_of(key, self.partitions()))
    }

    /// Sends a command; full mailboxes are refused at once. Answered after the commit.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn execute(&self, request: Request<A>) -> Result<Receipt<A>, Failure<A::Rejection>> {
        self.bring(request, Full::Refuse).await
    }

    /// Sends a command and waits for room in a full mailbox: for processes and imports, which have nobody to refuse.
    ///
    /// # Errors
    /// See [`Failure`]; never [`Failure::Saturated`].
    pub async fn execute_patiently(
        &self,
        request: Request<A>,
    ) -> Result<Receipt<A>, Failure<A::Rejection>> {
        self.bring(request, Full::Wait).await
    }

    /// How an aggregate stands now, durably. Version 0 where there is none of this id.
    ///
    /// # Errors
    /// [`Failure::NotOwner`] if nobody who owns its partition can be reached.
    pub async fn read(&self, key: &str) -> Result<Current<A>, Failure<A::Rejection>> {
        self.ask(key, None).await
    }

    /// How an aggregate stands as soon as its version is beyond `version`; waits without end, so give it a deadline.
    ///
    /// # Errors
    /// [`Failure::NotOwner`] if nobody who owns its partition can be reached.
    pub async fn read_past(
        &self,
        key: &str,
        version: u64,
    ) -> Result<Current<A>, Failure<A::Rejection>> {
        self.ask(key, Some(version)).await
    }

    async fn bring(
        &self,
        request: Request<A>,
        full: Full,
    ) -> Result<Receipt<A>, Failure<A::Rejection>> {
        let partition = self.partition_of(&request.key);
        let Some(cluster) = &self.cluster else {
            let Some(shard) = self.slot(&partition).shard() else {
                return Err(Failure::NotOwner(partition));
            };
            return send(&partition, &shard, request, full).await.0;
        };
        let mut search = Search::new(PATIENCE);
        loop {
            let (answer, may_have_arrived) = match self.way(&partition, cluster) {
                Way::Here(shard) => send(&partition, &shard, request.clone(), full).await,
                Way::There(owner) => tokio::select! {
                    answer = self.forward(cluster, &owner, &request, full) => answer,
                    // Whoever is held up does not hold up those who ask.
                    () = self.superseded(&partition, owner.term) => {
                        (Err(Failure::NotOwner(partition.clone())), true)
                    }
                },
                Way::Nowhere => (Err(Failure::NotOwner(partition.clone())), false),
            };
            search.doubtful |= may_have_arrived;
            match answer {
                Err(Failure::NotOwner(_)) if search.goes_on() => {
                    self.change(&partition, &mut search).await;
                }
                Err(Failure::NotOwner(_)) if search.doubtful => return Err(Failure::Indeterminate),
                answer => return answer,
            }
        }
    }

    async fn ask(&self, key: &str, past: Option<u64>) -> Result<Current<A>, Failure<A::Rejection>> {
        let partition = self.partition_of(key);
        let Some(cluster) = &self.cluster else {
            let Some(shard) = self.slot(&partition).shard() else {
                return Err(Failure::NotOwner(partition));
            };
            return question(&partition, &shard, key, past).await;
        };
        let mut search = Search::new(PATIENCE);
        loop {
            let answer = match self.way(&partition, cluster) {
                Way::Here(shard) => question(&partition, &shard, key, past).await,
                Way::There(owner) => tokio::select! {
                    answer = self.ask_there(cluster, &owner, key, past) => answer,
                    () = self.superseded(&partition, owner.term) => {
                        Err(Failure::NotOwner(partition.clone()))
                    }
                },
                Way::Nowhere => Err(Failure::NotOwner(partition.clone())),
            };
            match answer {
                // Whoever waits for a change gives up by himself.
                Err(Failure::NotOwner(_)) if past.is_some() || search.goes_on() => {
                    self.change(&partition, &mut search).await;
                }
                answer => return answer,
            }
        }
    }

    /// Where the partition is written, as far as is known here.
    fn way(&self, partition: &Partition, cluster: &Cluster) -> Way<A> {
        let slot = self.slot(partition);
        let here = slot.shard().filter(|shard| !shard.is_closed());
        let here = match here {
            Some(shard) if !slot.is_unclaimed() => return Way::Here(shard),
            unclaimed => unclaimed,
        };
        // What this process has claimed and does not have any more will be claimed anew.
        let owners = self.owners.borrow();
        let other = owners.get(partition).filter(|owner| owner.address != cluster.own_address);
        match (other, here) {
            // It serves until this process has claimed; nothing need wait for that.
            (Some(owner), _) => Way::There(owner.clone()),
            (None, Some(shard)) => Way::Here(shard),
            (None, None) => Way::Nowhere,
        }
    }

    /// Waits until somebody has claimed the partition after the owner of `term`.
    async fn superseded(&self, partition: &Partition, term: u64) {
        let mut owners = self.owners.clone();
        let later =
            |owners: &Arc<Owners>| owners.get(partition).is_some_and(|owner| owner.term > term);
        let gone = owners.wait_for(later).await.is_err();
        if gone {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until it is worth looking again. No change is missed that comes while a command is on its way.
    async fn change(&self, partition: &Partition, search: &mut Search) {
        let Some(watched) = &mut search.watched else {
            let mut owners = self.owners.clone();
            owners.mark_unchanged();
            // What came before is found by looking again at once.
            search.watched = Some(Watched { owners, status: self.slot(partition).status() });
            return;
        };
        tokio::select! {
            Ok(()) = watched.owners.changed() => {}
            Ok(()) = watched.status.changed() => {}
            () = tokio::time::sleep(search.pause) => {}
        }
        search.pause = (search.pause * 2).min(LONGEST_PAUSE);
    }

    fn slot(&self, partition: &Partition) -> &Slot<A> {
        let index = usize::try_from(partition.index).unwrap_or_default();
        &self.slots[index]
    }
}

/// The search for whoever owns a partition.
struct Search {
    /// None where the first look is enough, as it nearly always is.
    watched: Option<Watched>,
    until: Instant,
    pause: Duration,
    /// The command may have taken effect somewhere.
    doubtful: bool,
}

/// What tells that a partition may have changed hands.
struct Watched {
    owners: watch::Receiver<Arc<Owners>>,
    status: watch::Receiver<ShardStatus>,
}

impl Search {
    fn new(patience: Duration) -> Self {
        let until = Instant::now() + patience;
        Self { watched: None, until, pause: FIRST_PAUSE, doubtful: false }
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }
}

/// Hands a command to a shard of this process. Also whether the shard may have executed it without saying so.
async fn send<A: Aggregate>(
    partition: &Partition,
    shard: &mpsc::Sender<Message<A>>,
    request: Request<A>,
    full: Full,
) -> (Result<Receipt<A>, Failure<A::Rejection>>, bool) {
    let gone = || Err(Failure::NotOwner(partition.clone()));
    let (reply, answer) = oneshot::channel();
    let message = Message::Execute(request, reply);
    match full {
        Full::Wait => {
            if shard.send(message).await.is_err() {
                return (gone(), false);
            }
        }
        Full::Refuse => match shard.try_send(message) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return (Err(Failure::Saturated), false),
            Err(TrySendError::Closed(_)) => return (gone(), false),
        },
    }
    match answer.await {
        Ok(Err(Failure::NotOwner(partition))) => (Err(Failure::NotOwner(partition)), true),
        Ok(answer) => (answer, false),
        Err(_) => (gone(), true),
    }
}

async fn question<A: Aggregate>(
    partition: &Partition,
    shard: &mpsc::Sender<Message<A>>,
    key: &str,
    past: Option<u64>,
) -> Result<Current<A>, Failure<A::Rejection>> {
    let (reply, answer) = oneshot::channel();
    if shard.send(Message::Read { key: key.into(), past, reply }).await.is_err() {
        return Err(Failure::NotOwner(partition.clone()));
    }
    answer.await.map_err(|_| Failure::NotOwner(partition.clone()))
}
