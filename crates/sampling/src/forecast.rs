//! 预测: whether a year's quota will be met, by two paces that anybody can work out again on paper. No model of seasons, and no number
//! that claims to be surer than they are: where the two disagree, the answer is that nobody can tell.

use crate::coverage::Figures;
use hege_core::words;
use jiff::civil::Date;

words! {
    /// What is to be expected of a quota.
    pub enum Outlook {
        NoQuota = "no_quota", "未定配额", "nothing is wanted";
        Met = "met", "已完成", "met";
        Unmet = "unmet", "年度已过，未完成", "the year is over and it is unmet";
        TooEarly = "too_early", "为时尚早", "too early to tell";
        OnCourse = "on_course", "可按期完成", "on course";
        Uncertain = "uncertain", "难以断定", "cannot be told";
        Behind = "behind", "按目前进度不能完成", "will be missed at this pace";
    }
}

/// Days by which the recent pace goes.
pub const RECENT_DAYS: u16 = 90;
/// Days of the year that have to be past before a pace says anything.
pub const EARLIEST_DAYS: u16 = 30;

/// The method in plain words, Chinese and English.
pub const METHOD: (&str, &str) = (
    "按两种进度推算到 12 月 31 日：年初至今的日均批次，和最近 90 天（不足时为年初至今）的日均批次，乘以剩余天数，加已完成数，舍去小数。\
     两者都达到配额为“可按期完成”，都达不到为“不能完成”，不一致为“难以断定”。年初 30 天内不作推算。\
     某一单元超出的批次不抵另一单元的缺口；拒收、作废的样品和未抽到样品的走访不计入完成数。",
    "Two paces are carried on to 31 December: samples a day in the year to date, and samples a day in the last 90 days (or the year to \
     date while it is shorter), each times the days that are left, added to what is done, fractions dropped. Both reach the quota: on \
     course; neither: behind; one of them: it cannot be told. Nothing is said in the first 30 days of the year. What one cell has too many \
     fills no other cell; samples that were refused or voided, and visits without a sample, fulfil nothing.",
);

/// A forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// What is to be expected.
    pub outlook: Outlook,
    /// Days of the year after today.
    pub days_left: u16,
    /// The lower and the higher of the two projections to the year's end; none where nothing is projected.
    pub projected: Option<(u64, u64)>,
    /// Samples a week from tomorrow on that would meet it; none where nothing is missing or no day is left.
    pub needed_a_week: Option<u64>,
}

/// The forecast of a plan year as of a day in China.
#[must_use]
pub fn forecast(figures: &Figures, year: i16, today: Date) -> Forecast {
    let (past, days_left) = days(year, today);
    let silent = |outlook| Forecast { outlook, days_left, projected: None, needed_a_week: needed(figures, days_left) };
    if figures.wanted == 0 {
        return silent(Outlook::NoQuota);
    }
    if figures.shortfall == 0 {
        return silent(Outlook::Met);
    }
    if today.year() > year {
        return silent(Outlook::Unmet);
    }
    if past < EARLIEST_DAYS {
        return silent(Outlook::TooEarly);
    }
    let done = figures.wanted - figures.shortfall;
    let recent = (figures.counted.recent, past.min(RECENT_DAYS));
    let paces = [(figures.counted.taken, past), recent];
    let reached = paces.map(|pace| projected(done, pace, days_left));
    let reaches = reached.map(|reached| reached >= figures.wanted);
    let outlook = match reaches {
        [true, true] => Outlook::OnCourse,
        [false, false] => Outlook::Behind,
        _ => Outlook::Uncertain,
    };
    let [one, other] = reached;
    Forecast { projected: Some((one.min(other), one.max(other))), ..silent(outlook) }
}

/// Days of the year up to today, today included, and after it.
fn days(year: i16, today: Date) -> (u16, u16) {
    let count = |days: i16| u16::try_from(days).unwrap_or(0);
    match today.year().cmp(&year) {
        std::cmp::Ordering::Less => (0, count(jiff::civil::date(year, 1, 1).days_in_year())),
        std::cmp::Ordering::Equal => (count(today.day_of_year()), count(today.days_in_year() - today.day_of_year())),
        std::cmp::Ordering::Greater => (count(jiff::civil::date(year, 1, 1).days_in_year()), 0),
    }
}

/// What is done at the year's end when it goes on at a pace of so many samples in so many days. Whole samples only: rounding down
/// never says that a quota is met which is not.
fn projected(done: u64, (samples, days): (u64, u16), days_left: u16) -> u64 {
    let more = u128::from(samples) * u128::from(days_left) / u128::from(days.max(1));
    done.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
}

/// Samples a week that are needed, rounded up.
fn needed(figures: &Figures, days_left: u16) -> Option<u64> {
    let needed = (u128::from(figures.shortfall) * 7).div_ceil(u128::from(days_left).max(1));
    (days_left > 0 && figures.shortfall > 0).then(|| u64::try_from(needed).unwrap_or(u64::MAX))
}
