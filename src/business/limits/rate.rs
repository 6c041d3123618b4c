use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

/// How many of something in how long. Written as `30/minute`; the periods are `second`,
/// `minute`, `hour` and `day`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many at once, and again in each period.
    pub count: NonZeroU64,
    /// In which as many more may come.
    pub period: Duration,
}

/// The text is not a rate.
#[derive(Debug, thiserror::Error)]
#[error("expected a rate such as 30/minute")]
pub struct InvalidRate;

/// The periods by their names.
const PERIODS: [(&str, Duration); 4] = [
    ("second", Duration::from_secs(1)),
    ("minute", Duration::from_mins(1)),
    ("hour", Duration::from_hours(1)),
    ("day", Duration::from_hours(24)),
];

impl Rate {
    /// `count` in a day.
    #[must_use]
    pub fn a_day(count: NonZeroU64) -> Self {
        Self { count, period: Duration::from_hours(24) }
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (count, period) = text.split_once('/').ok_or(InvalidRate)?;
        let period = PERIODS.iter().find(|(name, _)| *name == period.trim()).ok_or(InvalidRate)?.1;
        Ok(Self { count: count.trim().parse().map_err(|_| InvalidRate)?, period })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = PERIODS.iter().find(|(_, period)| *period == self.period).map_or("period", |(name, _)| name);
        write!(f, "{}/{name}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_period() {
        for good in ["1/second", "30/minute", "40/hour", "10/day"] {
            assert_eq!(good.parse::<Rate>().unwrap().to_string(), good);
        }
        for bad in ["", "30", "0/minute", "-1/minute", "30/", "30/week", "/minute", "1.5/hour", "30 per minute"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
