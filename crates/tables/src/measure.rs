//! What a file is by its first bytes, and what a workbook's archive unpacks to.

use crate::{Limits, refused, unreadable};
use hege_core::Problem;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use zip::ZipArchive;

/// What holds the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Text,
    Workbook,
}

/// By the first bytes of a file, whatever its name says.
pub(crate) fn container(head: &[u8]) -> Result<Container, Problem> {
    let start: Vec<u8> = head
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .take(64)
        .map(|b| b.to_ascii_lowercase())
        .collect();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start);
    if head.is_empty() {
        return Err(refused("file_empty", "文件为空", "the file is empty"));
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Container::Workbook);
    }
    // A compound file: an encrypted workbook, or one of before 2007. Which of them is told by a name inside, not by these bytes.
    if head.starts_with(b"\xd0\xcf\x11\xe0") {
        let zh = "旧版 .xls 或带密码的工作簿：请在 Excel 中去除密码并另存为 .xlsx";
        let en = "an old .xls or a workbook with a password: take the password away and save it as .xlsx";
        return Err(refused("old_or_encrypted_excel", zh, en));
    }
    if [&b"<html"[..], b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head"].iter().any(|mark| start.starts_with(mark))
    {
        let zh = "文件是网页（HTML/XML），不是表格：请在 Excel 中打开后另存为 .xlsx";
        let en = "a web page (HTML or XML), not a table: open it in a spreadsheet and save it as .xlsx";
        return Err(refused("html", zh, en));
    }
    Ok(Container::Text)
}

/// What stands in a sheet that a reader of its cells does not see.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    merged: u64,
    hidden: u64,
    links: u64,
}

impl Marks {
    /// Notes what is doubtful.
    pub(crate) fn told(self, notes: &mut Vec<Problem>) {
        let mut note = |code, count: u64, zh: &str, en: &str| {
            if count > 0 {
                notes.push(refused(code, format!("{count} {zh}"), format!("{count} {en}")));
            }
        };
        note(
            "merged_cells",
            self.merged,
            "处合并单元格：仅第一格有值",
            "merged ranges: only the first cell of each has a value",
        );
        note(
            "hidden_rows",
            self.hidden,
            "处隐藏行或列：照常读取",
            "hidden rows or columns: they are read like the others",
        );
        note("external_links", self.links, "个外部链接：不予读取", "links to other files: they are not followed");
    }
}

fn bomb(zh: &str, en: &str) -> Problem {
    refused("zip_bomb", format!("工作簿{zh}，拒绝读取"), format!("the workbook {en}; it is not read"))
}

/// Unpacks every part of a workbook's archive into nothing, and stops where it would become too large. What an archive says of
/// its own sizes is not believed.
pub(crate) fn archive(path: &Path, limits: &Limits) -> Result<Marks, Problem> {
    let not_xlsx = || refused("not_xlsx", "不是 .xlsx 工作簿", "no .xlsx workbook");
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|_no_archive| not_xlsx())?;
    if archive.len() > limits.parts {
        return Err(bomb("部件过多", "has too many parts"));
    }
    if archive.index_for_name("xl/workbook.xml").is_none() {
        return Err(not_xlsx());
    }
    let (mut all, mut marks) = (0_u64, Marks::default());
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|_unreadable| not_xlsx())?;
        let name = part.name().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        let is_sheet = name.starts_with("xl/worksheets/") && name.ends_with(".xml");
        marks.links += u64::from(name.starts_with("xl/externallinks/") && name.ends_with(".xml"));
        let packed = part.compressed_size().max(1);
        let most = if is_sheet || !name.ends_with(".xml") { limits.unpacked - all } else { limits.part };
        let mut size = 0_u64;
        let mut scan = Scan::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = part.read(&mut buffer).map_err(|_broken| not_xlsx())?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            size += u64::try_from(read).unwrap_or(u64::MAX);
            if size > most {
                return Err(bomb("解压后过大", "unpacks to too much"));
            }
            if size > 10_000_000 && size / packed > limits.ratio {
                return Err(bomb("压缩比异常", "unpacks to many times its size"));
            }
            if is_sheet {
                scan.take(bytes, &mut marks);
            }
        }
        all += size;
        if all > limits.unpacked {
            return Err(bomb("解压后过大", "unpacks to too much"));
        }
    }
    Ok(marks)
}

/// Counts marks in a stream of bytes that may cut them in two.
#[derive(Debug, Default)]
struct Scan {
    rest: Vec<u8>,
}

const MERGED: &[u8] = b"<mergeCell ";
const HIDDEN: &[u8] = b" hidden=\"1\"";

impl Scan {
    fn take(&mut self, bytes: &[u8], marks: &mut Marks) {
        let keep = MERGED.len().max(HIDDEN.len()) - 1;
        let before = self.rest.len();
        self.rest.extend_from_slice(bytes);
        // Only what ends in the new bytes counts: what lies in the old ones was counted before.
        let count = |mark: &[u8]| {
            let from = before.saturating_sub(mark.len() - 1);
            let found = self.rest.get(from..).unwrap_or_default().windows(mark.len()).filter(|window| *window == mark);
            u64::try_from(found.count()).unwrap_or(u64::MAX)
        };
        marks.merged += count(MERGED);
        marks.hidden += count(HIDDEN);
        let from = self.rest.len().saturating_sub(keep);
        self.rest.drain(..from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_once_wherever_the_stream_is_cut() {
        let text = b"<row hidden=\"1\"><mergeCell ref=\"A1:B2\"/> hidden=\"1\"<mergeCell x".as_slice();
        for size in 1..text.len() {
            let (mut scan, mut marks) = (Scan::default(), Marks::default());
            text.chunks(size).for_each(|chunk| scan.take(chunk, &mut marks));
            assert_eq!(marks, Marks { merged: 2, hidden: 2, links: 0 }, "{size}");
        }
    }

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let code = |head: &[u8]| container(head).map_err(|problem| problem.code);
        assert_eq!(code(b"PK\x03\x04rest"), Ok(Container::Workbook));
        assert_eq!(code(b"form_no,region\n"), Ok(Container::Text));
        assert_eq!(code(b""), Err("file_empty"));
        assert_eq!(code(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), Err("old_or_encrypted_excel"));
        assert_eq!(code(b"\r\n <HTML><body>"), Err("html"));
        assert_eq!(code(b"\xef\xbb\xbf<table>"), Err("html"));
    }
}
