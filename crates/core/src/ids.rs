//! Ids as types. They are made outside (on the device, by `app`) and only carried here.

use crate::region::City;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Text that is no id of a sample or a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id of this kind is four digits of its city, a hyphen and a UUID")]
pub struct BadSampleId;

/// Declares ids that carry their shard: a city and a UUIDv7, printed `3301-0190b6c1-...`, so that a request reaches its shard
/// without asking every other one.
macro_rules! sharded_ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            /// The shard.
            pub city: City,
            /// The part made by whoever makes the thing; also the `Idempotency-Key` of its making.
            pub uuid: Uuid,
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}-{}", self.city, self.uuid)
            }
        }
        impl FromStr for $name {
            type Err = BadSampleId;
            fn from_str(text: &str) -> Result<Self, BadSampleId> {
                let (city, uuid) = sharded(text).ok_or(BadSampleId)?;
                Ok(Self { city, uuid })
            }
        }
    )+};
}

sharded_ids!(
    /// A sample's public id, made on the device.
    SampleId,
    /// A task's public id: the city in which it is carried out.
    TaskId,
);

/// City and UUID of an id that carries its shard.
fn sharded(text: &str) -> Option<(City, Uuid)> {
    let (city, uuid) = text.split_once('-')?;
    // Only the hyphenated form, so that one thing has one spelling.
    (uuid.len() == 36).then_some(())?;
    Some((city.parse().ok()?, Uuid::try_parse(uuid).ok()?))
}

/// Declares newtypes over [`Uuid`].
macro_rules! uuid_ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> { Uuid::try_parse(text).map(Self) }
        }
    )+};
}

uuid_ids!(
    /// A person with a login.
    UserId,
    /// A department, an inspecting organisation or a laboratory.
    OrganisationId,
    /// A laboratory: the organisation that a sample is addressed to.
    LabId,
    /// A year's plan.
    PlanId,
    /// One limit of one edition, or one stated by a laboratory.
    CriterionId,
    /// An alert.
    AlertId,
    /// A cell of a plan with how much is to be taken in it.
    QuotaId,
);

impl From<LabId> for OrganisationId {
    fn from(lab: LabId) -> Self {
        Self(lab.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_id_prints_and_parses_to_itself() {
        let text = "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ab";
        let id: SampleId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(id.city.get(), 3301);
    }

    #[test]
    fn an_id_without_its_city_or_with_another_spelling_is_refused() {
        for text in
            ["0190b6c1-7e3a-7c11-9a5b-0123456789ab", "3301-0190b6c17e3a7c119a5b0123456789ab", "3301", "", "33a1-x"]
        {
            assert_eq!(text.parse::<SampleId>(), Err(BadSampleId), "{text}");
        }
    }
}
