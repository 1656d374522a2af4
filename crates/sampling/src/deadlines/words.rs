//! The words of deadlines, and which event starts and ends which clock.

use hege_core::words;

words! {
    /// 期限: what has to be done, may be done or is kept until then (docs/DOMAIN.md 1.1).
    pub enum Clock {
        Delivery = "delivery", "送样", "delivery to the laboratory";
        Report = "report", "出具检验报告", "report";
        SendConforming = "send_conforming", "报送合格结果", "sending a conforming result";
        SendNonconforming = "send_nonconforming", "报送不合格结果", "sending a nonconforming result";
        SendUrgent = "send_urgent", "限时报告", "sending a serious hazard";
        Notice = "notice", "送达结果通知", "notice of the result";
        ReinspectionApplication = "reinspection_application", "申请复检", "application for re-inspection";
        RapidRetest = "rapid_retest", "快检复检申请", "application after a rapid test";
        ReinspectionDecision = "reinspection_decision", "复检受理", "decision on the application";
        ReinspectionBody = "reinspection_body", "确定复检机构", "naming of the re-inspection body";
        BackupHandover = "backup_handover", "移交备样", "handover of the backup";
        ReinspectionReport = "reinspection_report", "复检报告", "report of the re-inspection";
        ReinspectionResult = "reinspection_result", "告知复检结论", "passing on of the re-inspection";
        SamplingObjection = "sampling_objection", "抽样异议", "objection to the sampling";
        SamplingAnswer = "sampling_answer", "抽样异议答复", "answer about the sampling";
        ResultObjection = "result_objection", "结果异议", "objection to authenticity, method or standard";
        ResultAnswer = "result_answer", "结果异议答复", "answer about authenticity, method or standard";
        RiskControl = "risk_control", "风险控制", "control of the risk";
        Disposal = "disposal", "核查处置", "disposal";
        BackupConforming = "backup_conforming", "合格备样留存", "backup of a conforming sample";
        BackupNonconforming = "backup_nonconforming", "不合格备样留存", "backup of a nonconforming sample";
        Records = "records", "记录留存", "records";
    }
}

words! {
    /// What kind of a limit it is.
    pub enum ClockKind {
        Duty = "duty", "须完成", "has to be done by then";
        Window = "window", "可提出", "may be done until then";
        Keep = "keep", "留存", "is kept until then";
    }
}

words! {
    /// What starts or ends a clock.
    pub enum Event {
        Sampled = "sampled", "抽样", "sampled";
        Delivered = "delivered", "送达检验机构", "delivered, whether accepted or refused";
        Received = "received", "接样", "accepted by the laboratory";
        Reported = "reported", "批准报告", "report approved";
        Conforming = "conforming", "结论合格", "concluded conforming";
        Nonconforming = "nonconforming", "结论不合格", "concluded nonconforming";
        Urgent = "urgent", "严重危害", "found a serious hazard";
        Sent = "sent", "报送结果", "result sent to the department";
        Served = "served", "送达", "result served";
        RapidServed = "rapid_served", "快检结果送达", "rapid test served";
        ReinspectionApplied = "reinspection_applied", "提出复检", "re-inspection applied for";
        ReinspectionDecided = "reinspection_decided", "复检受理决定", "application decided";
        ReinspectionAccepted = "reinspection_accepted", "复检受理", "application accepted";
        BodyNamed = "body_named", "复检机构确定", "re-inspection body named";
        BackupHandedOver = "backup_handed_over", "备样移交", "backup handed over";
        ReinspectionReported = "reinspection_reported", "复检报告", "re-inspection reported";
        ReinspectionTold = "reinspection_told", "复检结论告知", "re-inspection passed on";
        SamplingObjected = "sampling_objected", "抽样异议提出", "sampling objected to";
        SamplingAnswered = "sampling_answered", "抽样异议答复", "objection to the sampling answered";
        ResultObjected = "result_objected", "结果异议提出", "result objected to";
        ResultAnswered = "result_answered", "结果异议答复", "objection to the result answered";
        Controlled = "controlled", "采取风险控制措施", "risk controlled";
        Disposed = "disposed", "处置完成", "disposed of";
    }
}

words! {
    /// What a period is counted in.
    pub enum Unit {
        Hours = "hours", "小时", "hours";
        Days = "days", "日", "calendar days";
        WorkingDays = "working_days", "个工作日", "working days";
        Months = "months", "个月", "months";
    }
}

words! {
    /// How sure it is that the law says so.
    pub enum Confidence {
        Read = "read", "已查证", "read in the source";
        High = "high", "较高", "general knowledge, high";
        Medium = "medium", "中等", "general knowledge, medium";
        Low = "low", "较低", "general knowledge, low: the plan of the year decides";
    }
}

words! {
    /// 主管部门, whose rule it is.
    pub enum Department {
        MarketRegulation = "market_regulation", "市场监督管理", "market regulation";
        FoodDrug = "food_drug", "食品药品监督管理", "food and drug";
        Agriculture = "agriculture", "农业农村", "agriculture";
        QualitySupervision = "quality_supervision", "质量技术监督", "quality supervision";
    }
}

words! {
    /// Where a clock stands.
    pub enum State {
        Due = "due", "期限内", "running";
        Soon = "soon", "即将到期", "due soon";
        Overdue = "overdue", "已超期", "overdue";
        Undetermined = "undetermined", "无法确定", "undetermined: a calendar is missing";
        Met = "met", "按期完成", "done in time";
        Late = "late", "逾期完成", "done late";
        Unrecorded = "unrecorded", "未记录", "what ends it is not recorded here";
        Lapsed = "lapsed", "期满未提出", "over without having been used";
        Held = "held", "暂缓处理", "kept while something is open";
        Kept = "kept", "留存中", "kept";
        Over = "over", "留存期满", "need not be kept any more";
    }
}

impl Clock {
    /// What starts it, what ends it, and what kind it is. What is kept ends with its time alone.
    const fn course(self) -> (Event, Option<Event>, ClockKind) {
        use ClockKind::{Duty, Keep, Window};
        match self {
            Self::Delivery => (Event::Sampled, Some(Event::Delivered), Duty),
            Self::Report => (Event::Received, Some(Event::Reported), Duty),
            Self::SendConforming => (Event::Conforming, Some(Event::Sent), Duty),
            Self::SendNonconforming => (Event::Nonconforming, Some(Event::Sent), Duty),
            Self::SendUrgent => (Event::Urgent, Some(Event::Sent), Duty),
            Self::Notice => (Event::Sent, Some(Event::Served), Duty),
            Self::ReinspectionApplication => (Event::Served, Some(Event::ReinspectionApplied), Window),
            Self::RapidRetest => (Event::RapidServed, Some(Event::ReinspectionApplied), Window),
            Self::ReinspectionDecision => (Event::ReinspectionApplied, Some(Event::ReinspectionDecided), Duty),
            Self::ReinspectionBody => (Event::ReinspectionAccepted, Some(Event::BodyNamed), Duty),
            Self::BackupHandover => (Event::BodyNamed, Some(Event::BackupHandedOver), Duty),
            Self::ReinspectionReport => (Event::BackupHandedOver, Some(Event::ReinspectionReported), Duty),
            Self::ReinspectionResult => (Event::ReinspectionReported, Some(Event::ReinspectionTold), Duty),
            Self::SamplingObjection => (Event::Sampled, Some(Event::SamplingObjected), Window),
            Self::SamplingAnswer => (Event::SamplingObjected, Some(Event::SamplingAnswered), Duty),
            Self::ResultObjection => (Event::Served, Some(Event::ResultObjected), Window),
            Self::ResultAnswer => (Event::ResultObjected, Some(Event::ResultAnswered), Duty),
            Self::RiskControl => (Event::Served, Some(Event::Controlled), Duty),
            Self::Disposal => (Event::Sent, Some(Event::Disposed), Duty),
            Self::BackupConforming => (Event::Conforming, None, Keep),
            Self::BackupNonconforming => (Event::Nonconforming, None, Keep),
            Self::Records => (Event::Sampled, None, Keep),
        }
    }

    /// The event from which it runs.
    #[must_use]
    pub const fn starts(self) -> Event {
        self.course().0
    }

    /// The event that ends it; none for what is kept.
    #[must_use]
    pub const fn ends(self) -> Option<Event> {
        self.course().1
    }

    /// What kind of a limit it is.
    #[must_use]
    pub const fn kind(self) -> ClockKind {
        self.course().2
    }
}
