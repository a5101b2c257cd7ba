//! Shards, router, processes; generic over the aggregate.
