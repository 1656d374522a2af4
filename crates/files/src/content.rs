//! What a file is by its content, and pictures made small. A picture is held in memory, bounded in bytes and pixels.

use hege_sampling::attachment::{AttachmentFault, MediaType};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};
use std::io::Cursor;

/// Bytes from the beginning of a file by which its type is known.
pub const HEAD: usize = 8 * 1024;
/// The most pixels of a picture: a telephone's fifty million, and what a small file may unpack to is bounded.
const PIXELS_MAX: u64 = 52_000_000;
/// The most bytes that a decoder takes.
const ALLOC_MAX: u64 = 256 * 1024 * 1024;
/// Quality of what is made small.
const QUALITY: u8 = 82;

/// The type of a file by its first bytes. What it is called is not asked.
///
/// # Errors
/// [`AttachmentFault::TypeUnknown`].
pub fn media_type(head: &[u8]) -> Result<MediaType, AttachmentFault> {
    let found = infer::get(head).map(|found| found.mime_type()).unwrap_or_default();
    match found {
        // The M4A files of telephones call themselves by several names.
        "audio/mp4" | "audio/x-m4a" => Ok(MediaType::M4a),
        "video/x-m4v" => Ok(MediaType::Mp4),
        other => other.parse().map_err(|_not_one_of_ours| AttachmentFault::TypeUnknown),
    }
}

/// Opens a picture upright, without whatever else the file holds.
fn opened(bytes: &[u8]) -> Result<DynamicImage, AttachmentFault> {
    let unreadable = |_: image::ImageError| AttachmentFault::PictureUnreadable;
    let mut limits = Limits::default();
    limits.max_alloc = Some(ALLOC_MAX);
    let mut reader = ImageReader::new(Cursor::new(bytes));
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(|_no_memory_fails| AttachmentFault::PictureUnreadable)?;
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(AttachmentFault::PictureTooLarge);
    }
    // A picture without it, or with one that cannot be read, lies as it was taken.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Whether a picture opens.
///
/// # Errors
/// [`AttachmentFault::PictureUnreadable`], [`AttachmentFault::PictureTooLarge`].
pub fn check(bytes: &[u8]) -> Result<(), AttachmentFault> {
    opened(bytes).map(drop)
}

/// A picture as a JPEG of at most so many pixels a side, upright and without EXIF: neither place nor device stand in it.
///
/// # Errors
/// As [`check`].
pub fn small(bytes: &[u8], side: u32) -> Result<Vec<u8>, AttachmentFault> {
    let picture = opened(bytes)?;
    let picture =
        if picture.width() > side || picture.height() > side { picture.thumbnail(side, side) } else { picture };
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, QUALITY);
    picture.to_rgb8().write_with_encoder(encoder).map_err(|_encoding| AttachmentFault::PictureUnreadable)?;
    Ok(out)
}
