//! Files in a folder: written, gone on with, swept, looked at.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use hege_files::content::{check, media_type, small};
use hege_files::{Error, Files};
use hege_sampling::attachment::{AttachmentFault, MediaType};
use image::{DynamicImage, ImageFormat};
use std::collections::BTreeSet;
use std::io::{Cursor, Read as _, Write as _};
use tempfile::TempDir;

/// SHA-256 of `abc` (FIPS 180-4).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn files() -> (TempDir, Files) {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::open(folder.path().join("files").to_str().unwrap()).unwrap();
    (folder, files)
}

fn kept(files: &Files, id: &str, bytes: &[u8]) -> String {
    let mut making = files.make(id).unwrap();
    making.write_all(bytes).unwrap();
    making.keep().unwrap()
}

fn read(files: &Files, sha256: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    files.read(sha256).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_file_is_kept_under_the_digest_of_its_content_and_only_when_it_is_whole() {
    let (_folder, files) = files();
    let mut given_up = files.make("1").unwrap();
    given_up.write_all(b"abc").unwrap();
    assert!(!files.has(ABC).unwrap());
    drop(given_up);
    assert!(!files.has(ABC).unwrap());
    assert_eq!(kept(&files, "2", b"abc"), ABC);
    assert_eq!(kept(&files, "3", b"abc"), ABC, "the same content is the same file");
    assert_eq!((read(&files, ABC), files.has(ABC).unwrap()), (b"abc".to_vec(), true));
    assert_eq!(files.digest(ABC).unwrap().as_deref(), Some(ABC));
    assert_eq!(files.digest(&"0".repeat(64)).unwrap(), None);
    assert!(matches!(files.read(&"0".repeat(64)), Err(Error::Missing(_))));
}

#[test]
fn a_file_of_many_parts_comes_back_as_it_went_in() {
    let (_folder, files) = files();
    let bytes: Vec<u8> = (0..12_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let sha256 = kept(&files, "1", &bytes);
    assert!(read(&files, &sha256) == bytes);
}

#[test]
fn pieces_follow_one_another_without_a_gap_and_a_piece_is_written_once() {
    let (_folder, files) = files();
    assert_eq!(files.staged("a/1").unwrap(), 0);
    files.stage("a/1", 0, "ab".into()).unwrap();
    files.stage("a/1", 9, "far".into()).unwrap();
    assert_eq!(files.staged("a/1").unwrap(), 2, "what lies beyond a gap does not count");
    assert!(matches!(files.stage("a/1", 0, "xy".into()), Err(Error::Taken)));
    files.stage("a/1", 2, "c".into()).unwrap();
    assert_eq!((files.staged("a/1").unwrap(), files.staged("a/2").unwrap(), files.staged("a").unwrap()), (3, 0, 3));
    let mut text = String::new();
    files.read_staged("a/1").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "abc");
    files.unstage("a/1").unwrap();
    assert_eq!(files.staged("a/1").unwrap(), 0);
}

#[test]
fn what_no_row_names_is_swept_when_it_is_old_and_what_one_names_stays() {
    let (_folder, files) = files();
    let (named, orphan) = (kept(&files, "1", b"named"), kept(&files, "2", b"orphan"));
    files.stage("a/1", 0, "ab".into()).unwrap();
    let known = |names: &[String]| -> Result<BTreeSet<String>, Error> {
        Ok(names.iter().filter(|name| **name == named).cloned().collect())
    };
    let young = files.sweep(0, &known).unwrap();
    assert_eq!((young.files, young.pieces, files.has(&orphan).unwrap()), (0, 0, true));
    let old = files.sweep(i64::MAX, &known).unwrap();
    assert_eq!((old.files, old.pieces), (1, 1));
    assert_eq!(
        (files.has(&named).unwrap(), files.has(&orphan).unwrap(), files.staged("a/1").unwrap()),
        (true, false, 0)
    );
}

#[test]
fn a_file_whose_row_comes_while_it_is_swept_comes_back() {
    let (_folder, files) = files();
    let sha256 = kept(&files, "1", b"late");
    let asked = std::cell::Cell::new(0);
    let known = |names: &[String]| -> Result<BTreeSet<String>, Error> {
        asked.set(asked.get() + 1);
        Ok(names.iter().filter(|_| asked.get() > 1).cloned().collect())
    };
    assert_eq!(files.sweep(i64::MAX, &known).unwrap().files, 0);
    assert_eq!((asked.get(), files.has(&sha256).unwrap()), (2, true));
}

#[test]
fn a_setting_that_names_no_place_is_refused() {
    for setting in ["", " ", "ftp://x/y", "s3://"] {
        assert!(matches!(Files::open(setting), Err(Error::Setting(_))), "{setting}");
    }
}

fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG with an EXIF block that holds a place.
fn with_exif() -> Vec<u8> {
    let plain = picture(40, 20, ImageFormat::Jpeg);
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0GPS-30.27-120.15";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, exif, &plain[2..]].concat()
}

#[test]
fn a_type_is_known_by_content_and_never_by_name() {
    for (format, media) in
        [(ImageFormat::Jpeg, MediaType::Jpeg), (ImageFormat::Png, MediaType::Png), (ImageFormat::WebP, MediaType::Webp)]
    {
        assert_eq!(media_type(&picture(3, 2, format)), Ok(media));
    }
    assert_eq!(media_type(b"%PDF-1.7\n%abcd"), Ok(MediaType::Pdf));
    assert_eq!(media_type(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"), Ok(MediaType::Mp4));
    for other in [b"<html>".as_slice(), b"", b"GIF89a\x01\0\x01\0\0\0\0;", b"MZ\x90\0", b"PK\x03\x04"] {
        assert_eq!(media_type(other), Err(AttachmentFault::TypeUnknown), "{other:?}");
    }
}

#[test]
fn what_only_begins_like_a_picture_and_what_unpacks_to_too_many_pixels_is_refused() {
    let whole = picture(64, 64, ImageFormat::Png);
    assert_eq!(check(&whole), Ok(()));
    assert_eq!(check(&whole[..whole.len() / 2]), Err(AttachmentFault::PictureUnreadable));
    assert_eq!(check(b"\xff\xd8\xff\xe0 no picture at all"), Err(AttachmentFault::PictureUnreadable));
    let bomb = picture(8_000, 6_501, ImageFormat::Png);
    assert!(bomb.len() < 1_000_000, "it is small as a file: {}", bomb.len());
    assert_eq!(check(&bomb), Err(AttachmentFault::PictureTooLarge));
}

#[test]
fn a_small_picture_is_upright_and_carries_nothing_of_the_place() {
    let taken = with_exif();
    assert!(String::from_utf8_lossy(&taken).contains("GPS-30.27"));
    let small = small(&taken, 20).unwrap();
    assert!(!String::from_utf8_lossy(&small).contains("GPS") && !String::from_utf8_lossy(&small).contains("Exif"));
    let opened = image::load_from_memory(&small).unwrap();
    // Orientation 6: it was taken lying on its side.
    assert_eq!((opened.width(), opened.height()), (10, 20));
    let not_enlarged = image::load_from_memory(&hege_files::content::small(&taken, 4_000).unwrap()).unwrap();
    assert_eq!((not_enlarged.width(), not_enlarged.height()), (20, 40));
}
