//! A durable log for one machine.
