//! Imports of a file with errors by the program, with the memory that it takes at most.

use crate::data::{Cluster, Database};
use crate::{server, thread};
use hege_tables::{Format, TableWriter};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const HEADER: [&str; 20] = [
    "抽样单编号",
    "任务类别",
    "抽样环节",
    "农、林、渔",
    "食品分类",
    "样品类型",
    "所在地",
    "被抽样单位名称",
    "电话",
    "样品名称",
    "日期",
    "抽样时间",
    "检验项目",
    "检验结果",
    "结果单位",
    "判定依据",
    "最大允许限",
    "最大允许限单位",
    "结果判定",
    "结论",
];
const FOODS: [&str; 5] = ["豇豆", "上海青", "生姜", "小葱", "橘子"];

/// One row a sample, the dearest kind of file; one in a hundred is refused.
fn row(n: usize) -> [String; 20] {
    let (day, county) = (n % 28 + 1, [330_102, 330_105, 330_106, 330_108][n % 4]);
    let reported = if n.is_multiple_of(100) { "一点点".to_owned() } else { format!("0.0{}", n % 9 + 1) };
    let date = if n % 100 == 1 { "2025/2/30".to_owned() } else { format!("2025/6/{day}") };
    let food = FOODS[n % FOODS.len()];
    [
        format!("H{n}"),
        "例行监测".into(),
        "种植养殖".into(),
        "农业".into(),
        food.into(),
        "食用农产品".into(),
        county.to_string(),
        format!("演示市场 {} 号摊", n % 500),
        "00000000000".into(),
        food.into(),
        date.clone(),
        date,
        "毒死蜱".into(),
        reported,
        "mg/kg".into(),
        "GB 2763-2021".into(),
        "0.02".into(),
        "mg/kg".into(),
        String::new(),
        String::new(),
    ]
}

fn file(path: &Path, rows: usize) {
    let format: Format = path.extension().unwrap().to_str().unwrap().parse().unwrap_or_else(|_| panic!("a format"));
    let mut table = TableWriter::new(format, File::create(path).unwrap(), &HEADER).unwrap();
    (0..rows).for_each(|n| table.row(&row(n)).unwrap());
    table.finish().unwrap();
}

/// How long it took and the most memory it held, in MiB.
fn imported(url: &str, key: &Path, (file, errors): (&Path, &Path)) -> (Duration, f64, String) {
    let began = Instant::now();
    let mut child = server::program()
        .args(["import", "samples"])
        .arg(file)
        .arg("--errors")
        .arg(errors)
        .env("DATABASE_URL", url)
        .env("HEGE_DATA_KEY_FILE", key)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0.0_f64;
    while child.try_wait().unwrap().is_none() {
        most = most.max(server::resident(child.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = began.elapsed();
    let output = child.wait_with_output().unwrap();
    (took, most, told(&output.stdout))
}

/// How many rows are in and how many are not.
fn told(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines().find(|line| line.starts_with("rows ")).unwrap_or_default().to_owned()
}

/// Imports files of both formats and each size into both databases.
pub(crate) fn run((cluster, databases): (&Cluster, &[(&str, Database)]), key: &Path, sizes: &[usize]) {
    println!("| database | file | rows | time | rows/s | memory at most | told |\n|--|--|--|--|--|--|--|");
    let folder = tempfile::tempdir().unwrap();
    for rows in sizes {
        for extension in ["csv", "xlsx"] {
            let (from, errors) = (folder.path().join(format!("{rows}.{extension}")), folder.path().join("wrong.csv"));
            file(&from, *rows);
            for (name, database) in databases {
                let data = database.empty(cluster);
                thread::settle(&data.url);
                let (took, most, told) = imported(&data.url, key, (&from, &errors));
                let (seconds, per) = (took.as_secs_f64(), *rows as f64 / took.as_secs_f64());
                println!("| {name} | {extension} | {rows} | {seconds:.1} s | {per:.0} | {most:.0} MiB | {told} |");
            }
        }
    }
}
