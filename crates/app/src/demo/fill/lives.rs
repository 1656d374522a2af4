//! A made-up life as the rows it leaves, worked out in memory step by step as the use cases do.

use crate::demo::{DemoAct, DemoSample, DemoStep, people};
use crate::reference::Reference;
use crate::samples::{Left, Loaded, Registration, answered, is_microbiological, registered, registrable, stepped};
use crate::{Call, DataKey, Error, PROVINCE, Scope, personal, results};
use hege_core::{Role, UserId};
use hege_lab::Catalogue;
use hege_sampling::form::{Context, check};
use hege_sampling::life_cycle::{Actor, Denial};
use hege_store::lives::Lives;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What lives are worked out with.
pub(super) struct Living<'a> {
    pub(super) reference: &'a Reference,
    pub(super) catalogue: &'a Catalogue,
    data_key: &'a DataKey,
    roles: BTreeMap<UserId, Role>,
}

impl<'a> Living<'a> {
    pub(super) fn new(reference: &'a Reference, catalogue: &'a Catalogue, data_key: &'a DataKey) -> Self {
        let roles = people(reference).into_iter().map(|person| (person.id, person.role)).collect();
        Self { reference, catalogue, data_key, roles }
    }

    /// Adds the rows of a life. The ids of its audit rows are the writer's to give.
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

    fn call(&self, step: &DemoStep) -> Call {
        Call {
            actor: Actor { user: step.by, roles: self.roles.get(&step.by).copied().into_iter().collect() },
            organisation: step.organisation,
            scope: Scope { region: PROVINCE, stages: BTreeSet::new() },
            at: step.at,
            audit_id: Uuid::nil(),
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
