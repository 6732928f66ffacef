//! "Did you mean": the nearest of a few names.

/// The candidate that `name` is most likely a slip of, if any is near enough.
///
/// Near is a third of the longer name's letters: `ids` is near `id`, `db` is not. Letter case and `-`/`_` count for nothing.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(name);
    candidates
        .into_iter()
        .map(|candidate| (distance(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| {
            let letters = folded.len().max(candidate.chars().count());
            *distance <= letters / 3
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).map(|letter| if letter == '-' { '_' } else { letter }).collect()
}

/// Optimal string alignment: insert, delete, replace, or swap two neighbours, one each.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, &from) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut beside = row + 1;
        let mut right_before = None;
        for (column, &to) in right.iter().enumerate() {
            let at = |cells: &[usize], index: usize| cells.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&above, column) + usize::from(from != to))
                .min(at(&above, column + 1) + 1)
                .min(beside + 1);
            let swapped = left_before == Some(to) && right_before == Some(from);
            if let Some(corner) = column.checked_sub(1)
                && swapped
            {
                cost = cost.min(at(&before, corner) + 1);
            }
            current.push(cost);
            beside = cost;
            right_before = Some(to);
        }
        before = std::mem::replace(&mut above, current);
        left_before = Some(from);
    }
    above.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(left: &str, right: &str) -> usize {
        distance(&fold(left), &fold(right))
    }

    #[test]
    fn distances() {
        let table = [
            ("", "", 0),
            ("", "abc", 3),
            ("timeout", "timeout", 0),
            ("timout", "timeout", 1),
            ("tiemout", "timeout", 1),
            ("TimeOut", "timeout", 0),
            ("max-size", "max_size", 0),
            ("kitten", "sitting", 3),
            ("id", "order", 4),
        ];
        for (left, right, expected) in table {
            assert_eq!(apart(left, right), expected, "{left} {right}");
            assert_eq!(apart(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn the_triangle_never_breaks() {
        let words = ["", "a", "ab", "abc", "acb", "timeout", "timeouts", "wait", "warm", "name"];
        for a in words {
            for b in words {
                assert_eq!(apart(a, b) == 0, a == b);
                assert!(apart(a, b) <= a.len().max(b.len()));
            }
        }
    }

    #[test]
    fn near_enough() {
        let keys = ["timeout", "name", "kind", "critical", "crate"];
        assert_eq!(nearest("timout", keys), Some("timeout"));
        assert_eq!(nearest("critcal", keys), Some("critical"));
        assert_eq!(nearest("crte", keys), Some("crate"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("x", keys), None);
        assert_eq!(nearest("i", ["id"]), None);
        assert_eq!(nearest("db", ["id"]), None);
        assert_eq!(nearest("_id", ["id"]), Some("id"));
        assert_eq!(nearest("", keys), None);
    }
}
