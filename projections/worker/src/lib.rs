//! Consume, project, apply, checkpoint.
