//! 更正: a correction of a registered form before the laboratory accepts the sample (docs/DOMAIN.md 2.1).
//!
//! The corrected form is checked as a whole, as at registration. What a sample is known and counted by does not change: its
//! id and number, its stage and task type, the city of its place, the organisation that took it.

use crate::fields::{FIELDS, Field};
use crate::form::{Context, Form, check};
use crate::read::{Fields, Raw, is_hidden};
use hege_core::{Problem, Problems, RegionCode};

/// Characters of a reason.
const REASON_MAX: usize = 500;

/// One field that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field's code.
    pub field: &'static str,
    /// Whether it is personal: its values are then not written into the record.
    pub personal: bool,
    /// What stood there; none for what was blank.
    pub old: Option<Raw>,
    /// What stands there now; none for what is blank now.
    pub new: Option<Raw>,
}

/// A corrected form that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// The form as it is now.
    pub form: Form,
    /// What changed, in the order of the form; at least one.
    pub changes: Vec<Change>,
    /// Doubts about the form as it is now.
    pub warnings: Problems,
}

/// Corrects a form. `stored` is its document with its personal fields; a change to blank text takes a value away.
///
/// # Errors
/// Every problem at once: a missing reason, a field that is not amended, nothing changed, and those of the form as it would be.
pub fn amend(stored: &Fields, changes: &Fields, reason: &str, context: &Context<'_>) -> Result<Amended, Problems> {
    let mut problems = Problems::new();
    let reason_len = reason.trim().chars().count();
    problems.check(reason_len > 0, || Problem::new("/reason", "required", "须说明原因", "the reason is missing"));
    problems.check(reason_len <= REASON_MAX && !reason.trim().chars().any(is_hidden), || {
        let (zh, en) =
            ("超过 500 字或含控制字符、不可见字符", "more than 500 characters, or control or invisible characters");
        Problem::new("/reason", "bad_text", zh, en)
    });
    let mut merged = stored.clone();
    for (code, value) in changes {
        if stays(code, stored, value) {
            problems.push(Problem::new(format!("/{code}"), "not_amendable", "此字段不得更正", "is not amended"));
        } else {
            merged.insert(code.clone(), value.clone());
        }
    }
    match check(&merged, context) {
        Ok((form, warnings)) => {
            let changes = differences(stored, &form);
            problems.check(!changes.is_empty() || !problems.is_empty(), || {
                Problem::new("", "nothing_changed", "没有更正内容", "nothing changes")
            });
            problems.into_result(Amended { form, changes, warnings })
        }
        Err(found) => {
            problems.extend(found);
            Err(problems)
        }
    }
}

/// Whether a change would touch what stays.
fn stays(code: &str, stored: &Fields, value: &Raw) -> bool {
    let city = |raw: Option<&Raw>| match raw {
        Some(Raw::Text(text)) => text.trim().parse::<RegionCode>().ok().map(RegionCode::city),
        _ => None,
    };
    let to_another_city = code == "region" && city(Some(value)).is_some_and(|to| city(stored.get(code)) != Some(to));
    let is_fixed = Field::find(code).is_some_and(|field| field.fixed);
    to_another_city || (is_fixed && stored.get(code) != Some(value))
}

fn differences(stored: &Fields, form: &Form) -> Vec<Change> {
    let (document, personal) = (form.document(), form.personal());
    let change = |field: &Field| {
        let old = stored.get(field.code);
        let new = document.get(field.code).or_else(|| personal.get(field.code));
        let change = || Change { field: field.code, personal: field.personal, old: old.cloned(), new: new.cloned() };
        (old != new).then(change)
    };
    FIELDS.iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;
    use crate::form::RegionKnown;
    use proptest::prelude::*;

    fn context() -> Context<'static> {
        let now = "2025-06-16T02:00:00Z".parse().unwrap();
        let region = &|_, _| RegionKnown::InForce;
        Context { now, region, food_class: &|_| true, microbiological: false }
    }

    fn stored() -> Fields {
        let (form, _) = check(&examples::produce(), &context()).unwrap();
        form.document().into_iter().chain(form.personal()).collect()
    }

    fn text(value: &str) -> Raw {
        Raw::Text(value.to_owned())
    }

    fn changing(changes: &[(&str, &str)]) -> Result<Amended, Problems> {
        let changes = changes.iter().map(|(code, value)| ((*code).to_owned(), text(value))).collect();
        amend(&stored(), &changes, "笔误", &context())
    }

    fn found(outcome: Result<Amended, Problems>) -> Vec<(String, &'static str)> {
        let problems = outcome.unwrap_err().into_vec();
        problems.into_iter().map(|problem| (problem.pointer, problem.code)).collect()
    }

    #[test]
    fn an_amendment_gives_the_new_form_and_each_field_with_old_and_new() {
        let amended =
            changing(&[("product_name", " 芹菜 "), ("stall", ""), ("brand", "/"), ("remark", "雨天")]).unwrap();
        assert_eq!(amended.form.product_name, "芹菜");
        let change = |field, personal, old: Option<&str>, new: Option<&str>| Change {
            field,
            personal,
            old: old.map(text),
            new: new.map(text),
        };
        let expected = [
            change("stall", true, Some("12 号摊"), None),
            change("product_name", false, Some("菠菜"), Some("芹菜")),
            change("remark", false, None, Some("雨天")),
        ];
        assert_eq!(amended.changes, expected);
    }

    #[test]
    fn what_a_sample_is_known_and_counted_by_stays() {
        let fixed = [
            ("id", "3301-0190b6c1-7e3a-7c11-9a5b-0123456789ac"),
            ("form_no", "NCP25330106000002"),
            ("stage", "circulation"),
            ("task_type", "campaign"),
            ("region", "330206"),
            ("sampling_org", "00000000-0000-0000-0000-000000000009"),
        ];
        for (field, value) in fixed {
            assert_eq!(found(changing(&[(field, value)])), [(format!("/{field}"), "not_amendable")]);
        }
        assert!(changing(&[("region", "330105"), ("stage", "farm")]).is_ok(), "a county of the same city");
    }

    #[test]
    fn an_amendment_has_a_reason_and_changes_something() {
        let none = Fields::new();
        let problems = |changes: &Fields, reason: &str| found(amend(&stored(), changes, reason, &context()));
        assert_eq!(problems(&none, "笔误"), [(String::new(), "nothing_changed")]);
        assert_eq!(found(changing(&[("brand", "/")])), [(String::new(), "nothing_changed")]);
        let change = Fields::from([("remark".to_owned(), text("雨天"))]);
        assert_eq!(problems(&change, " "), [("/reason".to_owned(), "required")]);
        assert_eq!(problems(&change, &"长".repeat(501)), [("/reason".to_owned(), "bad_text")]);
        assert!(amend(&stored(), &change, &"长".repeat(500), &context()).is_ok());
    }

    #[test]
    fn every_problem_of_the_new_form_is_told_with_those_of_the_amendment() {
        let told = found(changing(&[("form_no", "X1"), ("colour", "red"), ("address", ""), ("date", "2025-07-01")]));
        let told: Vec<(&str, &str)> = told.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        let expected = [
            ("/form_no", "not_amendable"),
            ("/colour", "unknown_field"),
            ("/address", "required"),
            ("/date", "after_sampling"),
        ];
        assert_eq!(told, expected);
    }

    proptest! {
        #[test]
        fn the_changes_laid_over_the_old_form_are_the_new_form(
            product in "[\\PC]{0,20}", brand in "[/a-z ]{0,3}", qty in "[1-9][0-9]?\\.[0-9]{0,2}", stall in "[a-z ]{0,2}",
        ) {
            let outcome = changing(&[("product_name", &product), ("brand", &brand), ("sample_qty", &qty), ("stall", &stall)]);
            if let Ok(amended) = outcome {
                let mut laid = stored();
                for change in &amended.changes {
                    prop_assert_ne!(&change.old, &change.new);
                    prop_assert_eq!(laid.get(change.field), change.old.as_ref());
                    match change.new.clone() {
                        Some(value) => laid.insert(change.field.to_owned(), value),
                        None => laid.remove(change.field),
                    };
                }
                let now: Fields = amended.form.document().into_iter().chain(amended.form.personal()).collect();
                prop_assert_eq!(laid, now);
            }
        }
    }
}
