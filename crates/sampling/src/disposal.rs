//! 核查处置: what the department of each side does about a sample that does not conform (docs/DOMAIN.md 1.1, row 15).
//!
//! Where it was made and where it was sold are closed apart, each by another person than those who worked on it.

use crate::life_cycle::Actor;
use hege_core::{Role, Stage, UserId, words};
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// Whose part in it is looked into.
    pub enum Side {
        Producer = "producer", "生产环节", "where it was made";
        Seller = "seller", "销售环节", "where it was sold";
        Caterer = "caterer", "餐饮环节", "where it was served";
    }
}

words! {
    /// Where a disposal stands.
    pub enum DisposalState {
        Open = "open", "处置中", "open";
        Closed = "closed", "已完成", "closed";
        Withdrawn = "withdrawn", "已撤销", "withdrawn";
    }
}

words! {
    /// How a disposal ends.
    pub enum Outcome {
        Completed = "completed", "处置完成", "completed";
        Transferred = "transferred", "移送有管辖权的部门", "handed to the department that is competent";
    }
}

words! {
    /// 处罚种类. One that is not punished says so, with the document that decides it.
    pub enum PenaltyKind {
        Unpunished = "none", "不予处罚", "none";
        Warning = "warning", "警告", "warning";
        Fine = "fine", "罚款", "fine";
        Confiscation = "confiscation", "没收违法所得、违法财物", "confiscation";
        Suspension = "suspension", "责令停产停业", "suspension of business";
        Revocation = "revocation", "吊销许可证", "revocation of the licence";
        Criminal = "criminal", "移送公安机关", "handed to the police";
    }
}

words! {
    /// Why an act in a disposal is refused. Nothing has changed then.
    pub enum DisposalDenial {
        WrongState = "wrong_state", "处置当前状态不允许此操作", "not in the disposal's present state";
        WrongRole = "wrong_role", "没有此操作的角色", "the role for it is missing";
        NotNonconforming = "not_nonconforming", "样品结论并非不合格", "the sample's conclusion is not nonconforming";
        SideOpen = "side_open", "该环节已立案处置", "this side has a disposal already";
        SideAbsent = "side_absent", "该样品没有此环节", "the sample has no such side";
        SecondPerson = "second_person_needed", "须由另一人办理", "another person has to do it";
        CauseMissing = "cause_missing", "尚未记录不合格原因", "the cause is not recorded";
        MeasuresMissing = "measures_missing", "尚未记录风险控制措施", "the measures are not recorded";
        RecallMissing = "recall_missing", "尚未记录召回情况", "the recall is not recorded";
        PenaltyMissing = "penalty_missing", "尚未记录处罚决定", "no decision on a penalty is recorded";
    }
}

words! {
    /// What is wrong with what a step says.
    pub enum DisposalFault {
        InFuture = "in_future", "时间在将来", "in the future";
        BeforeResult = "before_result", "早于检验结论", "before the result";
        Negative = "out_of_range", "不得为负数", "not less than nothing";
        MoreSoldThanMade = "more_sold_than_made", "销售量大于生产（购进）量", "more sold than made or bought in";
        MoreRecalledThanSold = "more_recalled_than_sold", "召回量大于销售量", "more recalled than sold";
        MoreDestroyedThanLeft = "more_destroyed_than_left", "销毁量大于召回量与库存量之和", "more destroyed than recalled and in stock";
        AmountMissing = "required", "必填", "required";
        AmountUnfit = "not_for_kind", "该处罚种类不填金额", "no amount belongs to this kind";
        NotLater = "not_later", "须晚于现有期限", "not later than the present end";
    }
}

/// How much of the lot was made or bought in, sold, taken back and destroyed; all in one unit, digits kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Made, or bought in.
    pub made: Decimal,
    /// Sold.
    pub sold: Decimal,
    /// Taken back.
    pub recalled: Decimal,
    /// Destroyed or made harmless, of what was taken back or in stock.
    pub destroyed: Decimal,
    /// The unit of all four, as it is written.
    pub unit: String,
}

/// A penalty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// Which.
    pub kind: PenaltyKind,
    /// Yuan, for a fine and a confiscation.
    pub amount: Option<Decimal>,
    /// The number of the document that decides it.
    pub document_no: String,
}

/// What is done in a disposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Why the food does not conform, as far as was found out.
    Cause(String),
    /// What the operator did to control the risk: sealed, stopped, recalled.
    Measures {
        /// What.
        text: String,
        /// When.
        at: Timestamp,
    },
    /// The figures of the recall.
    Recall(Recall),
    /// A penalty; there may be several.
    Penalty(Penalty),
    /// A later end, which the head of the department grants.
    Extension {
        /// The new last day, in China.
        until: Date,
        /// Why.
        reason: String,
    },
    /// The end.
    Closing {
        /// How.
        outcome: Outcome,
        /// What is to be said of it; of a transfer, to whom.
        note: Option<String>,
    },
}

/// A disposal as a step finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dealing {
    /// Whose part it is about.
    pub side: Side,
    /// Its state.
    pub state: DisposalState,
    /// Who opened it or recorded something in it, apart from who granted an extension.
    pub handlers: BTreeSet<UserId>,
    /// The steps that are on the record.
    pub done: BTreeSet<Done>,
    /// Since when the clock runs.
    pub since: Timestamp,
    /// The last day as it stands; none where a calendar or a rule is missing.
    pub due_on: Option<Date>,
}

/// What a closing asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Done {
    /// The cause.
    Cause,
    /// The measures.
    Measures,
    /// The recall.
    Recall,
    /// A penalty.
    Penalty,
}

/// Whether it is known who made the food.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// A producer is named.
    Named,
    /// None is.
    Unnamed,
    /// The one who was named denied it, and rightly.
    Denied,
}

/// The sides that a nonconforming sample of a stage has to have disposed of. Farm produce and products taken from their
/// producer have one; what was taken where it is sold or served has that one and, where a producer is named, theirs.
#[must_use]
pub fn due_sides(stage: Stage, maker: Maker) -> BTreeSet<Side> {
    match (stage, maker) {
        (Stage::Farm, Maker::Denied) | (Stage::Circulation, Maker::Unnamed | Maker::Denied) => [Side::Seller].into(),
        (Stage::Farm | Stage::Production, _) => [Side::Producer].into(),
        (Stage::Circulation, Maker::Named) => [Side::Producer, Side::Seller].into(),
        (Stage::Catering, Maker::Named) => [Side::Producer, Side::Caterer].into(),
        (Stage::Catering, Maker::Unnamed | Maker::Denied) => [Side::Caterer].into(),
    }
}

/// The sides that a sample may have at all: farm monitoring is partly taken where produce is sold.
#[must_use]
pub fn sides(stage: Stage, maker: Maker) -> BTreeSet<Side> {
    let mut sides = due_sides(stage, maker);
    if stage == Stage::Farm {
        sides.insert(Side::Seller);
    }
    sides
}

/// Whether a sample is disposed of: every side that is due was dealt with, none is open, and one was closed at least.
#[must_use]
pub fn is_disposed(due: &BTreeSet<Side>, states: &BTreeMap<Side, DisposalState>) -> bool {
    let is = |state: DisposalState| states.values().any(|other| *other == state);
    due.iter().all(|side| states.contains_key(side)) && !is(DisposalState::Open) && is(DisposalState::Closed)
}

/// What is wrong with what a step says, each at the pointer of its field.
#[must_use]
pub fn faults(step: &Step, dealing: &Dealing, now: Timestamp) -> Vec<(&'static str, DisposalFault)> {
    let found: Vec<Option<(&'static str, DisposalFault)>> = match step {
        Step::Cause(_) | Step::Closing { .. } => Vec::new(),
        Step::Measures { at, .. } => vec![
            (*at > now).then_some(("/taken_at", DisposalFault::InFuture)),
            (*at < dealing.since).then_some(("/taken_at", DisposalFault::BeforeResult)),
        ],
        Step::Recall(recall) => figures(recall),
        Step::Penalty(penalty) => vec![amount(penalty).map(|fault| ("/amount", fault))],
        Step::Extension { until, .. } => {
            let end = dealing.due_on.unwrap_or_else(|| hege_core::date::china_date(now));
            vec![(*until <= end).then_some(("/until", DisposalFault::NotLater))]
        }
    };
    found.into_iter().flatten().collect()
}

fn figures(recall: &Recall) -> Vec<Option<(&'static str, DisposalFault)>> {
    let Recall { made, sold, recalled, destroyed, .. } = recall;
    let named = [("/made", made), ("/sold", sold), ("/recalled", recalled), ("/destroyed", destroyed)];
    let mut found: Vec<_> =
        named.map(|(at, figure)| (*figure < Decimal::ZERO).then_some((at, DisposalFault::Negative))).into();
    if found.iter().any(Option::is_some) {
        return found;
    }
    // Sums are compared, for a difference could be of figures that do not fit.
    let [in_stock_and_back, gone] = [made.checked_add(*recalled), sold.checked_add(*destroyed)];
    let is_more = in_stock_and_back.zip(gone).is_none_or(|(left, gone)| gone > left);
    found.extend([
        (sold > made).then_some(("/sold", DisposalFault::MoreSoldThanMade)),
        (recalled > sold).then_some(("/recalled", DisposalFault::MoreRecalledThanSold)),
        (sold <= made && is_more).then_some(("/destroyed", DisposalFault::MoreDestroyedThanLeft)),
    ]);
    found
}

fn amount(penalty: &Penalty) -> Option<DisposalFault> {
    let has_amount = matches!(penalty.kind, PenaltyKind::Fine | PenaltyKind::Confiscation);
    match penalty.amount {
        None => has_amount.then_some(DisposalFault::AmountMissing),
        Some(_) if !has_amount => Some(DisposalFault::AmountUnfit),
        Some(amount) => (amount < Decimal::ZERO).then_some(DisposalFault::Negative),
    }
}

/// Where a disposal stands after a step of somebody.
///
/// # Errors
/// [`DisposalDenial`].
pub fn apply(dealing: &Dealing, step: &Step, actor: &Actor) -> Result<DisposalState, DisposalDenial> {
    use DisposalDenial as Denial;
    if dealing.state != DisposalState::Open {
        return Err(Denial::WrongState);
    }
    if !actor.roles.contains(&Role::Reviewer) {
        return Err(Denial::WrongRole);
    }
    // Who grants more time or ends it has not worked on it.
    let needs_another = matches!(step, Step::Extension { .. } | Step::Closing { .. });
    if needs_another && dealing.handlers.contains(&actor.user) {
        return Err(Denial::SecondPerson);
    }
    match step {
        Step::Closing { outcome: Outcome::Completed, .. } => complete(dealing).map(|()| DisposalState::Closed),
        Step::Closing { outcome: Outcome::Transferred, .. } => Ok(DisposalState::Closed),
        _ => Ok(DisposalState::Open),
    }
}

/// Whether everything is on the record that a completed disposal holds. What was served cannot be recalled.
fn complete(dealing: &Dealing) -> Result<(), DisposalDenial> {
    let needed = [
        (Done::Cause, true, DisposalDenial::CauseMissing),
        (Done::Measures, true, DisposalDenial::MeasuresMissing),
        (Done::Recall, dealing.side != Side::Caterer, DisposalDenial::RecallMissing),
        (Done::Penalty, true, DisposalDenial::PenaltyMissing),
    ];
    let missing = needed.into_iter().find(|(done, is_needed, _)| *is_needed && !dealing.done.contains(done));
    missing.map_or(Ok(()), |(_, _, denial)| Err(denial))
}

/// Whether a disposal of a side may be opened.
///
/// # Errors
/// [`DisposalDenial`].
pub fn open(
    side: Side,
    (sides, standing): (&BTreeSet<Side>, &BTreeMap<Side, DisposalState>),
    is_nonconforming: bool,
    actor: &Actor,
) -> Result<(), DisposalDenial> {
    use DisposalDenial as Denial;
    let has = |holds: bool, denial| if holds { Ok(()) } else { Err(denial) };
    has(actor.roles.contains(&Role::Reviewer), Denial::WrongRole)?;
    has(is_nonconforming, Denial::NotNonconforming)?;
    has(sides.contains(&side), Denial::SideAbsent)?;
    has(!standing.contains_key(&side), Denial::SideOpen)
}
