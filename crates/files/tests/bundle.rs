//! A bundle: whole or not, wherever a byte of it was changed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hege_files::bundle::{Bundle, BundleFault, BundleWriter, Fault, MANIFEST, SEAL, WriteError};
use serde_json::{Map, json};
use std::io::Cursor;
use zip::ZipArchive;

fn bundle(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bundle = BundleWriter::new(&mut out);
    for (name, bytes) in parts {
        bundle.part(name, |out| out.write_all(bytes).map_err(WriteError::from)).unwrap();
    }
    bundle.finish(Map::from_iter([("format".to_owned(), json!("test"))])).unwrap();
    out
}

fn small() -> Vec<u8> {
    bundle(&[("a.txt", b"one line\nand another\n"), ("b/c.jpg", &[0xff, 0xd8, 1, 2, 3]), ("empty", b"")])
}

/// Reads everything of a bundle.
fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Fault> {
    let mut bundle = Bundle::open(Cursor::new(bytes))?;
    let mut parts = Vec::new();
    for name in bundle.names() {
        let mut content = Vec::new();
        bundle.read(&name, &mut |piece| {
            content.extend_from_slice(piece);
            Ok(())
        })?;
        parts.push((name, content));
    }
    Ok(parts)
}

#[test]
fn a_bundle_gives_back_its_parts() {
    let parts = read(&small()).unwrap();
    let names: Vec<&str> = parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a.txt", "b/c.jpg", "empty"]);
    assert_eq!(parts[0].1, b"one line\nand another\n");
    assert_eq!(Bundle::open(Cursor::new(small())).unwrap().manifest["format"], "test");
}

#[test]
fn after_any_one_byte_of_its_content_is_changed_the_place_is_named() {
    let whole = small();
    let mut archive = ZipArchive::new(Cursor::new(&whole)).unwrap();
    let mut tried = 0;
    for index in 0..archive.len() {
        let part = archive.by_index(index).unwrap();
        let (name, begin) = (part.name().unwrap().into_owned(), usize::try_from(part.data_start().unwrap()).unwrap());
        let size = usize::try_from(part.compressed_size()).unwrap();
        drop(part);
        for at in begin..begin + size {
            for mask in [0x01, 0x80, 0xff] {
                let mut bent = whole.clone();
                bent[at] ^= mask;
                let fault = read(&bent).unwrap_err();
                let expected = if name == SEAL { MANIFEST } else { &name };
                assert!(fault.place == expected || fault.place == name, "byte {at} of {name}: {fault:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn a_part_more_or_less_and_what_is_no_bundle_is_refused() {
    assert_eq!(read(b"PK no archive").unwrap_err().fault, BundleFault::NotABundle);
    assert_eq!(read(b"").unwrap_err().fault, BundleFault::NotABundle);
    let cut = small();
    assert_eq!(read(&cut[..cut.len() / 2]).unwrap_err().fault, BundleFault::NotABundle);
    // The manifest of one bundle in an archive that has another part.
    let mut out = Vec::new();
    let mut zip = zip::ZipWriter::new_stream(&mut out);
    let options = zip::write::SimpleFileOptions::default();
    let whole = small();
    let mut archive = ZipArchive::new(Cursor::new(&whole)).unwrap();
    for name in [MANIFEST, SEAL, "a.txt", "b/c.jpg"] {
        zip.start_file(name, options).unwrap();
        std::io::copy(&mut archive.by_name(name).unwrap(), &mut zip).unwrap();
    }
    zip.finish().unwrap();
    assert_eq!(read(&out).unwrap_err(), Fault::new("empty", BundleFault::PartMissing));
    let mut out = Vec::new();
    let mut zip = zip::ZipWriter::new_stream(&mut out);
    for name in [MANIFEST, SEAL, "a.txt", "b/c.jpg", "empty"] {
        zip.start_file(name, options).unwrap();
        std::io::copy(&mut archive.by_name(name).unwrap(), &mut zip).unwrap();
    }
    zip.start_file("more.txt", options).unwrap();
    zip.finish().unwrap();
    assert_eq!(read(&out).unwrap_err(), Fault::new("more.txt", BundleFault::PartUnknown));
}
