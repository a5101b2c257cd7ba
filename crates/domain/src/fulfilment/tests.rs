//! What follows from each event of an order.
