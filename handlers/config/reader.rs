//! Reading variables one by one, and collecting what is wrong with them.

use std::collections::HashMap;
use std::fmt;

/// Everything that is wrong with the environment, a line each.
#[derive(Debug)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    pub(super) fn one(problem: String) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "  {problem}")?;
        }
        f.write_str("`talelio-backend --help` lists every variable.")
    }
}

/// Reads variables and collects what is wrong with them.
pub(super) struct Reader {
    variables: HashMap<String, String>,
    problems: Vec<String>,
}

impl Reader {
    pub(super) fn new(variables: HashMap<String, String>) -> Self {
        Self { variables, problems: Vec::new() }
    }

    /// What was read, unless something was wrong.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Problems> {
        if self.problems.is_empty() { Ok(value) } else { Err(Problems(self.problems)) }
    }

    /// Whether a variable is set, be it to nothing.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// A variable that is set to something.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    pub(super) fn parsed<T: std::str::FromStr>(&mut self, name: &str, default: &str, expected: &str) -> Option<T> {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.problem(name, &format!("expected {expected}, not `{text}`"));
        }
        parsed
    }

    /// A URL without a slash at its end.
    pub(super) fn url(&mut self, name: &str, default: &str) -> String {
        let url = self.text(name).unwrap_or_else(|| default.to_owned());
        if !is_url(&url) {
            self.problem(name, &format!("expected a URL such as {default}, not `{url}`"));
        }
        url.trim_end_matches('/').to_owned()
    }

    pub(super) fn list<T>(
        &mut self,
        name: &str,
        default: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let text = self.variables.get(name).cloned().unwrap_or_else(|| default.to_owned());
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let (good, bad): (Vec<_>, Vec<_>) = parts.map(|part| parse(part).ok_or(part)).partition(Result::is_ok);
        if let Some(Err(part)) = bad.first() {
            self.problem(name, &format!("expected {expected}, separated by commas, not `{part}`"));
        }
        good.into_iter().flatten().collect()
    }

    /// The variables whose names begin so, be they set to nothing.
    pub(super) fn names(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<_> = self.variables.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        names.sort_unstable();
        names
    }

    pub(super) fn problem(&mut self, name: &str, problem: &str) {
        self.problems.push(format!("{name}: {problem}"));
    }
}

/// Whether a text is an absolute URL of HTTP.
pub(super) fn is_url(text: &str) -> bool {
    let uri: Result<http::Uri, _> = text.parse();
    uri.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
}
