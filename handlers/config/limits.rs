//! How often clients may do what, and whom to believe where they are.

use std::net::IpAddr;
use std::num::NonZeroU64;

use ipnet::IpNet;
use talelio::business::{Limit, MAX_WAITING_PASSWORDS, Rate, Rates};

use super::reader::Reader;
use super::variables::VARIABLES;

impl Reader {
    pub(super) fn limited(&mut self, production: bool) -> bool {
        match self.text("LIMITS").as_deref() {
            None | Some("on") => true,
            Some("off") if production => {
                self.problem("LIMITS", "`off` is for tests, not for production");
                true
            }
            Some("off") => false,
            Some(other) => {
                self.problem("LIMITS", &format!("expected `on` or `off`, not `{other}`"));
                true
            }
        }
    }

    pub(super) fn rates(&mut self) -> Rates {
        let longest_pause = self.parsed("LOGIN_PAUSE", "900", "whole seconds, 0 to 4294967295").unwrap_or(0);
        Rates::new(|limit| self.rate_of(limit), longest_pause)
    }

    /// How many passwords of a network may wait.
    pub(super) fn login_queue(&mut self) -> usize {
        let expected = "a whole number, 0 to 64";
        let queue: usize = self.parsed("LOGIN_QUEUE", "8", expected).unwrap_or(0);
        if queue > MAX_WAITING_PASSWORDS {
            self.problem("LOGIN_QUEUE", &format!("expected {expected}, not `{queue}`"));
        }
        queue
    }

    fn rate_of(&mut self, limit: Limit) -> Rate {
        let name = limit.name();
        match limit {
            Limit::Logins => self.rate(name, "30/minute"),
            Limit::LoginAttempts => self.rate(name, "40/hour"),
            Limit::Registrations | Limit::Mails => self.rate(name, "20/hour"),
            Limit::Tokens => self.rate(name, "120/minute"),
            Limit::Uploads => self.rate(name, "600/hour"),
            Limit::MailQuota => self.quota(name, "10"),
            Limit::ArticleQuota => self.quota(name, "1000"),
            Limit::ChangeQuota => self.quota(name, "10000"),
            Limit::ImageQuota => self.quota(name, "2147483648"),
        }
    }

    fn rate(&mut self, name: &str, default: &str) -> Rate {
        let expected = "a rate such as `30/minute`, per second, minute, hour or day";
        self.parsed(name, default, expected).unwrap_or(Rate::a_day(NonZeroU64::MIN))
    }

    fn quota(&mut self, name: &str, default: &str) -> Rate {
        Rate::a_day(self.parsed(name, default, "a whole number, 1 or more").unwrap_or(NonZeroU64::MIN))
    }

    /// Nobody would notice that a limit of another name limits nothing.
    pub(super) fn refuse_unknown_limits(&mut self) {
        for name in ["LIMIT_", "QUOTA_"].iter().flat_map(|prefix| self.names(prefix)).collect::<Vec<_>>() {
            if !VARIABLES.iter().any(|variable| variable.name == name) {
                self.problem(&name, "there is no such limit");
            }
        }
    }

    pub(super) fn trusted_proxies(&mut self) -> Vec<IpNet> {
        let expected = "addresses or networks such as 127.0.0.1 or 10.0.0.0/8";
        self.list("TRUSTED_PROXIES", "", expected, |text| {
            text.parse().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(variables: &[(&str, &str)]) -> Reader {
        Reader::new(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn limits_are_on_unless_development_says_otherwise() {
        assert!(reader(&[]).limited(false));
        let mut off = reader(&[("LIMITS", "off")]);
        assert!(!off.limited(false));
        assert!(off.limited(true));
        assert!(off.finish(Some(())).unwrap_err().to_string().contains("LIMITS: `off` is for tests"));
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let mut reader = reader(&[("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,2001:db8::/32")]);
        let proxies: Vec<_> = reader.trusted_proxies().iter().map(IpNet::to_string).collect();
        assert_eq!(proxies, ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"]);
        assert!(reader.finish(Some(())).is_ok());
    }

    #[test]
    fn nonsense_is_a_problem_each() {
        let mut reader = reader(&[
            ("LIMIT_LOGINS", "30"),
            ("QUOTA_MAILS", "0"),
            ("LOGIN_QUEUE", "65"),
            ("TRUSTED_PROXIES", "10.0.0.1, proxy"),
            ("LIMIT_LOGIN", "3/hour"),
        ]);
        reader.rates();
        reader.login_queue();
        reader.trusted_proxies();
        reader.refuse_unknown_limits();
        insta::assert_snapshot!(reader.finish(Some(())).unwrap_err(), @"
          LIMIT_LOGINS: expected a rate such as `30/minute`, per second, minute, hour or day, not `30`
          QUOTA_MAILS: expected a whole number, 1 or more, not `0`
          LOGIN_QUEUE: expected a whole number, 0 to 64, not `65`
          TRUSTED_PROXIES: expected addresses or networks such as 127.0.0.1 or 10.0.0.0/8, separated by commas, not `proxy`
          LIMIT_LOGIN: there is no such limit
        `talelio-backend --help` lists every variable.
        ");
    }
}
