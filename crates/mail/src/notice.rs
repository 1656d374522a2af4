//! What an alert's mail says: a subject with stage, state and figure; the figures with what they rest on, in Chinese and below
//! it in English; a link. Plain text that stands alone: nothing in it has to be fetched or rendered to be read.

use hege_alerts::plan::Grade;
use hege_alerts::{Ending, Happening, Rule};
use hege_core::Stage;
use hege_core::date::CHINA;
use hege_rates::exact::wilson;
use hege_rates::{BasisPoints, Tally};
use jiff::Timestamp;

/// Something said in Chinese and in English.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Words {
    /// Both.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// A step of an alert's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What.
    pub happening: Happening,
    /// How it ended, where it did.
    pub ending: Option<Ending>,
    /// The evidence's words; empty when there are none.
    pub words: Words,
}

/// What a rate is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The plan's title.
    pub plan: String,
    /// The version of the target.
    pub version: i32,
    /// What counts, as it stands beside the rate.
    pub counting: Words,
}

/// A rate: its tally, its target, and how likely so few would be by chance alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// The counted samples.
    pub tally: Tally,
    /// What they are held to; none for a rule without one.
    pub target: Option<BasisPoints>,
    /// The exact lower tail as it is printed; none for a rule that has another test.
    pub p: Option<String>,
}

/// The facts of a mail about a step of an alert. The last step of `life` is the one it tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The rule.
    pub rule: Rule,
    /// Whether it was significant after this step.
    pub grade: Grade,
    /// The stage; none for what concerns the system as a whole.
    pub stage: Option<Stage>,
    /// Name and code of the region.
    pub region: String,
    /// When what it tells of began, by the record.
    pub opened_at: Timestamp,
    /// The rate; none for what is no rate.
    pub figures: Option<Figures>,
    /// What the rate is held to.
    pub held: Option<Held>,
    /// Form number and product, for what is about one sample.
    pub sample: Option<String>,
    /// The steps until now, the first first.
    pub life: Vec<Step>,
    /// Where the alert is seen.
    pub link: String,
}

/// An instant as people in China read it.
fn minute(at: Timestamp) -> String {
    CHINA.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string()
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

impl Figures {
    /// `28/30 = 93.33 %`.
    fn rate(&self) -> String {
        let Tally { k, n } = self.tally;
        self.tally.percent(self.target).map_or_else(|| format!("{k}/{n}"), |rate| format!("{k}/{n} = {rate} %"))
    }
}

impl Notice {
    fn last(&self) -> Option<&Step> {
        self.life.last()
    }

    /// What happened, with how it ended where it did: 关闭：年度结束，未达目标.
    fn happened(&self) -> Words {
        let Some(step) = self.last() else { return Words::default() };
        match step.ending {
            Some(ending) => Words::new(
                format!("{}：{}", step.happening.zh(), ending.zh()),
                format!("{}: {}", step.happening.en(), ending.en()),
            ),
            None => Words::new(step.happening.zh(), step.happening.en()),
        }
    }

    /// The newest words of the evidence.
    fn evidence(&self) -> Words {
        let words = self.life.iter().rev().map(|step| &step.words).find(|words| !words.zh.is_empty());
        words.cloned().unwrap_or_default()
    }

    /// `[合格] 种植养殖 合格率低于目标（提示）发出：28/30 = 93.33 %，目标 96 %`.
    #[must_use]
    pub fn subject(&self) -> String {
        let stage = self.stage.map(|stage| format!("{} ", stage.zh())).unwrap_or_default();
        let figure = match &self.figures {
            Some(figures) => {
                let target = figures.target.map(|target| format!("，目标 {target} %")).unwrap_or_default();
                format!("{}{target}", figures.rate())
            }
            None => self.evidence().zh,
        };
        let (rule, grade, happened) = (self.rule.zh(), self.grade.zh(), self.happened().zh);
        let figure = if figure.is_empty() { figure } else { format!(" {figure}") };
        format!("[合格] {stage}{rule}（{grade}）{happened}{figure}")
    }

    /// Both languages, the Chinese first.
    #[must_use]
    pub fn body(&self) -> String {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for words in self.lines() {
            zh.push(words.zh);
            en.push(words.en);
        }
        let sent_by = Words::new("本邮件由系统自动发出，请勿回复。", "Sent by a program: nobody reads replies.");
        format!(
            "{}\n\n查看：{}\n{}\n\n----\n\n{}\n\nSee: {}\n{}\n",
            zh.join("\n"),
            self.link,
            sent_by.zh,
            en.join("\n"),
            self.link,
            sent_by.en
        )
    }

    fn lines(&self) -> Vec<Words> {
        let happened = self.happened();
        let mut lines = vec![
            Words::new(
                format!("{}（{}）{}", self.rule.zh(), self.grade.zh(), happened.zh),
                format!("{} ({}) {}", self.rule.en(), self.grade.en(), happened.en),
            ),
            Words::default(),
        ];
        if let Some(stage) = self.stage {
            lines.push(Words::new(format!("环节：{}", stage.zh()), format!("Stage: {}", stage.en())));
        }
        lines.push(Words::new(format!("范围：{}", self.region), format!("Scope: {}", self.region)));
        lines.extend(
            self.sample.iter().map(|sample| Words::new(format!("样品：{sample}"), format!("Sample: {sample}"))),
        );
        lines.extend(self.rate_lines());
        let evidence = self.evidence();
        if !evidence.zh.is_empty() {
            lines.push(Words::new(format!("依据：{}", evidence.zh), format!("Evidence: {}", evidence.en)));
        }
        let since = minute(self.opened_at);
        lines.push(Words::new(format!("自：{since}（北京时间）"), format!("Since: {since} (China)")));
        lines.push(Words::default());
        lines.push(Words::new("经过：", "So far:"));
        lines.extend(self.life.iter().map(life_line));
        lines
    }

    fn rate_lines(&self) -> Vec<Words> {
        let mut lines = Vec::new();
        let Some(figures) = &self.figures else { return lines };
        lines.push(Words::new(format!("合格率：{}", figures.rate()), format!("Pass rate: {}", figures.rate())));
        if let Some(target) = figures.target {
            let held = self.held.as_ref();
            let of_zh = held.map(|held| format!("（{}，第 {} 版）", held.plan, held.version)).unwrap_or_default();
            let of_en = held.map(|held| format!(" ({}, version {})", held.plan, held.version)).unwrap_or_default();
            lines.push(Words::new(format!("目标：{target} %{of_zh}"), format!("Target: {target} %{of_en}")));
        }
        if let Some((low, high)) = wilson(figures.tally) {
            let interval = format!("{} – {}", percent(low), percent(high));
            lines.push(Words::new(format!("95 % 区间：{interval}"), format!("95 % interval: {interval}")));
        }
        if let Some(p) = &figures.p {
            lines.push(Words::new(format!("p = {p}"), format!("p = {p}")));
        }
        lines.extend(self.held.iter().map(|held| held.counting.clone()));
        lines
    }
}

/// `2025-03-20 12:00 发出 年初至今 28/30 = 93.33 %`.
fn life_line(step: &Step) -> Words {
    let at = minute(step.at);
    let ending = step.ending.map(|ending| Words::new(format!(" {}", ending.zh()), format!(" {}", ending.en())));
    let ending = ending.unwrap_or_default();
    let line = |happening: &str, ending: &str, words: &str| {
        format!("  {at} {happening}{ending} {words}").trim_end().to_owned()
    };
    Words::new(
        line(step.happening.zh(), &ending.zh, &step.words.zh),
        line(step.happening.en(), &ending.en, &step.words.en),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn notice() -> Notice {
        let words = Words::new(
            "年初至今 28/30 = 93.33 %，目标 96 %，p = 0.3388",
            "year to date 28/30 = 93.33 %, target 96 %, p = 0.3388",
        );
        Notice {
            rule: Rule::BelowTarget,
            grade: Grade::Notice,
            stage: Some(Stage::Farm),
            region: "浙江省 330000".to_owned(),
            opened_at: at("2025-03-10T04:00:00Z"),
            figures: Some(Figures {
                tally: Tally::new(28, 30).unwrap(),
                target: BasisPoints::new(9_600),
                p: Some("0.3388".to_owned()),
            }),
            held: Some(Held {
                plan: "演示计划".to_owned(),
                version: 2,
                counting: Words::new("计入：例行监测（食用农产品）", "counts: routine monitoring (primary produce)"),
            }),
            sample: None,
            life: vec![Step { at: at("2025-03-20T04:00:00Z"), happening: Happening::Raised, ending: None, words }],
            link: "https://hege.example/alerts/3300-x".to_owned(),
        }
    }

    #[test]
    fn the_subject_says_stage_state_and_figure() {
        assert_eq!(notice().subject(), "[合格] 种植养殖 合格率低于目标（提示）发出 28/30 = 93.33 %，目标 96 %");
        let mut closed = notice();
        closed.grade = Grade::Significant;
        closed.life.push(Step {
            at: at("2026-03-01T00:00:00Z"),
            happening: Happening::Closed,
            ending: Some(Ending::YearUnmet),
            words: Words::default(),
        });
        assert_eq!(
            closed.subject(),
            "[合格] 种植养殖 合格率低于目标（显著）关闭：年度结束，未达目标 28/30 = 93.33 %，目标 96 %"
        );
        let of_system = Notice { figures: None, stage: None, rule: Rule::CalendarMissing, ..notice() };
        assert!(of_system.subject().starts_with("[合格] 缺少工作日历（提示）发出 年初至今"), "{}", of_system.subject());
    }

    #[test]
    fn the_body_says_in_both_languages_what_the_figure_rests_on_and_what_happened_so_far() {
        let expected = "合格率低于目标（提示）发出\n\n\
            环节：种植养殖\n范围：浙江省 330000\n合格率：28/30 = 93.33 %\n目标：96 %（演示计划，第 2 版）\n\
            95 % 区间：78.68 % – 98.15 %\np = 0.3388\n计入：例行监测（食用农产品）\n\
            依据：年初至今 28/30 = 93.33 %，目标 96 %，p = 0.3388\n自：2025-03-10 12:00（北京时间）\n\n\
            经过：\n  2025-03-20 12:00 发出 年初至今 28/30 = 93.33 %，目标 96 %，p = 0.3388\n\n\
            查看：https://hege.example/alerts/3300-x\n本邮件由系统自动发出，请勿回复。\n\n----\n\n\
            pass rate below the target (notice) raised\n\n\
            Stage: farm\nScope: 浙江省 330000\nPass rate: 28/30 = 93.33 %\nTarget: 96 % (演示计划, version 2)\n\
            95 % interval: 78.68 % – 98.15 %\np = 0.3388\ncounts: routine monitoring (primary produce)\n\
            Evidence: year to date 28/30 = 93.33 %, target 96 %, p = 0.3388\nSince: 2025-03-10 12:00 (China)\n\n\
            So far:\n  2025-03-20 12:00 raised year to date 28/30 = 93.33 %, target 96 %, p = 0.3388\n\n\
            See: https://hege.example/alerts/3300-x\nSent by a program: nobody reads replies.\n";
        assert_eq!(notice().body(), expected);
    }
}
