//! A made-up life as the rows it leaves, worked out in memory step by step as the use cases do.

use crate::alerts::NewId;
use crate::demo::{DemoAct, DemoSample, DemoStep, NOW, people};
use crate::reference::Reference;
use crate::samples::{Left, Loaded, Registration, answered, is_microbiological, registered, registrable, stepped};
use crate::{Call, DataKey, Error, PROVINCE, Scope, personal, results};
use hege_core::{Role, UserId};
use hege_lab::Catalogue;
use hege_sampling::form::{Context, check};
use hege_sampling::life_cycle::{Actor, Denial};
use hege_store::audit::{Seal, seal_of};
use hege_store::lives::Lives;
use hege_store::types::Ts;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What lives are worked out with.
pub(super) struct Living<'a> {
    pub(super) reference: &'a Reference,
    pub(super) catalogue: &'a Catalogue,
    data_key: &'a DataKey,
    new_id: NewId<'a>,
    roles: BTreeMap<UserId, Role>,
    /// The last link of each city.
    last: BTreeMap<i32, Seal>,
}

impl<'a> Living<'a> {
    pub(super) fn new(
        reference: &'a Reference,
        catalogue: &'a Catalogue,
        (data_key, new_id): (&'a DataKey, NewId<'a>),
    ) -> Self {
        let roles = people(reference).into_iter().map(|person| (person.id, person.role)).collect();
        Self { reference, catalogue, data_key, new_id, roles, last: BTreeMap::new() }
    }

    /// Adds the rows of a life.
    pub(super) fn live(&self, demo: &DemoSample, lives: &mut Lives) -> Result<(), Error> {
        let mut steps = demo.steps.iter();
        let first = steps.next().ok_or(Denial::WrongStatus)?;
        let (call, registration) = (self.call(first), self.registration(demo, first.at)?);
        registrable(&call, &registration)?;
        let Left { mut sample, mut items, custody, audit, .. } = registered(&call, &registration)?;
        items.sort_by(|one, other| one.analyte.cmp(&other.analyte));
        let mut custody = vec![custody];
        lives.answered.push(answered(&call, &registration));
        lives.audits.push(audit);
        for step in steps {
            let call = self.call(step);
            let loaded = Loaded::of(sample, items, (&custody, &call))?;
            let left = match &step.act {
                DemoAct::Register => return Err(Denial::WrongStatus.into()),
                DemoAct::Enter(values) => results::left(&loaded, values, (&call, self.catalogue))?,
                DemoAct::Step(action) => stepped(&loaded, action, &call)?,
            };
            items = loaded.items;
            for new in left.items {
                items.iter_mut().filter(|old| old.analyte == new.analyte).for_each(|old| old.clone_from(&new));
            }
            sample = left.sample;
            custody.push(left.custody);
            lives.conclusions.extend(left.conclusion);
            lives.audits.push(left.audit);
        }
        lives.samples.push(sample);
        lives.items.extend(items);
        lives.custody.extend(custody);
        Ok(())
    }

    /// Lives with their record linked, each city's to its links before.
    pub(super) fn sealed(&mut self, mut lives: Lives) -> Result<Lives, Error> {
        lives.audits.sort_by_key(|audit| (audit.city, audit.at, audit.id));
        for rows in lives.audits.chunk_by_mut(|one, next| one.city == next.city) {
            let Some(city) = rows.first().map(|row| row.city) else { continue };
            let seal = seal_of(city, self.last.get(&city), (rows, Ts(NOW)))?;
            rows.iter_mut().for_each(|row| row.seal = Some(seal.seq));
            self.last.insert(city, seal.clone());
            lives.seals.push(seal);
        }
        Ok(lives)
    }

    fn call(&self, step: &DemoStep) -> Call {
        Call {
            actor: Actor { user: step.by, roles: self.roles.get(&step.by).copied().into_iter().collect() },
            organisation: step.organisation,
            scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
            at: step.at,
            audit_id: (self.new_id)(),
        }
    }

    fn registration(&self, demo: &DemoSample, now: Timestamp) -> Result<Registration, Error> {
        let context = Context {
            now,
            region: &|code, on| self.reference.regions.known(code, on),
            food_class: &|code| self.catalogue.foods().class(code).is_some(),
            microbiological: demo.ordered.iter().any(|(analyte, _)| is_microbiological(self.catalogue, analyte)),
        };
        let (form, _doubts) = check(&demo.form, &context).map_err(Error::Invalid)?;
        let personal = personal::seal(self.data_key, form.id, &form.personal())?;
        Ok(Registration { form, personal, items: demo.ordered.clone() })
    }
}
