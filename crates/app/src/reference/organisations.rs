//! 机构: the departments that the plan of 2013 names, and the organisations of the demonstration.

use super::regions::Regions;
use super::table::rows;
use hege_core::{OrganisationId, Problems, RegionCode, Sector, Stage, words};
use uuid::Uuid;

words! {
    /// 机构类别.
    pub enum OrganisationKind {
        Department = "department", "主管部门", "department";
        Inspecting = "inspecting", "抽样机构", "inspecting organisation";
        Laboratory = "laboratory", "检验机构", "laboratory";
    }
}

words! {
    /// A department's part in the plan.
    pub enum Part {
        Leads = "leads", "牵头", "leads";
        TakesPart = "takes_part", "参与", "takes part";
    }
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// The same in every installation.
    pub id: OrganisationId,
    /// What it is.
    pub kind: OrganisationKind,
    /// Its name.
    pub name: String,
    /// Where it is responsible.
    pub region: RegionCode,
    /// Its part in the plan, for a department.
    pub part: Option<Part>,
    /// The stage it answers for.
    pub stage: Option<Stage>,
    /// Of the farm stage, the sector.
    pub sector: Option<Sector>,
    /// True for the demonstration's.
    pub demo: bool,
}

pub(super) fn parse(text: &str, (demo, regions): (bool, &Regions), problems: &mut Problems) -> Vec<Organisation> {
    let mut parsed = Vec::new();
    for row in rows(("organisations", "name"), text, problems) {
        let name = row.needed("name", problems);
        row.needed("source", problems);
        let (id, kind) = (row.parse::<Uuid>("id", problems), row.parse("kind", problems));
        let region = row.parse::<RegionCode>("region", problems);
        let part = row.optional("part", problems);
        let (stage, sector) = (row.optional("stage", problems), row.optional("sector", problems));
        problems.check(region.is_none_or(|region| regions.get(region).is_some()), || {
            row.problem("region", ("region_unknown", "行政区划代码未知", "the region is not known"))
        });
        let (Some(id), Some(kind), Some(region), Some(part), Some(stage), Some(sector)) =
            (id, kind, region, part, stage, sector)
        else {
            continue;
        };
        parsed.push(Organisation { id: OrganisationId(id), kind, name, region, part, stage, sector, demo });
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn shipped() -> &'static [Organisation] {
        &super::super::shipped().unwrap().organisations
    }

    #[test]
    fn the_plan_of_2013_has_one_department_that_leads_and_seven_that_take_part() {
        let parts: Vec<_> = shipped().iter().filter(|o| !o.demo).map(|o| o.part.unwrap()).collect();
        assert_eq!(parts.iter().filter(|part| **part == Part::Leads).count(), 1);
        assert_eq!(parts.iter().filter(|part| **part == Part::TakesPart).count(), 7);
        for stage in Stage::ALL {
            let answering = shipped().iter().filter(|o| o.stage == Some(*stage)).count();
            assert_eq!(answering, if *stage == Stage::Farm { Sector::ALL.len() } else { 1 }, "{stage}");
        }
    }

    #[test]
    fn the_demonstration_has_an_inspecting_organisation_for_each_city_and_three_laboratories() {
        let demo = |kind| shipped().iter().filter(move |o| o.demo && o.kind == kind);
        let cities: BTreeSet<_> = demo(OrganisationKind::Inspecting).map(|o| o.region).collect();
        assert_eq!((cities.len(), demo(OrganisationKind::Inspecting).count()), (11, 11));
        assert_eq!(demo(OrganisationKind::Laboratory).count(), 3);
        assert!(shipped().iter().all(|o| o.demo == o.name.starts_with("演示")));
        let ids: BTreeSet<_> = shipped().iter().map(|o| o.id).collect();
        assert_eq!((ids.len(), shipped().len()), (23, 23));
    }

    #[test]
    fn an_organisation_of_an_unknown_region_or_kind_is_refused() {
        let mut problems = Problems::new();
        let text = "id,kind,name,region,part,stage,sector,source\nx,shop,甲,339900,,farm,sea,x\n";
        assert_eq!(parse(text, (true, &Regions::default()), &mut problems), []);
        let found: Vec<_> = problems.as_slice().iter().map(|p| (p.pointer.as_str(), p.code)).collect();
        assert_eq!(
            found,
            [
                ("/organisations/甲/id", "unreadable"),
                ("/organisations/甲/kind", "unreadable"),
                ("/organisations/甲/sector", "unreadable"),
                ("/organisations/甲/region", "region_unknown"),
            ]
        );
    }
}
