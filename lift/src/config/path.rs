//! Paths that only the running program knows.

use super::path_rules::{PathFault, is_other_style, plain, segments, whole};
use super::{Invalid, Section};

impl Section<'_> {
    /// Notes what keeps the value of a key from being a base path such as `example`, and gives the error to return.
    pub(crate) fn base_path(&mut self, key: &str, path: String, example: &str) -> Result<String, Invalid> {
        let Some((problem, help)) = path_problem(&path, "a base path") else { return Ok(path) };
        let problem = format!("`{}` is not a path such as `{example}`: {problem}", path.escape_debug());
        Err(self.invalid_but(key, problem, help))
    }
}

/// What keeps `what`, such as `a prefix`, from standing before the paths of handlers: all of it, and what to write instead.
///
/// The rules are those of a handler's own path. A parameter is none of it, and neither is a slash at the end, alone or not.
pub(crate) fn path_problem(text: &str, what: &str) -> Option<(String, String)> {
    let said = |PathFault { text, help, .. }: PathFault| (text, help);
    let says = |says: &str, help: &str| (format!("{what} {says}"), help.to_owned());
    if text == "/" {
        return Some(says("does not end with `/`", "leave it out"));
    }
    if let Some(fault) = whole(text, what) {
        return Some(said(fault));
    }
    let mut problems: Vec<(String, String)> = Vec::new();
    for (segment, range) in segments(text) {
        let problem = if segment.contains(['{', '}']) || is_other_style(segment) {
            Some(says("has no parameters", "take them in the paths of the handlers"))
        } else {
            plain(segment, &range).map(said)
        };
        problems.extend(problem.filter(|problem| !problems.contains(problem)));
    }
    let (texts, helps): (Vec<_>, Vec<_>) = problems.into_iter().unzip();
    (!texts.is_empty()).then(|| (texts.join("; "), helps.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A macro's crate and the runtime can share no code, so they have the same file.
    #[test]
    fn routes_and_prefixes_are_judged_by_the_same_rules() {
        let (here, there) =
            (include_str!("path_rules.rs"), include_str!("../../../lift-macros/src/handler/path_rules.rs"));
        assert!(here == there, "copy lift/src/config/path_rules.rs to lift-macros/src/handler/path_rules.rs");
    }

    #[test]
    fn every_wrong_segment_is_told_once() {
        let (problem, help) = path_problem("/a b/c b/{id}/:id/ok/%41", "a prefix").unwrap();
        let expected =
            "` ` never reaches a server as it is; a prefix has no parameters; clients send `%41` as `A`";
        assert_eq!(problem, expected);
        assert_eq!(help, "write `%20`; take them in the paths of the handlers; write `A`");
        assert_eq!(path_problem("/v1/%25", "a prefix"), None);
    }
}
