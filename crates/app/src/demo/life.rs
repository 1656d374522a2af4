//! What happens to a sample after it was taken: who does what when, until the demonstration's now.

use super::days::{WorkingDays, at};
use super::dice::Dice;
use super::people::{APPROVER, CHECKER, INSPECTORS, RECEIVER, TESTER};
use crate::results::Value;
use hege_core::{LabId, OrganisationId, UserId};
use hege_sampling::life_cycle::{Action, RefusalReason};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// One step of a sample's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoStep {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: UserId,
    /// For which organisation they act in it.
    pub organisation: OrganisationId,
    /// What is done.
    pub act: DemoAct,
}

/// What is done in a step, by its use case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DemoAct {
    /// The form is registered ([`crate::samples::register`]); always the first.
    Register,
    /// Results are entered, of all items or of some ([`crate::results::enter`]).
    Enter(Vec<Value>),
    /// Anything else ([`crate::samples::step`]).
    Step(Action),
}

/// How a sample's life goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Straight,
    SentBack,
    Refused(RefusalReason),
    VoidedInTheField,
    VoidedInTheLaboratory,
    /// Stays with the checker: an item is not judgeable.
    Unjudgeable,
    /// The same, and checker and approver leave that item out.
    LeftOut,
}

impl Fate {
    pub(super) fn roll(items: usize, dice: &mut Dice) -> Self {
        const REASONS: [RefusalReason; 6] = [
            RefusalReason::SealBroken,
            RefusalReason::FormDiffers,
            RefusalReason::TooLittle,
            RefusalReason::Spoiled,
            RefusalReason::Leaking,
            RefusalReason::Late,
        ];
        match dice.below(1_000) {
            0..=7 => dice.pick(&REASONS).map_or(Self::Straight, |reason| Self::Refused(*reason)),
            8..=10 => Self::VoidedInTheField,
            11..=14 => Self::VoidedInTheLaboratory,
            15..=17 if items > 1 => Self::LeftOut,
            15..=20 => Self::Unjudgeable,
            21..=32 => Self::SentBack,
            _ => Self::Straight,
        }
    }

    /// Whether every item is judged.
    pub(super) const fn is_judged(self) -> bool {
        matches!(self, Self::Straight | Self::SentBack)
    }

    /// What the sample comes to; nothing where no conclusion follows.
    pub(super) const fn conforms(self, fails: bool) -> Option<bool> {
        match self {
            Self::Straight | Self::SentBack => Some(!fails),
            Self::LeftOut => Some(true),
            Self::Refused(_) | Self::VoidedInTheField | Self::VoidedInTheLaboratory | Self::Unjudgeable => None,
        }
    }
}

/// What a life needs to be told.
pub(super) struct Life<'a> {
    pub(super) days: &'a WorkingDays,
    pub(super) fate: Fate,
    pub(super) taken: (Date, u32),
    pub(super) inspecting: OrganisationId,
    pub(super) lab: LabId,
    pub(super) seal: String,
    pub(super) results: Vec<Value>,
    /// A failure is tested again before it is told.
    pub(super) fails: bool,
}

/// The steps, those after `now` left out.
pub(super) fn steps(life: Life<'_>, now: Timestamp, dice: &mut Dice) -> Option<Vec<DemoStep>> {
    let mut told = Telling { life: &life, steps: Vec::new(), day: life.taken.0, minute: life.taken.1 };
    told.field(dice)?;
    if told.arrives(dice)? {
        told.laboratory(dice)?;
    }
    told.steps.retain(|step| step.at <= now);
    Some(told.steps)
}

struct Telling<'a> {
    life: &'a Life<'a>,
    steps: Vec<DemoStep>,
    day: Date,
    minute: u32,
}

impl Telling<'_> {
    fn field(&mut self, dice: &mut Dice) -> Option<()> {
        self.minutes_later(dice.between(1, 12))?;
        self.act(INSPECTORS[0], DemoAct::Register)?;
        self.minutes_later(dice.between(3, 15))?;
        let seals = vec![format!("{}-1", self.life.seal), format!("{}-2", self.life.seal)];
        self.step(INSPECTORS[0], Action::Seal { lab: Some(self.life.lab), seals })
    }

    /// On the way to the laboratory; whether it gets in.
    fn arrives(&mut self, dice: &mut Dice) -> Option<bool> {
        if self.life.fate == Fate::VoidedInTheField {
            self.days_later(1, dice)?;
            self.step(INSPECTORS[0], Action::Void { reason: "抽样单信息有误，样品作废重抽".to_owned() })?;
            return Some(false);
        }
        // Within five working days (docs/DOMAIN.md 1.1, row 6).
        if dice.permille(600) {
            self.days_later(dice.between(0, 1), dice)?;
            self.step(INSPECTORS[0], Action::HandOver { to: RECEIVER })?;
        }
        self.days_later(dice.between(1, 2), dice)?;
        if let Fate::Refused(reason) = self.life.fate {
            self.step(RECEIVER, Action::Refuse(reason))?;
            return Some(false);
        }
        self.step(RECEIVER, Action::Receive)?;
        Some(true)
    }

    fn laboratory(&mut self, dice: &mut Dice) -> Option<()> {
        if self.life.fate == Fate::VoidedInTheLaboratory {
            self.days_later(2, dice)?;
            self.step(APPROVER, Action::Void { reason: "检验用样品损坏且备样不足".to_owned() })?;
            return Some(());
        }
        // Twenty working days from receipt to report at most (docs/DOMAIN.md 1.1, row 9); a failure takes its retest longer.
        let results = &self.life.results;
        self.days_later(dice.between(3, 8), dice)?;
        if results.len() >= 3 && dice.permille(250) {
            let (first, rest) = results.split_at(results.len() / 2);
            self.act(TESTER, DemoAct::Enter(first.to_vec()))?;
            self.days_later(if self.life.fails { 3 } else { 1 }, dice)?;
            self.act(TESTER, DemoAct::Enter(rest.to_vec()))?;
        } else {
            self.days_later(if self.life.fails { 3 } else { 1 }, dice)?;
            self.act(TESTER, DemoAct::Enter(results.clone()))?;
        }
        if self.life.fate == Fate::Unjudgeable {
            return Some(());
        }
        self.days_later(dice.between(0, 2), dice)?;
        if self.life.fate == Fate::SentBack {
            self.step(CHECKER, Action::Return { reason: "原始记录与录入不一致，请核对".to_owned() })?;
            self.days_later(1, dice)?;
            self.act(TESTER, DemoAct::Enter(results.clone()))?;
            self.days_later(1, dice)?;
        }
        let last = results.last().filter(|_| self.life.fate == Fate::LeftOut).map(|result| result.analyte.clone());
        let reason = || "原始记录小数点不清，不作判定".to_owned();
        let leaves_out = last.iter().map(|item| (item.clone(), reason())).collect();
        self.step(CHECKER, Action::Check { confirms: BTreeSet::new(), leaves_out })?;
        self.days_later(dice.between(0, 2), dice)?;
        self.step(APPROVER, Action::Approve { agrees: last.into_iter().collect() })
    }

    fn step(&mut self, by: UserId, action: Action) -> Option<()> {
        self.act(by, DemoAct::Step(action))
    }

    fn act(&mut self, by: UserId, act: DemoAct) -> Option<()> {
        let organisation = if INSPECTORS.contains(&by) { self.life.inspecting } else { self.life.lab.into() };
        self.steps.push(DemoStep { at: at(self.day, self.minute)?, by, organisation, act });
        Some(())
    }

    fn minutes_later(&mut self, minutes: u32) -> Option<()> {
        self.minute += minutes;
        (self.minute < 24 * 60).then_some(())
    }

    /// The `n`th working day after, in office hours; on the same day some time later.
    fn days_later(&mut self, n: u32, dice: &mut Dice) -> Option<()> {
        if n == 0 {
            return self.minutes_later(dice.between(15, 90));
        }
        self.day = self.life.days.after(self.day, n)?;
        self.minute = dice.between(8 * 60 + 40, 15 * 60);
        Some(())
    }
}
