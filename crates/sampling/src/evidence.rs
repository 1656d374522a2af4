//! What a sampling has to be proven with, and what of it is not there yet (docs/DOMAIN.md 1.1, row 4, and 2.1; paper form, rule 20).

use crate::attachment::{AttachmentKind, Subject};
use crate::form::{Fields, Raw};
use crate::words::{SamplingKind, Signing};
use hege_core::words;

words! {
    /// What is wanting.
    pub enum Wanting {
        SamplerSignatures = "sampler_signatures", "两名抽样人员签名", "the signatures of two samplers";
        UnitSignature = "unit_signature", "被抽样单位签名，或拒绝签字", "the sampled unit's signature, or that it refused";
        RefusalRecording = "refusal_recording", "拒绝签字过程的录像录音", "a recording of the refusal to sign";
        SealPhoto = "seal_photo", "封样照片", "a photo of the seals";
        UnboxingRecording = "unboxing_recording", "网购样品开箱录像", "a film of the unboxing";
        BuyerAccount = "buyer_account", "买样账户", "the account that bought";
        OrderNumber = "order_no", "订单号", "the order's number";
        Payment = "payment_no", "付款流水号", "the payment's number";
    }
}

/// What is wanting beside a form, where these files lie: each by kind and what it shows.
#[must_use]
pub fn wanting(form: &Fields, files: &[(AttachmentKind, Option<Subject>)]) -> Vec<Wanting> {
    let text = |code: &str| match form.get(code) {
        Some(Raw::Text(text)) if !text.trim().is_empty() => Some(text.as_str()),
        _ => None,
    };
    let count =
        |kind: AttachmentKind, subject: Subject| files.iter().filter(|file| **file == (kind, Some(subject))).count();
    let is_online = text("sampling_kind") == Some(SamplingKind::Online.code());
    let is_refused = text("unit_signature") == Some(Signing::Refused.code());
    let has_refusal = count(AttachmentKind::Recording, Subject::Refusal) > 0;
    let has_unit = count(AttachmentKind::Signature, Subject::SampledUnit) > 0;
    let wanted = [
        (Wanting::SamplerSignatures, count(AttachmentKind::Signature, Subject::Sampler) < 2),
        // Nobody of an online shop is there to sign.
        (Wanting::UnitSignature, !is_online && !is_refused && !has_unit),
        (Wanting::RefusalRecording, is_refused && !has_refusal),
        (Wanting::SealPhoto, count(AttachmentKind::Photo, Subject::Seal) == 0),
        (Wanting::UnboxingRecording, is_online && count(AttachmentKind::Recording, Subject::Unboxing) == 0),
        (Wanting::BuyerAccount, is_online && text("buyer_account").is_none()),
        (Wanting::OrderNumber, is_online && text("order_no").is_none()),
        (Wanting::Payment, is_online && text("payment_no").is_none()),
    ];
    wanted.into_iter().filter_map(|(wanting, is_wanting)| is_wanting.then_some(wanting)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples;

    const SIGNED: [(AttachmentKind, Option<Subject>); 4] = [
        (AttachmentKind::Signature, Some(Subject::Sampler)),
        (AttachmentKind::Signature, Some(Subject::Sampler)),
        (AttachmentKind::Signature, Some(Subject::SampledUnit)),
        (AttachmentKind::Photo, Some(Subject::Seal)),
    ];

    fn with(fields: &[(&str, &str)]) -> Fields {
        let mut form = examples::produce();
        form.extend(fields.iter().map(|(code, text)| ((*code).to_owned(), Raw::Text((*text).to_owned()))));
        form
    }

    #[test]
    fn two_samplers_and_the_unit_sign_and_the_seals_are_photographed() {
        let form = examples::produce();
        assert_eq!(wanting(&form, &SIGNED), []);
        assert_eq!(wanting(&form, &[]), [Wanting::SamplerSignatures, Wanting::UnitSignature, Wanting::SealPhoto]);
        assert_eq!(wanting(&form, &SIGNED[1..]), [Wanting::SamplerSignatures]);
    }

    #[test]
    fn a_refusal_to_sign_takes_the_place_of_a_signature_when_it_was_recorded() {
        let refused = with(&[("unit_signature", "refused")]);
        let [one, two, _, seal] = SIGNED;
        assert_eq!(wanting(&refused, &[one, two, seal]), [Wanting::RefusalRecording]);
        let recording = (AttachmentKind::Recording, Some(Subject::Refusal));
        assert_eq!(wanting(&refused, &[one, two, seal, recording]), []);
    }

    #[test]
    fn what_is_bought_online_needs_account_order_payment_and_the_film_of_its_unboxing() {
        let bare = with(&[("sampling_kind", "online")]);
        let [one, two, _, seal] = SIGNED;
        let all = [Wanting::UnboxingRecording, Wanting::BuyerAccount, Wanting::OrderNumber, Wanting::Payment];
        assert_eq!(wanting(&bare, &[one, two, seal]), all);
        let whole =
            with(&[("sampling_kind", "online"), ("buyer_account", "a"), ("order_no", "1"), ("payment_no", "2")]);
        let film = (AttachmentKind::Recording, Some(Subject::Unboxing));
        assert_eq!(wanting(&whole, &[one, two, seal, film]), []);
    }
}
