//! The people of the demonstration, plainly named as such.

use crate::reference::{OrganisationKind, Reference};
use hege_core::{OrganisationId, RegionCode, Role, UserId};
use uuid::Uuid;

/// A person with a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoPerson {
    /// The same in every demonstration.
    pub id: UserId,
    /// What they log in with.
    pub login: &'static str,
    /// Their name, which says what they are.
    pub name: &'static str,
    /// What they may do.
    pub role: Role,
    /// Whose they are: the first city's inspecting organisation, the first laboratory, or the commission.
    pub organisation: OrganisationId,
    /// Where.
    pub region: RegionCode,
}

pub(super) const INSPECTORS: [UserId; 2] = [user(1), user(2)];
pub(super) const RECEIVER: UserId = user(3);
pub(super) const TESTER: UserId = user(4);
pub(super) const CHECKER: UserId = user(5);
pub(super) const APPROVER: UserId = user(6);

const LOGINS: [(u8, &str, &str, Role); 10] = [
    (1, "inspector1", "演示抽样员甲", Role::Inspector),
    (2, "inspector2", "演示抽样员乙", Role::Inspector),
    (3, "receiver", "演示接样员", Role::Receiver),
    (4, "tester", "演示检验员", Role::Tester),
    (5, "checker", "演示审核员", Role::Checker),
    (6, "approver", "演示批准人", Role::Approver),
    (7, "reviewer", "演示审阅员", Role::Reviewer),
    (8, "publisher", "演示公示员", Role::Publisher),
    (9, "admin", "演示管理员", Role::Administrator),
    (10, "auditor", "演示审计员", Role::Auditor),
];

const fn user(n: u8) -> UserId {
    let id = [0x64, 0x65, 0x6d, 0x6f, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, n];
    UserId(Uuid::from_bytes(id))
}

/// Two inspectors and one person for each other role. Inspectors act in their samples for the organisation of the city they are
/// in, and laboratory persons for the laboratory of the sample: [`super::DemoStep::organisation`] says which.
#[must_use]
pub fn people(reference: &Reference) -> Vec<DemoPerson> {
    let first = |kind| reference.organisations.iter().find(|o| o.demo && o.kind == kind);
    let person = |(n, login, name, role): (u8, &'static str, &'static str, Role)| {
        let kind = match role {
            Role::Inspector => OrganisationKind::Inspecting,
            role if role.is_laboratory() => OrganisationKind::Laboratory,
            _ => OrganisationKind::Department,
        };
        let organisation = first(kind)?;
        // What the commission and a laboratory look at is the whole province.
        let commission = first(OrganisationKind::Department)?;
        Some(DemoPerson { id: user(n), login, name, role, organisation: organisation.id, region: commission.region })
    };
    LOGINS.into_iter().filter_map(person).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_role_has_a_person_and_the_field_has_two() {
        let people = people(crate::reference::shipped().unwrap());
        assert_eq!(people.len(), Role::ALL.len() + 1);
        for role in Role::ALL {
            let expected = if *role == Role::Inspector { 2 } else { 1 };
            assert_eq!(people.iter().filter(|person| person.role == *role).count(), expected, "{role}");
        }
        assert!(people.iter().all(|person| person.name.starts_with("演示")));
        let distinct: BTreeSet<_> = people.iter().map(|person| (person.id, person.login)).collect();
        assert_eq!(distinct.len(), people.len());
        let of = |login| people.iter().find(|person| person.login == login).unwrap().id;
        assert_eq!(
            [of("receiver"), of("tester"), of("checker"), of("approver")],
            [RECEIVER, TESTER, CHECKER, APPROVER]
        );
    }
}
