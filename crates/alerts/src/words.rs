//! The words of alerts, and the key that an alert's stored id follows from.

use hege_core::words;
use jiff::Timestamp;
use std::fmt;

words! {
    /// 预警类别.
    pub enum AlertKind {
        Plan = "plan", "计划预警", "plan alert";
        EarlyWarning = "early_warning", "早期预警", "early warning";
        Event = "event", "事件预警", "event alert";
        Data = "data", "数据预警", "data alert";
    }
}

words! {
    /// 预警状态. Acknowledging only stops the reminders.
    pub enum AlertStatus {
        Open = "open", "未处理", "open";
        Acknowledged = "acknowledged", "已确认", "acknowledged";
        Cleared = "cleared", "已恢复", "cleared";
        Closed = "closed", "已关闭", "closed";
        Withdrawn = "withdrawn", "已撤回", "withdrawn";
    }
}

words! {
    /// How an alert ended.
    pub enum Ending {
        Recovered = "recovered", "已恢复达标", "recovered";
        YearMet = "year_met", "年度结束，达到目标", "the year closed on its target";
        YearUnmet = "year_unmet", "年度结束，未达目标", "the year closed below its target";
        TargetChanged = "target_changed", "目标已变更", "the target changed";
        ByPerson = "by_person", "人工关闭", "closed by a person";
        Unfounded = "unfounded", "结论变更，重算后不再成立", "no longer founded after a conclusion changed";
    }
}

impl Ending {
    /// The status of an alert that ended so. A change of target is no recovery, so it closes and does not clear.
    #[must_use]
    pub const fn status(self) -> AlertStatus {
        match self {
            Self::Recovered => AlertStatus::Cleared,
            Self::YearMet | Self::YearUnmet | Self::TargetChanged | Self::ByPerson => AlertStatus::Closed,
            Self::Unfounded => AlertStatus::Withdrawn,
        }
    }
}

words! {
    /// What happened to an alert, one step of its record.
    pub enum Happening {
        Raised = "raised", "发出", "raised";
        Escalated = "escalated", "升级为显著", "escalated to significant";
        Lowered = "lowered", "降为提示", "lowered to a notice";
        Signalled = "signalled", "再次报警", "signalled again";
        Reopened = "reopened", "重新打开", "reopened";
        Acknowledged = "acknowledged", "确认", "acknowledged";
        Assigned = "assigned", "指派", "assigned";
        Unanswered = "unanswered", "无人确认", "nobody acknowledged it";
        Cleared = "cleared", "恢复", "cleared";
        Closed = "closed", "关闭", "closed";
        Withdrawn = "withdrawn", "撤回", "withdrawn";
    }
}

impl Ending {
    /// The word of the alert's record for it.
    #[must_use]
    pub const fn happening(self) -> Happening {
        match self.status() {
            AlertStatus::Cleared => Happening::Cleared,
            AlertStatus::Withdrawn => Happening::Withdrawn,
            AlertStatus::Open | AlertStatus::Acknowledged | AlertStatus::Closed => Happening::Closed,
        }
    }
}

words! {
    /// 预警规则.
    pub enum Rule {
        BelowTarget = "below_target", "合格率低于目标", "pass rate below the target";
        CityBelow = "city_below", "设区市合格率低于目标", "city below the target";
        Cusum = "cusum", "不合格率上升", "failures on the rise";
        BannedSubstance = "banned_substance", "检出禁用物质", "banned substance";
        Pathogen = "pathogen", "检出致病菌", "pathogen";
        RepeatProducer = "repeat_producer", "生产者再次不合格", "producer failed again";
        UrgentReport = "urgent_report", "24小时限时报告", "24 hour report";
        Silence = "silence", "无登记", "no registrations";
        Voids = "voids", "作废过多", "too many voids";
        Pending = "pending", "待结论过多", "too many pending";
        Overdue = "overdue", "超期过多", "too many overdue";
        CalendarMissing = "calendar_missing", "缺少工作日历", "calendar missing";
        NoFailures = "no_failures", "无一不合格", "no failure where some are expected";
        RepeatedValues = "repeated_values", "数值重复", "repeated values";
        EntrySpeed = "entry_speed", "录入过快", "impossible speed of entry";
    }
}

impl Rule {
    /// The kind of its alerts.
    #[must_use]
    pub const fn kind(self) -> AlertKind {
        match self {
            Self::BelowTarget | Self::CityBelow => AlertKind::Plan,
            Self::Cusum => AlertKind::EarlyWarning,
            Self::BannedSubstance | Self::Pathogen | Self::RepeatProducer | Self::UrgentReport => AlertKind::Event,
            Self::Silence
            | Self::Voids
            | Self::Pending
            | Self::Overdue
            | Self::CalendarMissing
            | Self::NoFailures
            | Self::RepeatedValues
            | Self::EntrySpeed => AlertKind::Data,
        }
    }
}

/// What an alert's stored id follows from, so that two servers that find the same thing raise it once. Printed as one text,
/// which the caller hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key<'a> {
    /// The rule.
    pub rule: Rule,
    /// What it is about, as the caller names it: plan, stage and region; a sample; a producer. Never with a `|` in it.
    pub stream: &'a str,
    /// The version of the target, 0 where the rule has none.
    pub version: i32,
    /// When the excursion opened, or the first signal.
    pub opened_at: Timestamp,
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}|{}|{}", self.rule.code(), self.stream, self.version, self.opened_at.as_microsecond())
    }
}
