//! Mail: what an alert's mail says ([`notice`]), and the way to the mail server ([`post`]). The only crate that sees lettre.
//!
//! Invariants
//! - A mail goes to one person and names nobody but them.
//! - Its words follow from its facts alone, and its Message-ID from its row: the same row sent twice is the same mail.
//! - Sending ends within a bound whatever the server does, and says whether trying again makes sense.

pub mod notice;
pub mod post;

/// Whether a text is an address that mail can be sent to: ASCII, `somebody@host`, no name or comment around it.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.is_ascii() && text.len() <= 254 && text.parse::<lettre::Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_somebody_at_a_host_and_nothing_around_it() {
        for address in ["a@b.cn", "zhang.san+alerts@food.example.gov.cn", "x@localhost"] {
            assert!(is_address(address), "{address}");
        }
        let long = format!("{}@b.cn", "a".repeat(250));
        for text in [
            "",
            "a",
            "@b.cn",
            "a@",
            "a b@c.cn",
            "A <a@b.cn>",
            "a@b.cn, c@d.cn",
            "a@b.cn\r\nBcc: c@d.cn",
            "张@b.cn",
            &long,
        ] {
            assert!(!is_address(text), "{text:?}");
        }
    }
}
