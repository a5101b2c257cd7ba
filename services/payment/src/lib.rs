//! Payment gateway port and simulator.
