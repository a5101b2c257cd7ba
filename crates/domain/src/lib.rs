//! Rules of the shop, pure and synchronous.
