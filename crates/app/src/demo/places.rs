//! Made-up units and producers: county, word and suffix behind 演示, with codes of a county that does not exist.

use super::dice::Dice;
use crate::reference::Region;
use hege_core::identifiers::{self, Check};

/// A unit, the same wherever its name comes up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) uscc: String,
    /// 生产许可证编号 without its category: unit and check digit are added with it.
    serial: u32,
}

const WORDS: [&str; 20] = [
    "百禾", "丰谷", "青禾", "鲜丰", "春泽", "瑞和", "联盛", "大成", "华顺", "新源", "海丰", "东篱", "南湾", "西溪",
    "北塘", "金穗", "银滩", "竹里", "梅岭", "稻香",
];

/// Characters of a credit code (GB 32100-2015).
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

impl Unit {
    /// One of a county's units of a kind.
    pub(super) fn roll(county: &Region, suffix: &str, dice: &mut Dice) -> Option<Self> {
        let word = dice.below(u32::try_from(WORDS.len()).ok()?);
        let name = WORDS.get(usize::try_from(word).ok()?)?;
        let name = format!("演示{}{name}{suffix}", county.name);
        // Of the name, so that a unit has one code.
        let serial = name.bytes().fold(17_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
        let address = format!("{}演示路{}号", county.name, serial % 900 + 1);
        Some(Self { name, address, uscc: uscc(serial)?, serial })
    }

    /// A food production licence of a big class of foods.
    pub(super) fn production_licence(&self, class: &str) -> Option<String> {
        let category: String = class.chars().take(2).collect();
        with_check(&format!("SC1{category}000000{:04}", self.serial % 10_000), identifiers::production_licence)
    }
}

/// `91` of an enterprise, a county that does not exist, nine characters, and the check.
fn uscc(serial: u32) -> Option<String> {
    let mut rest = serial;
    let mut code = String::new();
    for _ in 0..7 {
        code.push(char::from(*ALPHABET.get(usize::try_from(rest % 31).ok()?)?));
        rest /= 31;
    }
    with_check(&format!("91000000MA{code}"), identifiers::uscc)
}

/// A code of a shop's own range (GS1 prefix 2), which no manufacturer has.
pub(super) fn barcode(dice: &mut Dice) -> Option<String> {
    with_check(&format!("2000{:08}", dice.below(100_000_000)), identifiers::gtin)
}

fn with_check(body: &str, check: fn(&str) -> Check) -> Option<String> {
    ALPHABET.iter().map(|c| format!("{body}{}", char::from(*c))).find(|code| check(code) == Check::Valid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_unit_has_one_code_and_its_digits_are_right() {
        let regions = &crate::reference::shipped().unwrap().regions;
        let county = regions.get("330106".parse().unwrap()).unwrap();
        let mut dice = Dice::new(1);
        let mut codes = BTreeMap::new();
        for _ in 0..500 {
            let unit = Unit::roll(county, "水产店", &mut dice).unwrap();
            assert!(unit.name.starts_with("演示西湖区") && unit.name.ends_with("水产店"), "{unit:?}");
            assert_eq!(identifiers::uscc(&unit.uscc), Check::Valid);
            assert_eq!(unit.uscc.get(2..8), Some("000000"));
            let licence = unit.production_licence("14.01").unwrap();
            assert_eq!(identifiers::production_licence(&licence), Check::Valid);
            assert!(licence.starts_with("SC114000000"), "{licence}");
            assert_eq!(identifiers::gtin(&barcode(&mut dice).unwrap()), Check::Valid);
            assert_eq!(*codes.entry(unit.name).or_insert(unit.uscc.clone()), unit.uscc);
        }
        assert_eq!(codes.len(), WORDS.len());
    }
}
