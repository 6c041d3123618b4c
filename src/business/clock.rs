//! Time as a parameter, so that every rule about it can be tested.

use std::fmt;
use std::str::FromStr;

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// A moment in UTC, to the millisecond. Written as RFC 3339, always with three
/// decimals, so that the text sorts as the time does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The moment `seconds` after this one.
    #[must_use]
    pub fn plus_seconds(self, seconds: u32) -> Self {
        Self(self.0 + Duration::seconds(i64::from(seconds)))
    }

    /// The moment `milliseconds` after this one.
    #[must_use]
    pub fn plus_milliseconds(self, milliseconds: u32) -> Self {
        Self(self.0 + Duration::milliseconds(i64::from(milliseconds)))
    }

    /// The moment `seconds` before this one.
    #[must_use]
    pub fn minus_seconds(self, seconds: u32) -> Self {
        Self(self.0 - Duration::seconds(i64::from(seconds)))
    }

    /// The moment so many seconds after 1970-01-01T00:00:00Z, or that one if there is no such
    /// moment.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, the unit of JWT claims and of
    /// DynamoDB's time to live.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The moment so many milliseconds after 1970-01-01T00:00:00Z, or that one if there is no such
    /// moment.
    #[must_use]
    pub fn from_unix_milliseconds(milliseconds: i64) -> Self {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
        Self(moment.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_milliseconds(self) -> i64 {
        // No year that can be written has more.
        (self.0.unix_timestamp_nanos() / 1_000_000).try_into().unwrap_or(i64::MAX)
    }

    /// How many seconds after `earlier` this is, rounded up. None when it is not after it.
    #[must_use]
    pub fn seconds_after(self, earlier: Self) -> Option<u32> {
        let milliseconds = (self.0 - earlier.0).whole_milliseconds();
        if milliseconds <= 0 { None } else { Some(u32::try_from((milliseconds + 999) / 1_000).unwrap_or(u32::MAX)) }
    }

    /// How long after 1970-01-01T00:00:00Z this is; nothing for what was before.
    pub(super) fn since_epoch(self) -> std::time::Duration {
        (self.0 - OffsetDateTime::UNIX_EPOCH).try_into().unwrap_or_default()
    }
}

/// The text is no moment of RFC 3339, or not one of the years 1 to 9999 in UTC.
#[derive(Debug, thiserror::Error)]
#[error("invalid timestamp, expected a date and time of RFC 3339")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// A moment without what is less than a millisecond.
    fn to_the_millisecond(moment: OffsetDateTime) -> Self {
        Self(moment.replace_millisecond(moment.millisecond()).unwrap_or(moment))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.format(MILLISECONDS).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidTimestamp)?;
        let moment = moment.checked_to_offset(UtcOffset::UTC).filter(|moment| moment.year() >= 1);
        moment.map(Self::to_the_millisecond).ok_or(InvalidTimestamp)
    }
}

/// Where the rules read the time.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::to_the_millisecond(OffsetDateTime::now_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_survives_its_text() {
        let moment: Timestamp = "2021-05-04T03:02:01.9876Z".parse().unwrap();
        assert_eq!(moment.to_string(), "2021-05-04T03:02:01.987Z");
        assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
        assert_eq!(moment.plus_seconds(60).to_string(), "2021-05-04T03:03:01.987Z");
    }

    #[test]
    fn a_moment_that_is_not_of_our_calendar_in_utc_is_none() {
        for text in
            ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "0000-06-01T00:00:00Z", "2021-02-30T00:00:00Z"]
        {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        for text in ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"] {
            assert!(text.parse::<Timestamp>().is_ok(), "{text}");
        }
    }

    #[test]
    fn seconds_are_rounded_up() {
        let moment: Timestamp = "2021-05-04T03:02:01Z".parse().unwrap();
        let after = |text: &str| text.parse::<Timestamp>().unwrap().seconds_after(moment);
        assert_eq!(after("2021-05-04T03:02:01.001Z"), Some(1));
        assert_eq!(after("2021-05-04T03:02:03Z"), Some(2));
        assert_eq!(after("2021-05-04T03:02:01Z"), None);
        assert_eq!(after("2020-05-04T03:02:01Z"), None);
    }
}
