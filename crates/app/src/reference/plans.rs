//! 计划与目标: what each stage is held to in a year, with the clause and the plan's own words.

use super::table::{Row, rows};
use hege_core::{PlanId, Problem, Problems, Stage};
use hege_rates::{BasisPoints, Counting};
use uuid::Uuid;

/// A year's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The same in every installation.
    pub id: PlanId,
    /// The plan year.
    pub year: i16,
    /// Its title.
    pub title: String,
    /// True for the demonstration's plan, which is nobody's law.
    pub demo: bool,
    /// One for each stage, in the order of the stages.
    pub targets: Vec<Target>,
}

/// 目标 of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The stage.
    pub stage: Stage,
    /// The pass rate; none where the plan names no number.
    pub basis_points: Option<BasisPoints>,
    /// Fewest samples for a notice.
    pub min_n: u32,
    /// How many countable samples the year is planned to have.
    pub planned_n: u32,
    /// Where that number comes from.
    pub planned_source: String,
    /// What counts.
    pub counting: Counting,
    /// The clause.
    pub clause: String,
    /// The plan's own words.
    pub words: String,
}

pub(super) fn parse(plans: &str, targets: &[(i16, &str)], problems: &mut Problems) -> Vec<Plan> {
    let mut parsed = Vec::new();
    for row in rows(("plans", "year"), plans, problems) {
        let title = row.needed("title", problems);
        row.needed("source", problems);
        let (id, year) = (row.parse::<Uuid>("id", problems), row.parse::<i16>("year", problems));
        let (Some(id), Some(year), Some(demo)) = (id, year, row.flag("demo", problems)) else { continue };
        let text = targets.iter().find(|(of, _)| *of == year).map_or("", |(_, text)| text);
        parsed.push(Plan { id: PlanId(id), year, title, demo, targets: targets_of(year, text, problems) });
    }
    parsed
}

fn targets_of(year: i16, text: &str, problems: &mut Problems) -> Vec<Target> {
    let name = format!("plan-{year}");
    let targets: Vec<Target> =
        rows((&name, "stage"), text, problems).iter().filter_map(|row| target(row, problems)).collect();
    let stages: Vec<Stage> = targets.iter().map(|target| target.stage).collect();
    problems.check(stages == Stage::ALL, || {
        Problem::new(
            format!("/{name}"),
            "stages_incomplete",
            "四个环节须各有一行",
            "each stage needs its row, in order",
        )
    });
    targets
}

fn target(row: &Row, problems: &mut Problems) -> Option<Target> {
    let stage = row.parse("stage", problems);
    let number = row.optional::<u16>("target_bp", problems);
    let basis_points = number.and_then(|number| match number {
        None => Some(None),
        Some(number) => {
            let target = BasisPoints::new(number);
            problems.check(target.is_some(), || {
                row.problem("target_bp", ("above_one_hundred_percent", "超过 100%", "above 100 %"))
            });
            target.map(Some)
        }
    });
    let (min_n, planned_n) = (row.parse("min_n", problems), row.parse("planned_n", problems));
    let (task_types, sample_kinds) = (row.words("task_types", problems), row.words("sample_kinds", problems));
    let [planned_source, clause, words] = ["planned_source", "clause", "words"].map(|c| row.needed(c, problems));
    Some(Target {
        stage: stage?,
        basis_points: basis_points?,
        min_n: min_n?,
        planned_n: planned_n?,
        planned_source,
        counting: Counting { task_types: task_types?, sample_kinds: sample_kinds? },
        clause,
        words,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_of_2013_holds_three_stages_to_a_number_and_one_to_none() {
        let plans = &super::super::shipped().unwrap().plans;
        assert_eq!(plans.len(), 2);
        for plan in plans {
            let bp: Vec<_> = plan.targets.iter().map(|target| target.basis_points.map(BasisPoints::get)).collect();
            assert_eq!(bp, [Some(9600), Some(9300), None, Some(9000)], "{}", plan.title);
            for target in &plan.targets {
                assert_eq!(target.counting, Counting::default_of(target.stage), "{}", target.stage);
                assert_eq!(target.min_n, 30);
                assert!(target.planned_n > 0);
                assert!(target.clause.ends_with("一(一)"));
            }
            assert_eq!(plan.demo, plan.title.starts_with("演示"), "{}", plan.title);
        }
        assert_eq!(plans.iter().map(|plan| (plan.year, plan.demo)).collect::<Vec<_>>(), [(2013, false), (2025, true)]);
    }

    #[test]
    fn a_target_says_everything_that_is_wrong_with_it() {
        let mut problems = Problems::new();
        let plans = "id,year,title,demo,source\na6f0291b-13bd-4e70-8466-531ca1270e20,2013,x,maybe,x\n\
                     a6f0291b-13bd-4e70-8466-531ca1270e20,2014,x,no,x\n";
        let targets = "stage,target_bp,min_n,planned_n,planned_source,task_types,sample_kinds,clause,words\n\
                       farm,10001,,-1,x,routine,,x,x\n";
        parse(plans, &[(2014, targets)], &mut problems);
        let found: Vec<_> = problems.as_slice().iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        assert_eq!(
            found,
            [
                ("/plans/2013/demo", "unreadable"),
                ("/plan-2014/farm/target_bp", "above_one_hundred_percent"),
                ("/plan-2014/farm/min_n", "unreadable"),
                ("/plan-2014/farm/planned_n", "unreadable"),
                ("/plan-2014/farm/task_types", "unreadable"),
                ("/plan-2014/farm/sample_kinds", "unreadable"),
                ("/plan-2014", "stages_incomplete"),
            ]
        );
    }
}
