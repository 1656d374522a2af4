//! The year's story: how many samples each stage takes for which reason in each month, and how many of them fail.
//!
//! The levels are those of docs/DOMAIN.md 5.2. Three stages hold them all year; farm produce slides from September on, most of
//! all in two cities, far enough that the year to date falls below its target before the demonstration's now.

use hege_core::{City, Stage, TaskType};
use std::collections::BTreeMap;

/// A programme: what is taken in a stage for a reason.
pub(super) struct Stream {
    pub(super) stage: Stage,
    pub(super) task_type: TaskType,
    /// 复用餐饮具 instead of food; it has a rate of its own.
    pub(super) tableware: bool,
    /// Samples a month, January first; of December only its first days.
    pub(super) volume: [u32; 12],
    /// Of a thousand, how many fail.
    failing: u32,
}

impl Stream {
    const fn new(stage: Stage, task_type: TaskType, a_year: u32, failing: u32) -> Self {
        let mut volume = [0; 12];
        let mut rest: &[u32] = &SHAPE;
        let mut month: &mut [u32] = &mut volume;
        // A constant cannot loop over an iterator.
        while let ([share, others @ ..], [here, after @ ..]) = (rest, month) {
            *here = a_year * *share / 100;
            (rest, month) = (others, after);
        }
        Self { stage, task_type, tableware: false, volume, failing }
    }

    /// Of a thousand samples of a month and city, how many fail.
    fn failing(&self, month: i8, city: City) -> u32 {
        if self.stage == Stage::Farm && self.task_type == TaskType::RoutineMonitoring {
            let (hot, others) = match month {
                9 => (90, 30),
                10 => (210, 65),
                11 | 12 => (290, 95),
                _ => (15, 15),
            };
            if HOT.contains(&city.get()) { hot } else { others }
        } else {
            self.failing
        }
    }
}

/// Of a hundred samples of a year, how many in each month.
const SHAPE: [u32; 12] = [9, 6, 9, 9, 9, 9, 9, 9, 11, 8, 10, 2];

/// Where farm produce slides most: Wenzhou and Taizhou.
const HOT: [u16; 2] = [3303, 3310];

/// Farm monitoring is thin in winter and dense in autumn, after the harvest.
const FARM: [u32; 12] = [220, 160, 320, 360, 380, 400, 380, 380, 700, 800, 900, 180];

pub(super) const STREAMS: [Stream; 15] = {
    use Stage::{Catering, Circulation, Farm, Production};
    use TaskType::{Campaign, Case, Complaint, Evaluation, FollowUp, RiskMonitoring, RoutineMonitoring, Supervision};
    [
        Stream { volume: FARM, ..Stream::new(Farm, RoutineMonitoring, 0, 0) },
        Stream::new(Farm, Campaign, 300, 80),
        Stream::new(Production, Supervision, 5_000, 40),
        Stream::new(Production, Campaign, 200, 70),
        Stream::new(Production, RiskMonitoring, 300, 30),
        Stream::new(Production, FollowUp, 200, 150),
        Stream::new(Circulation, Evaluation, 4_200, 20),
        Stream::new(Circulation, Supervision, 600, 40),
        Stream::new(Circulation, Campaign, 300, 60),
        Stream::new(Circulation, RiskMonitoring, 200, 40),
        Stream::new(Circulation, Complaint, 200, 250),
        Stream::new(Catering, Evaluation, 3_400, 60),
        Stream { tableware: true, ..Stream::new(Catering, Evaluation, 400, 120) },
        Stream::new(Catering, Campaign, 200, 90),
        Stream::new(Catering, Case, 100, 500),
    ]
};

/// Cities by code with their people in 10,000 (the census of 2020, rounded, general knowledge).
pub(super) const CITIES: [(u16, u32); 11] = [
    (3301, 1_194),
    (3302, 940),
    (3303, 957),
    (3304, 540),
    (3305, 337),
    (3306, 527),
    (3307, 705),
    (3308, 228),
    (3309, 116),
    (3310, 662),
    (3311, 251),
];

/// Spreads failures evenly, so that a month's rate is its level and not the luck of a seed: a sample fails when what its stream
/// owes has reached a whole one.
#[derive(Default)]
pub(super) struct Owed(BTreeMap<(usize, bool), u32>);

impl Owed {
    pub(super) fn fails(&mut self, stream: usize, month: i8, city: City) -> bool {
        let Some(of) = STREAMS.get(stream) else { return false };
        let owed = self.0.entry((stream, HOT.contains(&city.get()))).or_default();
        *owed += of.failing(month, city);
        let fails = *owed >= 1_000;
        if fails {
            *owed -= 1_000;
        }
        fails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_about_twenty_thousand_samples() {
        assert_eq!(SHAPE.iter().sum::<u32>(), 100);
        let total: u32 = STREAMS.iter().flat_map(|stream| stream.volume).sum();
        assert!((20_000..21_500).contains(&total), "{total}");
    }

    #[test]
    fn failures_are_spread_evenly() {
        let mut owed = Owed::default();
        let city = City::new(3301).unwrap();
        let fails: Vec<usize> = (0..1_000).filter(|_| owed.fails(2, 3, city)).collect();
        assert_eq!(fails.len(), 40);
        assert!(fails.windows(2).all(|pair| pair[1] - pair[0] == 25));
    }
}
