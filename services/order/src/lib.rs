//! Order endpoints.
