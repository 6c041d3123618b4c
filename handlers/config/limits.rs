//! How often clients may do what, and whom to believe where they are.

use std::net::IpAddr;
use std::num::NonZeroU64;

use ipnet::IpNet;
use talelio::business::{Limit, Rate, Rates};

use super::reader::Reader;

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

    fn rate_of(&mut self, limit: Limit) -> Rate {
        match limit {
            Limit::Logins => self.rate("LIMIT_LOGINS", "30/minute"),
            Limit::LoginAttempts => self.rate("LIMIT_LOGIN_ATTEMPTS", "40/hour"),
            Limit::Registrations => self.rate("LIMIT_REGISTRATIONS", "20/hour"),
            Limit::Tokens => self.rate("LIMIT_TOKENS", "120/minute"),
            Limit::Mails => self.rate("LIMIT_MAILS", "20/hour"),
            Limit::Uploads => self.rate("LIMIT_UPLOADS", "600/hour"),
            Limit::MailQuota => self.quota("QUOTA_MAILS", "10"),
            Limit::ArticleQuota => self.quota("QUOTA_ARTICLES", "1000"),
            Limit::ImageQuota => self.quota("QUOTA_IMAGE_BYTES", "2147483648"),
        }
    }

    fn rate(&mut self, name: &str, default: &str) -> Rate {
        let expected = "a rate such as `30/minute`, per second, minute, hour or day";
        self.parsed(name, default, expected).unwrap_or(Rate::a_day(NonZeroU64::MIN))
    }

    fn quota(&mut self, name: &str, default: &str) -> Rate {
        Rate::a_day(self.parsed(name, default, "a whole number, 1 or more").unwrap_or(NonZeroU64::MIN))
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
        let mut reader = reader(&[("LIMIT_LOGINS", "30"), ("QUOTA_MAILS", "0"), ("TRUSTED_PROXIES", "proxy")]);
        reader.rates();
        reader.trusted_proxies();
        let problems = reader.finish(Some(())).unwrap_err().to_string();
        for name in ["LIMIT_LOGINS", "QUOTA_MAILS", "TRUSTED_PROXIES"] {
            assert!(problems.contains(&format!("{name}: expected")), "{problems}");
        }
    }
}
