//! Envelope and Avro bytes.
