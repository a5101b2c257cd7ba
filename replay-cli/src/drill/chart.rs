//! The charts of the page: when each step ran, and how fast each read model was rebuilt. SVG in the page's own colours.

use super::page::Escaped;
use super::report::{DrillReport, ModelDrilled, Step};
use super::words::{count, span, whole};

/// Of both charts, in the units of their view box.
const WIDTH: f64 = 880.0;
/// Where bars end; figures stand behind.
const RIGHT: f64 = 770.0;
/// A step that took next to nothing is still seen.
const NARROWEST: f64 = 3.0;
/// From one bar to the next.
const ROW: f64 = 34.0;
const BAR: f64 = 20.0;

/// Where values lie between the left and the right end of a chart.
#[derive(Clone, Copy)]
struct Scale {
    left: f64,
    most: f64,
}

impl Scale {
    fn width(self, value: f64) -> f64 {
        (value / self.most * (RIGHT - self.left)).max(0.0)
    }

    fn at(self, value: f64) -> f64 {
        self.left + self.width(value)
    }
}

/// One bar a step, over the time of the drill; lines where the shop could be read, where it was proved, and where it had to be.
pub(super) fn timeline(report: &DrillReport) -> String {
    let ends = report.steps.iter().map(|step| step.at_seconds + step.seconds);
    let total = ends.fold(0.001, f64::max);
    let target = report.rto.target_seconds.map(f64::from);
    // A target that is far away would leave nothing to be seen of the steps.
    let target = target.filter(|target| *target <= 2.5 * total);
    let scale = Scale { left: 90.0, most: target.map_or(total, |target| total.max(target * 1.04)) };
    let top = 46.0;
    let bottom = top + ROW * rows(report.steps.len());
    let mut parts = axis(scale, (top, bottom));
    let mut y = top;
    for step in &report.steps {
        parts.push(bar_of(step, scale, y));
        y += ROW;
    }
    let marks = [
        ("readable", "mark", report.rto.rebuilt_seconds, 12.0),
        ("proved", "mark", report.rto.proved_seconds, 28.0),
        ("target", "target", target, 12.0),
    ];
    for (name, class, seconds, at) in marks {
        parts.extend(seconds.map(|seconds| mark((name, class), scale.at(seconds), (at, bottom))));
    }
    drawing("When each step ran", bottom + 26.0, &parts)
}

fn bar_of(step: &Step, scale: Scale, y: f64) -> String {
    let class = if step.good { "bar" } else { "bar bad" };
    let (x, width) = (scale.at(step.at_seconds), scale.width(step.seconds).max(NARROWEST));
    let (text, end) = (y + BAR - 5.0, x + width + 8.0);
    format!(
        "<text class=\"name\" x=\"0\" y=\"{text:.1}\">{}</text>\
         <rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>\
         <text class=\"figure\" x=\"{end:.1}\" y=\"{text:.1}\">{}</text>",
        Escaped(step.name),
        Escaped(&span(step.seconds)),
    )
}

/// Faint lines at round times, each with its time below.
fn axis(scale: Scale, (top, bottom): (f64, f64)) -> Vec<String> {
    let step = round_step(scale.most / 5.0);
    let mut lines = Vec::new();
    let mut value = 0.0;
    while value <= scale.most {
        let (x, below) = (scale.at(value), bottom + 18.0);
        let time = if value == 0.0 { "0".to_owned() } else { span(value).replace(".0 ", " ") };
        lines.push(format!(
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{below:.1}\" text-anchor=\"middle\">{}</text>",
            Escaped(&time)
        ));
        value += step;
    }
    lines
}

/// A line over the chart with its name on top.
fn mark((name, class): (&str, &str), x: f64, (top, bottom): (f64, f64)) -> String {
    let from = top + 4.0;
    let (anchor, beside) = if x > WIDTH / 2.0 { ("end", x - 5.0) } else { ("start", x + 5.0) };
    let (anchor, beside) = if name == "target" { ("start", x + 5.0) } else { (anchor, beside) };
    format!(
        "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
         <text class=\"{class}\" x=\"{beside:.1}\" y=\"{from:.1}\" text-anchor=\"{anchor}\">{name}</text>",
        top - 6.0
    )
}

/// 1, 2 or 5 times a power of ten below a minute, whole minutes, hours or days above: never less than `least`.
fn round_step(least: f64) -> f64 {
    let long = [60.0, 120.0, 300.0, 600.0, 1_200.0, 3_600.0, 7_200.0, 14_400.0, 86_400.0];
    if least > 30.0 {
        return long.into_iter().find(|step| *step >= least).unwrap_or(least);
    }
    let power = 10_f64.powf(least.max(0.001).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    steps.into_iter().find(|step| *step >= least).unwrap_or(least)
}

/// One bar a read model, the fastest first.
pub(super) fn rates(models: &[ModelDrilled]) -> String {
    let mut models: Vec<&ModelDrilled> = models.iter().collect();
    models.sort_by(|one, other| other.events_per_second.total_cmp(&one.events_per_second));
    let most = models.first().map_or(1.0, |model| model.events_per_second.max(1.0));
    let scale = Scale { left: 190.0, most };
    let mut parts = Vec::new();
    let mut y = 4.0;
    for model in &models {
        let width = scale.width(model.events_per_second).max(NARROWEST);
        let (text, end) = (y + BAR - 5.0, scale.left + width + 8.0);
        let rate = format!("{}/s", count(whole(model.events_per_second)));
        parts.push(format!(
            "<text class=\"name\" x=\"0\" y=\"{text:.1}\">{}</text>\
             <rect class=\"bar\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>\
             <text class=\"figure\" x=\"{end:.1}\" y=\"{text:.1}\">{}</text>",
            Escaped(model.name),
            scale.left,
            Escaped(&rate)
        ));
        y += ROW;
    }
    drawing("Events a second of each read model", y, &parts)
}

fn drawing(title: &str, height: f64, parts: &[String]) -> String {
    let title = Escaped(title);
    let parts = parts.join("\n");
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{title}\">\n{parts}\n</svg>"
    )
}

#[expect(clippy::cast_precision_loss, reason = "a handful of rows")]
fn rows(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_an_axis_are_round() {
        let steps = [0.03, 0.2, 1.3, 7.0, 25.0, 45.0, 500.0, 5_000.0].map(round_step);
        let hundredths = steps.map(|step| format!("{step:.2}"));
        let round = ["0.05", "0.20", "2.00", "10.00", "50.00", "60.00", "600.00", "7200.00"];
        assert_eq!(hundredths, round);
    }

    #[test]
    fn a_scale_ends_where_its_most_is() {
        let scale = Scale { left: 100.0, most: 10.0 };
        let found = [0.0, 5.0, 10.0].map(|value| whole(scale.at(value)));
        assert_eq!(found, [100, 435, 770]);
    }
}
