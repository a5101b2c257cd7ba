//! gRPC as REST has it: the same callers, keys, positions, problems and limits, out of metadata and into status details.
//!
//! Knows the edge of every method and no method of any service; what is asked and answered is the services' own.

mod answer;
mod asked;
mod call;
mod deadline;
mod health;
mod methods;
mod money;
mod server;
mod status;
mod time;

pub use answer::{answer, answer_after_waiting};
pub use asked::{after, asked, caller, given_position, id, keyed};
pub use call::Call;
pub use money::{given_money, money};
pub use server::{Edge, application, serve};
pub use status::code_of;
pub(crate) use status::name_of;
pub use time::{micros, timestamp};
