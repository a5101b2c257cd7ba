//! How far the work is, on stderr: a bar with rate and time left on a terminal, one line at the end of each step otherwise.
//!
//! Never writes to stdout, never uses colours.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{prefix:24} [{bar:30}] {human_pos}/{human_len} {per_sec:>14} {eta:>4} left";

/// A part of a step, indented.
const PART: &str = "  {prefix:38} [{bar:14}] {human_pos}/{human_len} {per_sec:>14} {eta:>4} left";

/// All bars of one verb.
#[derive(Clone)]
pub(crate) struct Progress {
    bars: MultiProgress,
}

/// One step of the work.
pub(crate) struct Step {
    bar: ProgressBar,
    bars: MultiProgress,
    name: String,
    unit: &'static str,
    done: Arc<AtomicU64>,
    started: Instant,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(5)) }
    }

    /// Shows a part of a step.
    pub(crate) fn part(&self, name: &str, total: u64) -> Part {
        let bar = self.bars.add(ProgressBar::new(total));
        if let Ok(style) = ProgressStyle::with_template(PART) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        Part { bar, bars: self.bars.clone() }
    }

    /// Starts a step of so many units.
    pub(crate) fn step(&self, name: &str, total: u64, unit: &'static str) -> Step {
        let bar = self.bars.add(ProgressBar::new(total));
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Step {
            bar,
            bars: self.bars.clone(),
            name: name.to_owned(),
            unit,
            done: Arc::default(),
            started: Instant::now(),
        }
    }
}

/// A part of a step, shown below it on a terminal and forgotten with it.
pub(crate) struct Part {
    bar: ProgressBar,
    bars: MultiProgress,
}

impl Part {
    pub(crate) fn set(&self, units: u64) {
        self.bar.set_position(units);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
    }
}

impl Step {
    pub(crate) fn add(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
        self.bar.inc(units);
    }

    pub(crate) fn set(&self, units: u64) {
        self.done.store(units, Ordering::Relaxed);
        self.bar.set_position(units);
    }

    /// As [`Step::end`], for the last of those who share it.
    pub(crate) fn end_shared(step: Arc<Self>) {
        if let Some(step) = Arc::into_inner(step) {
            step.end();
        }
    }

    /// Leaves one line behind.
    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
        self.bars.remove(&self.bar);
        let done = self.done.load(Ordering::Relaxed);
        let seconds = self.started.elapsed().as_secs_f64();
        let line = format!("{}: {} {} in {seconds:.1} s", self.name, HumanCount(done), self.unit);
        self.bars.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}
