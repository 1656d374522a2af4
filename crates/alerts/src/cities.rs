//! Notices to cities: only the province answers the plan's target, but a city far below it should know.
//!
//! Eleven cities and four stages looked at each month would find something by chance alone, so what is found is corrected for
//! having looked at all (docs/DOMAIN.md 7.6).

use crate::evidence::probability;
use crate::plan::N_SIGNIFICANT;
use hege_rates::{BasisPoints, Compared, Tally, compare};

/// The share of false ones that is expected among the notices of one look.
pub const FALSE_DISCOVERIES: f64 = 0.10;

/// A city's figures for a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct City<Id> {
    /// Which city.
    pub id: Id,
    /// Its year to date.
    pub tally: Tally,
    /// Whether a notice to it is open.
    pub open: bool,
}

/// A notice to a city.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Notice<Id> {
    /// Which city.
    pub id: Id,
    /// Its tally.
    pub tally: Tally,
    /// The plan's target.
    pub target: BasisPoints,
    /// The exact lower tail.
    pub p_low: f64,
    /// Adjusted for all cities that were looked at.
    pub adjusted: f64,
}

/// The cities that have or keep a notice, in the order given: below the target, with an adjusted p of at most 0.10. Cities with
/// fewer than ten samples are not looked at. An open notice stays until the city meets the target, so that it does not flap
/// with the figures of the others.
#[must_use]
pub fn look<Id: Copy>(cities: &[City<Id>], target: BasisPoints) -> Vec<Notice<Id>> {
    let looked_at: Vec<(City<Id>, Tally)> =
        cities.iter().filter(|city| city.tally.n >= N_SIGNIFICANT).map(|city| (*city, city.tally)).collect();
    let notice = |compared: Compared<City<Id>>| {
        let (p_low, adjusted) = (compared.p_low?, compared.adjusted?);
        let holds = compared.below_target == Some(true) && (compared.id.open || adjusted <= FALSE_DISCOVERIES);
        holds.then_some(Notice { id: compared.id.id, tally: compared.tally, target, p_low, adjusted })
    };
    compare(&looked_at, Some(target)).into_iter().filter_map(notice).collect()
}

impl<Id> Notice<Id> {
    /// 880/1000 = 88.00 %，目标 90 %，p = 0.02200，校正后 0.06599
    #[must_use]
    pub fn zh(&self) -> String {
        let (share, [p, adjusted]) = self.figures();
        format!("{share}，目标 {} %，p = {p}，校正后 {adjusted}", self.target)
    }

    /// 880/1000 = 88.00 %, target 90 %, p = 0.02200, adjusted 0.06599
    #[must_use]
    pub fn en(&self) -> String {
        let (share, [p, adjusted]) = self.figures();
        format!("{share}, target {} %, p = {p}, adjusted {adjusted}", self.target)
    }

    fn figures(&self) -> (String, [String; 2]) {
        let share = crate::evidence::share(self.tally, self.target);
        (share, [self.p_low, self.adjusted].map(probability))
    }
}
