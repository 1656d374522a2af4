//! Who there is: one person for each role, and those whom scope, organisation or their part in a sample keeps out.

use hege_app::people::Profile;
use hege_app::reference::OrganisationKind;
use hege_core::{OrganisationId, RegionCode, Role, Stage, UserId};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "a-password-for-tests";

/// An organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum House {
    Commission = 1,
    Sampling,
    OtherSampling,
    Laboratory,
    OtherLaboratory,
    OtherCommission,
}

impl House {
    pub(crate) const ALL: [Self; 6] = [
        Self::Commission,
        Self::Sampling,
        Self::OtherSampling,
        Self::Laboratory,
        Self::OtherLaboratory,
        Self::OtherCommission,
    ];

    pub(crate) fn id(self) -> Uuid {
        Uuid::from_u128(self as u128)
    }

    pub(crate) fn kind(self) -> OrganisationKind {
        match self {
            Self::Commission | Self::OtherCommission => OrganisationKind::Department,
            Self::Sampling | Self::OtherSampling => OrganisationKind::Inspecting,
            Self::Laboratory | Self::OtherLaboratory => OrganisationKind::Laboratory,
        }
    }
}

/// A person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Inspector = 11,
    Receiver,
    Tester,
    Checker,
    Approver,
    Reviewer,
    Publisher,
    Administrator,
    Auditor,
    /// The second sampler of every form.
    Colleague,
    /// Inspects for another organisation.
    OtherInspector,
    /// Works in another laboratory.
    OtherTester,
    OtherApprover,
    /// Tests, checks and approves.
    Jack,
    /// Reviews another city than that of the samples.
    CityReviewer,
    /// Reviews another stage than that of the samples.
    StageReviewer,
    /// Inspects another stage.
    StageInspector,
    /// Inspects the county of the samples only.
    CountyInspector,
    /// Administers another city than that of the samples.
    CityAdministrator,
    /// Administers the province beside the first.
    SecondAdministrator,
    /// Approves in another laboratory, which tests again.
    BodyApprover,
    /// Reviews the province beside the first.
    SecondReviewer,
}

impl Who {
    /// The person who has a role and no other.
    pub(crate) fn with_only(role: Role) -> Self {
        match role {
            Role::Inspector => Self::Inspector,
            Role::Receiver => Self::Receiver,
            Role::Tester => Self::Tester,
            Role::Checker => Self::Checker,
            Role::Approver => Self::Approver,
            Role::Reviewer => Self::Reviewer,
            Role::Publisher => Self::Publisher,
            Role::Administrator => Self::Administrator,
            Role::Auditor => Self::Auditor,
        }
    }

    pub(crate) fn id(self) -> UserId {
        UserId(Uuid::from_u128(self as u128))
    }

    pub(crate) fn login(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn roles(self) -> &'static [Role] {
        match self {
            Self::Inspector | Self::Colleague | Self::OtherInspector | Self::StageInspector | Self::CountyInspector => {
                &[Role::Inspector]
            }
            Self::Receiver => &[Role::Receiver],
            Self::Tester | Self::OtherTester => &[Role::Tester],
            Self::Checker => &[Role::Checker],
            Self::Approver | Self::OtherApprover | Self::BodyApprover => &[Role::Approver],
            Self::Jack => &[Role::Tester, Role::Checker, Role::Approver],
            Self::Reviewer | Self::CityReviewer | Self::StageReviewer | Self::SecondReviewer => &[Role::Reviewer],
            Self::Publisher => &[Role::Publisher],
            Self::Administrator | Self::CityAdministrator | Self::SecondAdministrator => &[Role::Administrator],
            Self::Auditor => &[Role::Auditor],
        }
    }

    fn house(self) -> House {
        match self {
            Self::Inspector | Self::Colleague | Self::StageInspector | Self::CountyInspector => House::Sampling,
            Self::OtherInspector => House::OtherSampling,
            Self::OtherTester | Self::BodyApprover => House::OtherLaboratory,
            Self::Receiver | Self::Tester | Self::Checker | Self::Approver | Self::OtherApprover | Self::Jack => {
                House::Laboratory
            }
            _ => House::Commission,
        }
    }

    pub(crate) fn profile(self) -> Profile {
        let region = match self {
            Self::CityReviewer | Self::CityAdministrator => 330_200,
            Self::CountyInspector => 330_106,
            _ => 330_000,
        };
        let stages: &[Stage] = match self {
            Self::StageReviewer | Self::StageInspector => &[Stage::Production],
            _ => &[],
        };
        Profile {
            name: "演示".to_owned(),
            organisation: OrganisationId(self.house().id()),
            region: RegionCode::new(region).unwrap(),
            roles: self.roles().iter().copied().collect::<BTreeSet<_>>(),
            stages: stages.iter().copied().collect(),
        }
    }
}
