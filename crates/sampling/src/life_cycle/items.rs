//! What a sample's items say of check and approval.

use super::{Action, Denial};
use std::collections::BTreeSet;

/// What the results say of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// A conclusion follows from the items.
    pub concluded: bool,
    /// Every nonconforming result has been confirmed (retest value, person, QC batch).
    pub confirmed: bool,
}

/// What the items say of check and approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    /// Those judged by a criterion that the laboratory stated itself.
    pub stated: BTreeSet<String>,
    /// Those that are not judgeable.
    pub not_judgeable: BTreeSet<String>,
    /// Those that the checker left out.
    pub left_out: BTreeSet<String>,
    /// Those whose missing verdict holds a conclusion back.
    pub open: BTreeSet<String>,
    /// Nonconforming ones that no retest confirms.
    pub unconfirmed: BTreeSet<String>,
    /// What follows from them.
    pub readiness: Readiness,
}

impl Items {
    /// The items that a denial of this action is about, so that whoever reads it knows where to look. Empty for a denial that is
    /// about no item.
    #[must_use]
    pub fn at_fault(&self, denial: Denial, action: &Action) -> BTreeSet<String> {
        let about = match denial {
            Denial::NotConcluded => &self.open,
            Denial::NotConfirmed => &self.unconfirmed,
            Denial::NotConfirmedCriterion => &self.stated,
            Denial::LeftOutNotAgreed => &self.left_out,
            _ => return BTreeSet::new(),
        };
        let is_settled = |item: &String| match action {
            Action::Check { confirms, leaves_out } => confirms.contains(item) || leaves_out.contains_key(item),
            Action::Approve { agrees } => agrees.contains(item),
            _ => false,
        };
        // A criterion that was confirmed says nothing of a result that was not.
        let by_name = matches!(denial, Denial::NotConfirmedCriterion | Denial::LeftOutNotAgreed);
        about.iter().filter(|item| !by_name || !is_settled(item)).cloned().collect()
    }
}
