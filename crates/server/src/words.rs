//! Words of the glossary as arguments: a code that there is none of is answered with all that there are.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use hege_app::reference::OrganisationKind;
use hege_core::{Role, Stage};
use std::str::FromStr;

fn one_of<T>(codes: impl Iterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr + Clone + Send + Sync + 'static,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    PossibleValuesParser::new(codes).try_map(|code| code.parse::<T>())
}

/// A role.
pub(crate) fn role() -> impl TypedValueParser<Value = Role> {
    one_of(Role::ALL.iter().map(|role| role.code()))
}

/// A stage.
pub(crate) fn stage() -> impl TypedValueParser<Value = Stage> {
    one_of(Stage::ALL.iter().map(|stage| stage.code()))
}

/// A kind of organisation.
pub(crate) fn organisation_kind() -> impl TypedValueParser<Value = OrganisationKind> {
    one_of(OrganisationKind::ALL.iter().map(|kind| kind.code()))
}
