//! What libFuzzer says while it runs.

use std::time::Instant;

/// What one target has done, read line by line.
#[derive(Debug)]
pub(super) struct Progress {
    started: Instant,
    heard: Instant,
    runs: u64,
    /// Edges that the seeds and what was found before reach, and all that are reached.
    known: u64,
    edges: u64,
    /// The same edges, told apart by how often an input takes them.
    features: u64,
    new_inputs: u64,
    /// When an edge was reached for the first time since it started.
    new_edge: Option<Instant>,
    new_feature: Option<Instant>,
}

impl Progress {
    /// What stands above the rows.
    pub(super) const HEADINGS: &str = "target                   runs  edges    new  features inputs  the last new edge, the last new feature";

    pub(super) fn new(now: Instant) -> Self {
        Self {
            started: now,
            heard: now,
            runs: 0,
            known: 0,
            edges: 0,
            features: 0,
            new_inputs: 0,
            new_edge: None,
            new_feature: None,
        }
    }

    /// Reads one line; what is none of libFuzzer's tells nothing.
    pub(super) fn read(&mut self, line: &str, now: Instant) {
        if let Some(count) = line.strip_prefix("stat::new_units_added:") {
            self.new_inputs = count.trim().parse().unwrap_or_default();
        }
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            self.runs = count.trim().parse().unwrap_or_default();
        }
        let (Some(edges), Some(features)) = (after(line, "cov:"), after(line, "ft:")) else { return };
        self.heard = now;
        if line.contains("INITED") {
            // All the time before, it read what is there.
            self.started = now;
            (self.known, self.edges, self.features) = (edges, edges, features);
        }
        if edges > self.edges {
            (self.edges, self.new_edge) = (edges, Some(now));
        }
        if features > self.features {
            (self.features, self.new_feature) = (features, Some(now));
        }
    }

    /// A row of the table: also whether it still found something near the end.
    pub(super) fn row(&self, target: &str) -> String {
        let Self { runs, edges, features, new_inputs, .. } = self;
        let new = edges.saturating_sub(self.known);
        let ago = |when: Option<Instant>| {
            when.map_or_else(
                || "none".to_owned(),
                |when| format!("{} s before the end", self.heard.duration_since(when).as_secs()),
            )
        };
        let (edge, feature) = (ago(self.new_edge), ago(self.new_feature));
        let seconds = self.heard.duration_since(self.started).as_secs();
        format!(
            "{target:<16} {runs:>12} {edges:>6} {new:>6} {features:>9} {new_inputs:>6}  {edge}, {feature}, of {seconds} s"
        )
    }
}

/// The number behind this word.
fn after(line: &str, word: &str) -> Option<u64> {
    let mut words = line.split_whitespace().skip_while(|other| *other != word);
    words.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Progress;

    const SAID: &[(u64, &str)] = &[
        (0, "INFO: seed corpus: files: 17 min: 1b max: 110b total: 700b rss: 41Mb"),
        (1, "#18\tINITED cov: 790 ft: 1100 corp: 16/689b exec/s: 0 rss: 43Mb"),
        (
            31,
            "#999\tNEW    cov: 800 ft: 1200 corp: 17/700b lim: 110 exec/s: 0 rss: 43Mb L: 11/110 MS: 1 ChangeByte-",
        ),
        (
            41,
            "#9999\tNEW    cov: 800 ft: 1201 corp: 18/700b lim: 110 exec/s: 0 rss: 43Mb L: 11/110 MS: 1 EraseBytes-",
        ),
        (
            51,
            "#65536\tREDUCE cov: 800 ft: 1201 corp: 18/690b lim: 110 exec/s: 9 rss: 43Mb L: 1/110 MS: 1 EraseBytes-",
        ),
        (61, "#88888\tDONE   cov: 800 ft: 1201 corp: 18/690b lim: 110 exec/s: 9 rss: 43Mb"),
        (61, "stat::number_of_executed_units: 88888"),
        (61, "stat::new_units_added:          2"),
    ];

    fn after_reading(said: &[(u64, &str)]) -> Vec<String> {
        let start = Instant::now();
        let mut progress = Progress::new(start);
        for (seconds, line) in said {
            progress.read(line, start + Duration::from_secs(*seconds));
        }
        progress.row("jwks").split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_row_tells_how_far_it_came_and_when_it_last_got_further() {
        assert_eq!(
            after_reading(SAID).join(" "),
            "jwks 88888 800 10 1201 2 30 s before the end, 20 s before the end, of 60 s"
        );
    }

    #[test]
    fn what_the_seeds_reach_is_nothing_new() {
        let quiet: Vec<_> = SAID.iter().filter(|(_, line)| !line.contains("NEW")).copied().collect();
        let quiet: Vec<_> = quiet.into_iter().filter(|(_, line)| line.contains("INITED")).collect();
        assert_eq!(after_reading(&quiet).join(" "), "jwks 0 790 0 1100 0 none, none, of 0 s");
    }
}
