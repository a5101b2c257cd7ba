//! What can happen to a single request, and to which.

use std::time::Duration;

use super::frame::Frame;

/// Kinds of requests, as Kafka numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub(crate) enum Api {
    Produce = 0,
    InitProducerId = 22,
    AddPartitionsToTxn = 24,
    EndTxn = 26,
}

/// What happens to a request or its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request takes so much longer, and with it all that follows on its connection.
    HoldRequest(Duration),
    /// The answer takes so much longer.
    HoldAnswer(Duration),
    /// The answer never comes; the connection stays.
    SwallowAnswer,
    /// The request arrives, and the connection is cut before the answer.
    LoseAnswer,
    /// The connection is cut, and the request stays under way until the test delivers it.
    Strand,
    /// What was stranded arrives just before this.
    AfterStranded,
}

/// Which requests a fault happens to.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    api: Api,
    names: String,
    skips: usize,
    times: usize,
    fault: Fault,
}

impl Rule {
    /// Every request of a kind.
    pub(crate) fn always(api: Api, fault: Fault) -> Self {
        Self { api, names: String::new(), skips: 0, times: usize::MAX, fault }
    }

    /// The next request of a kind.
    pub(crate) fn once(api: Api, fault: Fault) -> Self {
        Self { times: 1, ..Self::always(api, fault) }
    }

    /// Only those that name this transactional id.
    pub(crate) fn of(self, id: &str) -> Self {
        Self { names: id.to_owned(), ..self }
    }

    /// Not the first so many.
    pub(crate) fn after(self, skips: usize) -> Self {
        Self { skips, ..self }
    }

    /// The fault, if it happens to this request.
    pub(super) fn applies(&mut self, request: &Frame) -> Option<Fault> {
        if self.times == 0 || !request.is(self.api) || !request.names(&self.names) {
            return None;
        }
        if self.skips > 0 {
            self.skips -= 1;
            return None;
        }
        self.times -= 1;
        Some(self.fault)
    }
}
