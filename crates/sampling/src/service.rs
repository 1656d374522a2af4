//! 送达: a result told to whom it concerns, with the proof on which every clock of theirs rests.

use hege_core::words;
use jiff::Timestamp;

words! {
    /// Whom a result is told (docs/DOMAIN.md 1.1, row 11).
    pub enum Addressee {
        SampledUnit = "sampled_unit", "被抽样单位", "sampled unit";
        Producer = "producer", "标称生产者", "named producer";
        MarketOperator = "market_operator", "市场开办者", "market operator";
        Platform = "platform", "网络交易平台", "platform";
    }
}

words! {
    /// How it is told.
    pub enum Method {
        Direct = "direct", "直接送达", "in person";
        LeftBehind = "left_behind", "留置送达", "left behind before witnesses";
        Entrusted = "entrusted", "委托送达", "through another authority";
        Post = "post", "邮寄送达", "by post";
        Electronic = "electronic", "电子送达", "electronically";
        PublicNotice = "public_notice", "公告送达", "by public notice";
    }
}

words! {
    /// Why a service is refused.
    pub enum ServiceFault {
        NoReport = "no_report", "尚无检验报告", "there is no report yet";
        BeforeReport = "before_report", "早于报告批准时间", "before the report was approved";
        InFuture = "in_future", "送达时间在将来", "in the future";
        ProofBlank = "proof_blank", "凭证不得为空白", "the proof is blank";
    }
}

/// One service of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// On whom.
    pub addressee: Addressee,
    /// How.
    pub method: Method,
    /// When it arrived, by the proof.
    pub at: Timestamp,
    /// What proves it: a receipt's number, a tracking number.
    pub proof: Option<String>,
    /// Whether they were told that they may object and apply for a re-inspection.
    pub rights_told: bool,
}

impl Service {
    /// Whether a clock of the addressee runs from it: without proof and without their rights told nobody is ever late.
    #[must_use]
    pub const fn starts_clock(&self) -> bool {
        self.proof.is_some() && self.rights_told
    }

    /// Everything that speaks against it, for a report approved at `reported` and the time `now`.
    #[must_use]
    pub fn faults(&self, reported: Option<Timestamp>, now: Timestamp) -> Vec<ServiceFault> {
        let mut faults = Vec::new();
        match reported {
            None => faults.push(ServiceFault::NoReport),
            Some(reported) if self.at < reported => faults.push(ServiceFault::BeforeReport),
            Some(_) => {}
        }
        if self.at > now {
            faults.push(ServiceFault::InFuture);
        }
        if self.proof.as_ref().is_some_and(|proof| proof.trim().is_empty()) {
            faults.push(ServiceFault::ProofBlank);
        }
        faults
    }
}
