//! 行政区划: GB/T 2260 codes. A code says its own place in the tree; whether it is known and in force is data.

use std::fmt;
use std::str::FromStr;

/// A six-digit GB/T 2260 code: province `330000`, city `330100`, county `330106`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode(u32);

/// The four digits of a prefecture: the sharding key of every row that grows with samples. `3300` for the province's own rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct City(u16);

/// The level of a [`RegionCode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegionLevel {
    /// Ends in `0000`.
    Province,
    /// Ends in `00`.
    City,
    /// Anything else.
    County,
}

/// Text that is no region or city code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRegion {
    /// Not six digits with a province in front.
    #[error("a region code has six digits")]
    Code,
    /// Not four digits.
    #[error("a city code has four digits")]
    City,
}

impl RegionCode {
    /// The region of a number of six digits.
    ///
    /// # Errors
    /// [`BadRegion::Code`] below 110000 or above 999999.
    pub const fn new(code: u32) -> Result<Self, BadRegion> {
        if code >= 110_000 && code <= 999_999 { Ok(Self(code)) } else { Err(BadRegion::Code) }
    }

    /// The code as a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Province, city or county, by the zeros at its end.
    #[must_use]
    pub const fn level(self) -> RegionLevel {
        if self.0.is_multiple_of(10_000) {
            RegionLevel::Province
        } else if self.0.is_multiple_of(100) {
            RegionLevel::City
        } else {
            RegionLevel::County
        }
    }

    /// The city that holds this region, and for a province its own shard (`330000` -> `3300`).
    #[must_use]
    pub fn city(self) -> City {
        City(u16::try_from(self.0 / 100).unwrap_or(u16::MAX))
    }

    /// The region itself or the one above it that has this many digits fixed; none above a province.
    #[must_use]
    pub const fn parent(self) -> Option<Self> {
        match self.level() {
            RegionLevel::Province => None,
            RegionLevel::City => Some(Self(self.0 / 10_000 * 10_000)),
            RegionLevel::County => Some(Self(self.0 / 100 * 100)),
        }
    }

    /// True when `other` is this region or lies inside it.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        match self.level() {
            RegionLevel::Province => self.0 / 10_000 == other.0 / 10_000,
            RegionLevel::City => self.0 / 100 == other.0 / 100,
            RegionLevel::County => self.0 == other.0,
        }
    }
}

impl City {
    /// The city of a number of four digits.
    ///
    /// # Errors
    /// [`BadRegion::City`] below 1100 or above 9999.
    pub const fn new(code: u16) -> Result<Self, BadRegion> {
        if code >= 1_100 && code <= 9_999 { Ok(Self(code)) } else { Err(BadRegion::City) }
    }

    /// The four digits as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The city as a region: `3301` -> `330100`.
    #[must_use]
    pub fn region(self) -> RegionCode {
        RegionCode(u32::from(self.0) * 100)
    }

    /// The shard of the province's own rows: `3301` -> `3300`.
    #[must_use]
    pub const fn province(self) -> Self {
        Self(self.0 / 100 * 100)
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Display for City {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl FromStr for RegionCode {
    type Err = BadRegion;
    fn from_str(text: &str) -> Result<Self, BadRegion> {
        digits::<6>(text).map_or(Err(BadRegion::Code), Self::new)
    }
}

impl FromStr for City {
    type Err = BadRegion;
    fn from_str(text: &str) -> Result<Self, BadRegion> {
        let code = digits::<4>(text).and_then(|code| u16::try_from(code).ok());
        code.map_or(Err(BadRegion::City), Self::new)
    }
}

/// Exactly `N` ASCII digits as a number: no sign, no space.
fn digits<const N: usize>(text: &str) -> Option<u32> {
    (text.len() == N && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(code: &str) -> RegionCode {
        code.parse().unwrap()
    }

    #[test]
    fn a_region_contains_itself_and_what_lies_inside_it_and_nothing_else() {
        assert!(region("330000").contains(region("330106")));
        assert!(region("330100").contains(region("330106")));
        assert!(region("330106").contains(region("330106")));
        assert!(!region("330106").contains(region("330100")));
        assert!(!region("330200").contains(region("330106")));
        assert!(!region("330000").contains(region("310000")));
    }

    #[test]
    fn a_county_belongs_to_its_city_and_a_city_to_its_province() {
        assert_eq!(region("330106").to_string(), "330106");
        assert_eq!(region("330106").city().to_string(), "3301");
        assert_eq!(region("330000").city().to_string(), "3300");
        assert_eq!(region("330106").parent(), Some(region("330100")));
        assert_eq!(region("330100").parent(), Some(region("330000")));
        assert_eq!(region("330000").parent(), None);
        assert_eq!(City::new(3301).unwrap().province(), City::new(3300).unwrap());
    }

    #[test]
    fn codes_begin_at_eleven_and_have_all_their_digits() {
        assert_eq!(
            (RegionCode::new(109_999), RegionCode::new(1_000_000)),
            (Err(BadRegion::Code), Err(BadRegion::Code))
        );
        assert_eq!(
            [110_000, 999_999].map(|code| RegionCode::new(code).map(RegionCode::get)),
            [Ok(110_000), Ok(999_999)]
        );
        assert_eq!((City::new(1_099), City::new(10_000)), (Err(BadRegion::City), Err(BadRegion::City)));
        assert_eq!([1_100, 9_999].map(|code| City::new(code).map(City::get)), [Ok(1_100), Ok(9_999)]);
        assert_eq!("3301".parse::<City>().map(City::region), Ok(region("330100")));
        for text in ["330", "33010", "03301", "33a1", "+330", "0330"] {
            assert_eq!(text.parse::<City>(), Err(BadRegion::City), "{text}");
        }
    }

    #[test]
    fn a_level_is_read_from_the_zeros_at_the_end() {
        let levels = ["330000", "330100", "330106", "331000", "330110"].map(|code| region(code).level());
        let expected =
            [RegionLevel::Province, RegionLevel::City, RegionLevel::County, RegionLevel::City, RegionLevel::County];
        assert_eq!(levels, expected);
    }

    #[test]
    fn five_digits_letters_signs_and_a_leading_zero_are_no_code() {
        for text in
            ["33010", "3301066", "0330106", "33O106", "+33010", "-33010", "033010", "000000", "", "３３０１０６"]
        {
            assert_eq!(text.parse::<RegionCode>(), Err(BadRegion::Code), "{text}");
        }
    }
}
