//! Problems of rows that join others, at the places where whoever gave the rows looks for them.

use hege_core::Problem;

/// A problem at `/{what}/{name}/{field}` as one at `/rows/{index}/{field}`, where `index` knows the row by its name; one of a row
/// that was there before is told of with its name.
pub(crate) fn placed(problem: Problem, index: impl Fn(&str) -> Option<usize>) -> Problem {
    let mut parts = problem.pointer.splitn(4, '/').skip(2);
    let (name, field) = (parts.next().unwrap_or_default().to_owned(), parts.next().unwrap_or_default().to_owned());
    match index(&name) {
        Some(index) => Problem { pointer: format!("/rows/{index}/{field}"), ..problem },
        None => Problem {
            pointer: "/rows".to_owned(),
            code: problem.code,
            zh: format!("{name}：{}", problem.zh),
            en: format!("{name}: {}", problem.en),
        },
    }
}
