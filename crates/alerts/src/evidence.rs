//! The figures behind a plan alert, and how figures are printed.

use hege_core::words;
use hege_rates::exact::lower_tail;
use hege_rates::{BasisPoints, Tally};

words! {
    /// The window whose figures are the evidence.
    pub enum Window {
        YearToDate = "year_to_date", "年初至今", "year to date";
        TrailingThree = "trailing_three", "近三个月", "trailing three months";
    }
}

/// A tally against its target: the fact, and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// Which window.
    pub window: Window,
    /// Its tally.
    pub tally: Tally,
    /// What it is held to.
    pub target: BasisPoints,
    /// Its exact lower tail against the target.
    pub p_low: f64,
}

impl Evidence {
    /// A window's figures, with the exact tail.
    #[must_use]
    pub fn of(window: Window, tally: Tally, target: BasisPoints) -> Self {
        Self { window, tally, target, p_low: lower_tail(tally, target) }
    }

    /// 年初至今 345/362 = 95.30 %，目标 96 %，p = 0.2857
    #[must_use]
    pub fn zh(&self) -> String {
        format!(
            "{} {}，目标 {} %，p = {}",
            self.window.zh(),
            share(self.tally, self.target),
            self.target,
            probability(self.p_low)
        )
    }

    /// year to date 345/362 = 95.30 %, target 96 %, p = 0.2857
    #[must_use]
    pub fn en(&self) -> String {
        format!(
            "{} {}, target {} %, p = {}",
            self.window.en(),
            share(self.tally, self.target),
            self.target,
            probability(self.p_low)
        )
    }
}

/// A tally and its rate, `345/362 = 95.30 %`.
pub(crate) fn share(tally: Tally, target: BasisPoints) -> String {
    let Tally { k, n } = tally;
    tally.percent(Some(target)).map_or_else(|| format!("{k}/{n}"), |rate| format!("{k}/{n} = {rate} %"))
}

/// A probability with four significant digits: `0.01230`, and below a ten-thousandth `4.567e-7`.
#[must_use]
pub fn probability(p: f64) -> String {
    let scientific = format!("{p:.3e}");
    let exponent = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse::<i8>().ok());
    match exponent.and_then(|exponent| usize::try_from(3 - exponent).ok()) {
        Some(decimals) if decimals <= 7 => format!("{p:.decimals$}"),
        _ => scientific,
    }
}
