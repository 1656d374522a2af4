//! 附件: what is kept beside a form as evidence (docs/DOMAIN.md 2.1, 现场照片; paper form, rule 20): photos, signatures, documents,
//! films and recordings; what each may be and how large.

use hege_core::date::china_date;
use hege_core::{Problem, Problems, words};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

words! {
    /// What a file is to the sample.
    pub enum AttachmentKind {
        Photo = "photo", "照片", "photo";
        Signature = "signature", "签名", "signature";
        Document = "document", "文件", "document";
        Recording = "recording", "录像录音", "film or recording";
    }
}

words! {
    /// What a file is by its content, whatever it is called.
    pub enum MediaType {
        Jpeg = "image/jpeg", "JPEG 图片", "JPEG picture";
        Png = "image/png", "PNG 图片", "PNG picture";
        Webp = "image/webp", "WebP 图片", "WebP picture";
        Pdf = "application/pdf", "PDF 文件", "PDF document";
        Mp4 = "video/mp4", "MP4 录像", "MP4 film";
        Quicktime = "video/quicktime", "QuickTime 录像", "QuickTime film";
        Webm = "video/webm", "WebM 录像", "WebM film";
        M4a = "audio/m4a", "M4A 录音", "M4A recording";
        Mp3 = "audio/mpeg", "MP3 录音", "MP3 recording";
    }
}

words! {
    /// What a file shows, or whose a signature is.
    pub enum Subject {
        Place = "place", "抽样场所", "place";
        Sample = "sample", "样品", "sample";
        Label = "label", "标签", "label";
        Seal = "seal", "封样", "seal";
        Licence = "licence", "证照", "licence";
        Sampler = "sampler", "抽样人员", "sampler";
        SampledUnit = "sampled_unit", "被抽样单位", "sampled unit";
        Receiver = "receiver", "接样人员", "receiver";
        Refusal = "refusal", "拒绝签字过程", "refusal to sign";
        Unboxing = "unboxing", "开箱过程", "unboxing";
        Notice = "notice", "告知书", "notice";
        Order = "order", "订单", "order";
        Payment = "payment", "付款凭证", "payment";
        Proof = "proof", "送达凭证", "proof of service";
        Result = "result", "检验记录", "record of a test";
    }
}

impl Subject {
    /// Whether a file of this kind can show it.
    #[must_use]
    pub const fn fits(self, kind: AttachmentKind) -> bool {
        let is_whose = matches!(self, Self::Sampler | Self::SampledUnit | Self::Receiver);
        match kind {
            AttachmentKind::Signature => is_whose,
            AttachmentKind::Photo | AttachmentKind::Document => {
                !matches!(self, Self::Refusal | Self::Unboxing) && !is_whose
            }
            AttachmentKind::Recording => {
                matches!(self, Self::Refusal | Self::Unboxing | Self::Place | Self::Sample | Self::Seal)
            }
        }
    }
}

impl MediaType {
    /// Whether it is a picture, which can be shown small.
    #[must_use]
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::Webp)
    }
}

const MIB: u64 = 1024 * 1024;
/// The highest number of an attachment of one sample.
pub const SEQ_MAX: u8 = 200;
/// Characters of a file's name.
const NAME_MAX: usize = 200;
/// How far a device's clock may be ahead of the server's.
const SKEW_MAX: SignedDuration = SignedDuration::from_hours(24);
/// The largest radius of a position that still says where somebody was, in metres.
const ACCURACY_MAX: i64 = 100_000;

impl AttachmentKind {
    /// Whether a file of this type can be one.
    #[must_use]
    pub const fn takes(self, media: MediaType) -> bool {
        match self {
            Self::Photo | Self::Signature => media.is_picture(),
            Self::Document => media.is_picture() || matches!(media, MediaType::Pdf),
            Self::Recording => !media.is_picture() && !matches!(media, MediaType::Pdf),
        }
    }

    /// The most bytes of one: a telephone's photo, a scan, a quarter of an hour of film.
    #[must_use]
    pub const fn bytes_max(self) -> u64 {
        match self {
            Self::Photo => 20 * MIB,
            Self::Signature => 2 * MIB,
            Self::Document => 30 * MIB,
            Self::Recording => 512 * MIB,
        }
    }

    /// Whether it shows a person whatever is said of it: it is sealed at rest and every look at it is recorded.
    #[must_use]
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Signature | Self::Recording)
    }
}

words! {
    /// Why what came is refused as a whole.
    pub enum AttachmentFault {
        DigestDiffers = "digest_differs", "内容与所报 SHA-256 不符", "the content has another SHA-256 than was stated";
        BytesDiffer = "bytes_differ", "内容多于所报字节数", "there are more bytes than were stated";
        TypeUnknown = "type_unknown", "无法识别的文件类型", "the content is of no type that is known here";
        TypeUnfit = "type_unfit", "文件内容不是此类附件", "the content is no attachment of this kind";
        PictureUnreadable = "picture_unreadable", "图片无法打开", "the picture cannot be opened";
        PictureTooLarge = "picture_too_large", "图片像素过多", "the picture has too many pixels";
    }
}

/// Where a file was made, as the device says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Degrees, north positive, WGS 84.
    pub latitude: Decimal,
    /// Degrees, east positive, WGS 84.
    pub longitude: Decimal,
    /// Radius in metres within which the device believes itself.
    pub accuracy_m: Decimal,
}

/// What is said of a file before its content is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// What it is to the sample.
    pub kind: AttachmentKind,
    /// What it shows.
    pub subject: Option<Subject>,
    /// What it is called; of personal files nothing is kept of it.
    pub name: Option<String>,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Whether it shows a person, beyond what its kind says.
    pub personal: bool,
    /// When it was taken.
    pub taken_at: Option<Timestamp>,
    /// Where.
    pub position: Option<Position>,
}

/// What is said of a text that is none, in Chinese and English.
pub const BAD_DIGEST: (&str, &str) = ("须为 64 位小写十六进制", "64 hexadecimal digits in small letters");

/// Whether a text is a SHA-256 as it is written here: 64 hexadecimal digits in small letters.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Described {
    /// Whether it is kept as personal data.
    #[must_use]
    pub const fn is_personal(&self) -> bool {
        self.personal || self.kind.is_personal()
    }

    /// Everything that speaks against it, at the parameter of the query that is at fault.
    #[must_use]
    pub fn problems(&self, now: Timestamp) -> Problems {
        let mut problems = Problems::new();
        problems.check(is_digest(&self.sha256), || {
            let (zh, en) = BAD_DIGEST;
            Problem::new("?sha256", "bad_digest", zh, en)
        });
        let most = self.kind.bytes_max();
        problems.check((1..=most).contains(&self.bytes), || {
            let (zh, en) = (
                format!("{}须为 1 至 {most} 字节", self.kind.zh()),
                format!("a {} has 1 to {most} bytes", self.kind.en()),
            );
            Problem::new("?bytes", "bad_size", &zh, &en)
        });
        problems.check(self.subject.is_none_or(|subject| subject.fits(self.kind)), || {
            let (zh, en) = ("此类附件不用于此内容", "an attachment of this kind does not show it");
            Problem::new("?subject", "subject_unfit", zh, en)
        });
        problems.check(self.name.as_ref().is_none_or(|name| name.chars().count() <= NAME_MAX), || {
            Problem::new("?name", "bad_text", "不超过 200 字", "at most 200 characters")
        });
        let latest = now.checked_add(SKEW_MAX).unwrap_or(Timestamp::MAX);
        problems.check(self.taken_at.is_none_or(|at| at <= latest), || {
            let (zh, en) = ("拍摄时间晚于当前时间 24 小时以上", "more than 24 hours ahead of the server's clock");
            Problem::new("?taken_at", "in_the_future", zh, en)
        });
        problems.check(self.taken_at.is_none_or(|at| china_date(at).year() >= 2000), || {
            Problem::new("?taken_at", "too_early", "早于 2000 年", "before the year 2000")
        });
        if let Some(position) = &self.position {
            position.problems(&mut problems);
        }
        problems
    }
}

impl Position {
    fn problems(&self, problems: &mut Problems) {
        let bounds = [
            ("?latitude", self.latitude, -90, 90),
            ("?longitude", self.longitude, -180, 180),
            ("?accuracy_m", self.accuracy_m, 0, ACCURACY_MAX),
        ];
        for (pointer, value, low, high) in bounds {
            problems.check((Decimal::from(low)..=Decimal::from(high)).contains(&value), || {
                let (zh, en) = (format!("须为 {low} 至 {high}"), format!("must be {low} to {high}"));
                Problem::new(pointer, "out_of_range", &zh, &en)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(kind: AttachmentKind) -> Described {
        Described {
            kind,
            subject: None,
            name: None,
            sha256: "0a".repeat(32),
            bytes: 1,
            personal: false,
            taken_at: None,
            position: None,
        }
    }

    fn codes(described: &Described) -> Vec<(String, &'static str)> {
        let problems = described.problems(Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365 * 50));
        problems.into_vec().into_iter().map(|problem| (problem.pointer, problem.code)).collect()
    }

    #[test]
    fn each_kind_takes_its_types_and_no_others() {
        let taken = |kind: AttachmentKind| MediaType::ALL.iter().filter(|media| kind.takes(**media)).count();
        assert_eq!(AttachmentKind::ALL.iter().map(|kind| taken(*kind)).collect::<Vec<_>>(), [3, 3, 4, 5]);
        assert!(!AttachmentKind::Photo.takes(MediaType::Pdf) && AttachmentKind::Document.takes(MediaType::Pdf));
        assert!(AttachmentKind::Recording.takes(MediaType::Mp4) && !AttachmentKind::Recording.takes(MediaType::Jpeg));
    }

    #[test]
    fn a_file_has_as_many_bytes_as_its_kind_allows_and_not_one_more() {
        for kind in AttachmentKind::ALL {
            for (bytes, holds) in [(0, false), (1, true), (kind.bytes_max(), true), (kind.bytes_max() + 1, false)] {
                assert_eq!(codes(&Described { bytes, ..described(*kind) }).is_empty(), holds, "{kind:?} {bytes}");
            }
        }
    }

    #[test]
    fn every_problem_of_what_is_said_of_a_file_is_told_at_once() {
        let position =
            Position { latitude: Decimal::from(91), longitude: Decimal::from(-181), accuracy_m: Decimal::from(-1) };
        let bad = Described {
            sha256: "0A".repeat(32),
            bytes: 0,
            subject: Some(Subject::Unboxing),
            name: Some("a".repeat(201)),
            taken_at: Some(Timestamp::MAX),
            position: Some(position),
            ..described(AttachmentKind::Photo)
        };
        let pointers: Vec<String> = codes(&bad).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(
            pointers,
            ["?sha256", "?bytes", "?subject", "?name", "?taken_at", "?latitude", "?longitude", "?accuracy_m"]
        );
        let edge = Position {
            latitude: Decimal::from(-90),
            longitude: Decimal::from(180),
            accuracy_m: Decimal::from(ACCURACY_MAX),
        };
        assert_eq!(codes(&Described { position: Some(edge), ..described(AttachmentKind::Photo) }), []);
    }

    #[test]
    fn a_signature_is_personal_whatever_is_said_and_a_photo_when_it_is_said() {
        assert!(described(AttachmentKind::Signature).is_personal());
        assert!(!described(AttachmentKind::Photo).is_personal());
        assert!(Described { personal: true, ..described(AttachmentKind::Photo) }.is_personal());
    }
}
