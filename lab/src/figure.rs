//! Numbers of a run that a chart tells better than a sentence.

use std::time::Duration;

use socket_demos::t;

/// Bars of one kind, with what they measure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What the chart is about.
    pub title: String,
    /// What its axis counts, with the unit.
    pub axis: String,
    /// Where the axis ends; beyond the longest bar where that is open.
    pub end: Option<f64>,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// Its length in units of the axis.
    pub value: f64,
    /// The number in words.
    pub shown: String,
}

impl Figure {
    /// How much there was of how much there could have been, as shares of a hundred.
    pub(super) fn shares(title: String, parts: impl IntoIterator<Item = (String, usize, usize)>) -> Self {
        let bar = |(label, part, whole): (String, usize, usize)| {
            let value = 100.0 * part as f64 / whole.max(1) as f64;
            // What is not the whole never reads 100.
            let share = format!("{:.1} %", if part < whole { value.min(99.9) } else { value });
            Bar { label, value, shown: t!("{part} of {whole} ({share})", "{part} / {whole}（{share}）") }
        };
        let axis = t!("share in percent", "所占百分比（%）");
        Self { title, axis, end: Some(100.0), bars: parts.into_iter().map(bar).collect() }
    }

    /// How long things took, in milliseconds, and what came of each.
    pub(super) fn times(title: String, times: impl IntoIterator<Item = (String, Duration, String)>) -> Self {
        let bar = |(label, time, outcome): (String, Duration, String)| {
            let value = time.as_secs_f64() * 1000.0;
            let milliseconds = if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") };
            Bar { label, value, shown: t!("{milliseconds} ms, {outcome}", "{milliseconds} 毫秒，{outcome}") }
        };
        let axis = t!("time in milliseconds", "时间（毫秒）");
        Self { title, axis, end: None, bars: times.into_iter().map(bar).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_that_is_not_the_whole_never_reads_100() {
        let parts = [(1999, 2000), (5, 5), (0, 0), (930, 6763)];
        let figure = Figure::shares("kept".into(), parts.map(|(part, whole)| ("a".into(), part, whole)));
        let shown: Vec<_> = figure.bars.iter().map(|bar| bar.shown.as_str()).collect();
        let expected = ["1999 of 2000 (99.9 %)", "5 of 5 (100.0 %)", "0 of 0 (0.0 %)", "930 of 6763 (13.8 %)"];
        assert_eq!(shown, expected);
        assert_eq!(figure.end, Some(100.0));
    }

    #[test]
    fn short_times_keep_their_hundredths() {
        let times = [50, 500_400].map(|us| ("client".into(), Duration::from_micros(us), "connected".into()));
        let shown: Vec<_> = Figure::times("t".into(), times).bars.into_iter().map(|bar| bar.shown).collect();
        assert_eq!(shown, ["0.05 ms, connected", "500 ms, connected"]);
    }
}
