//! 流转 as evidence: what is said of a sample at each step of its custody, who held it from when to when, and where nobody says so.

use hege_core::{Problem, Problems, UserId, words};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

words! {
    /// Which part of a sample.
    pub enum Portion {
        Test = "test", "检样", "test portion";
        Backup = "backup", "备样", "backup";
    }
}

words! {
    /// How a sample looks when it changes hands (docs/DOMAIN.md 1.3).
    pub enum Condition {
        Intact = "intact", "完好", "intact";
        SealDamaged = "seal_damaged", "封条破损", "seal damaged";
        PackageDamaged = "package_damaged", "包装破损", "packaging damaged";
        Leaking = "leaking", "渗漏", "leaking";
        Thawed = "thawed", "解冻", "thawed";
        Spoiled = "spoiled", "变质", "spoiled";
    }
}

words! {
    /// How a portion ended.
    pub enum Ending {
        Discarded = "discarded", "无害化处理", "disposed of harmlessly";
        UsedUp = "used_up", "检验耗用", "used up in testing";
        Returned = "returned", "退还被抽样单位", "given back to the sampled unit";
    }
}

/// The coldest and the hottest that a sample is kept, in degrees Celsius.
const TEMPERATURES: (i64, i64) = (-200, 200);
/// How far a device's clock may be ahead of the server's.
const SKEW_MAX: SignedDuration = SignedDuration::from_hours(24);

/// What is said at a step beside what is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Particulars {
    /// When it happened, where it is recorded later: a device without a network.
    pub happened_at: Option<Timestamp>,
    /// Degrees Celsius.
    pub temperature_c: Option<Decimal>,
    /// How it looks.
    pub condition: Option<Condition>,
    /// Where it is.
    pub place: Option<String>,
    /// The part that it is about; both where none is named.
    pub portion: Option<Portion>,
    /// Seals of the backup, at sealing: the others are the test portion's.
    pub backup_seals: Vec<String>,
    /// Seals as they are found, at receipt.
    pub seals_found: Vec<String>,
    /// Who brought it, at receipt.
    pub delivered_by: Option<UserId>,
    /// Whether the carrier brought it.
    pub by_carrier: bool,
}

impl Particulars {
    /// Everything that speaks against them, where the seals of this step are these and the sample was taken then.
    #[must_use]
    pub fn problems(&self, seals: &[String], sampled_at: Timestamp, now: Timestamp) -> Problems {
        let mut problems = Problems::new();
        let (low, high) = (Decimal::from(TEMPERATURES.0), Decimal::from(TEMPERATURES.1));
        problems.check(self.temperature_c.is_none_or(|value| (low..=high).contains(&value)), || {
            let (zh, en) = ("须为 -200 至 200 摄氏度", "must be -200 to 200 degrees Celsius");
            Problem::new("/temperature_c", "out_of_range", zh, en)
        });
        let latest = now.checked_add(SKEW_MAX).unwrap_or(Timestamp::MAX);
        problems.check(self.happened_at.is_none_or(|at| at <= latest), || {
            let (zh, en) = ("晚于当前时间 24 小时以上", "more than 24 hours ahead of the server's clock");
            Problem::new("/happened_at", "in_the_future", zh, en)
        });
        problems.check(self.happened_at.is_none_or(|at| at >= sampled_at), || {
            Problem::new("/happened_at", "before_sampling", "早于抽样时间", "before it was sampled")
        });
        let strange = self.backup_seals.iter().any(|seal| !seals.contains(seal));
        problems.check(!strange, || {
            let (zh, en) = ("备样封条须列入封条编号", "a seal of the backup is none of the seals");
            Problem::new("/backup_seals", "seal_unknown", zh, en)
        });
        let rest = seals.iter().any(|seal| !self.backup_seals.contains(seal));
        problems.check(self.backup_seals.is_empty() || strange || rest, || {
            let (zh, en) = ("检样与备样须分别封样", "test portion and backup are sealed apart");
            Problem::new("/backup_seals", "sealed_together", zh, en)
        });
        problems
    }
}

/// Who has a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Those who took it, together.
    Samplers,
    /// A person.
    Person(UserId),
    /// A carrier, by name and waybill.
    Carrier(String),
    /// The laboratory, as a house.
    Laboratory,
}

/// What a step says of who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// It is taken.
    Taken,
    /// Whoever does it has it.
    Holds,
    /// It is sealed with these.
    Sealed(BTreeSet<String>),
    /// It goes over.
    GoesTo(Holder),
    /// It reaches the laboratory, from somebody where that is said, with these seals where they are said.
    Arrives {
        /// Who brought it.
        from: Option<Holder>,
        /// The seals found.
        seals: BTreeSet<String>,
    },
}

/// A step as far as it says who has the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub by: UserId,
    /// What it says.
    pub does: Does,
}

words! {
    /// What is wanting in a custody.
    pub enum GapKind {
        HolderUnknown = "holder_unknown", "期间由谁保管无记录", "nobody says who held it meanwhile";
        OutOfOrder = "out_of_order", "时间先后颠倒", "it happened before the step that went before";
        SealsDiffer = "seals_differ", "到样封条与封样封条不一致", "the seals found are not those that were put on";
    }
}

/// A place in a custody where something is wanting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What.
    pub kind: GapKind,
    /// From when: the last step of who had it.
    pub from: Timestamp,
    /// Until when: the next step.
    pub until: Timestamp,
    /// Who had it last.
    pub last: Holder,
    /// Who acted next.
    pub next: UserId,
}

/// Where a custody is wanting, by its steps in the order of their recording. `samplers` took it. What happens inside the laboratory
/// after receipt is the laboratory's.
#[must_use]
pub fn gaps(links: &[Link], samplers: &BTreeSet<UserId>) -> Vec<Gap> {
    let mut watch = Watch { samplers, holder: None, since: Timestamp::MIN, seals: BTreeSet::new(), gaps: Vec::new() };
    links.iter().for_each(|link| watch.sees(link));
    watch.gaps
}

struct Watch<'a> {
    samplers: &'a BTreeSet<UserId>,
    holder: Option<Holder>,
    since: Timestamp,
    seals: BTreeSet<String>,
    gaps: Vec<Gap>,
}

impl Watch<'_> {
    fn sees(&mut self, link: &Link) {
        let Some(holder) = self.holder.clone() else {
            self.holder = Some(Holder::Samplers);
            self.since = link.at;
            return;
        };
        if link.at < self.since {
            self.tell(GapKind::OutOfOrder, (link.at, self.since), link.by);
        }
        let is_known = match &link.does {
            Does::Arrives { from: Some(from), .. } => self.is(&holder, from),
            // Who was handed it and now receives it has had it.
            _ => self.has(&holder, link.by),
        };
        if !is_known {
            self.tell(GapKind::HolderUnknown, (self.since, self.since.max(link.at)), link.by);
        }
        match &link.does {
            Does::Taken | Does::Holds if holder == Holder::Laboratory => {}
            Does::Taken | Does::Holds => self.holder = Some(self.as_holder(link.by)),
            Does::Sealed(seals) => {
                self.holder = Some(self.as_holder(link.by));
                self.seals.clone_from(seals);
            }
            Does::GoesTo(to) => self.holder = Some(to.clone()),
            Does::Arrives { seals, .. } => {
                if !seals.is_empty() && *seals != self.seals {
                    self.tell(GapKind::SealsDiffer, (self.since, self.since.max(link.at)), link.by);
                }
                self.holder = Some(Holder::Laboratory);
            }
        }
        self.since = self.since.max(link.at);
    }

    fn as_holder(&self, person: UserId) -> Holder {
        if self.samplers.contains(&person) { Holder::Samplers } else { Holder::Person(person) }
    }

    /// Whether a person is one of those who have it.
    fn has(&self, holder: &Holder, person: UserId) -> bool {
        match holder {
            Holder::Samplers => self.samplers.contains(&person),
            Holder::Person(other) => *other == person,
            Holder::Carrier(_) => false,
            Holder::Laboratory => true,
        }
    }

    /// Whether those who have it are those who brought it.
    fn is(&self, holder: &Holder, from: &Holder) -> bool {
        match (holder, from) {
            (holder, Holder::Person(person)) => self.has(holder, *person),
            (Holder::Carrier(_), Holder::Carrier(_)) => true,
            (holder, from) => holder == from,
        }
    }

    fn tell(&mut self, kind: GapKind, (from, until): (Timestamp, Timestamp), next: UserId) {
        let last = self.holder.clone().unwrap_or(Holder::Samplers);
        self.gaps.push(Gap { kind, from, until, last, next });
    }
}
