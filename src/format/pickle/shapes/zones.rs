//! Names of time zones, which libraries look up in a folder.

/// Whether a text is the name of a time zone: where it is looked up as a file, that is one of the database.
pub(super) fn is_zone(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-' | '/');
    !name.starts_with('/') && name.chars().all(plain)
}

/// The same, or hours and minutes from UTC.
pub(super) fn is_zone_or_offset(name: &str) -> bool {
    let Some((hours, minutes)) = name.split_once(':') else {
        return is_zone(name);
    };
    let hours = hours.strip_prefix('+').or_else(|| hours.strip_prefix('-'));
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    hours.is_some_and(digits) && digits(minutes)
}

#[cfg(test)]
mod tests {
    use super::is_zone_or_offset;

    #[test]
    fn an_offset_has_hours_and_minutes() {
        for name in ["UTC", "Europe/Berlin", "+01:00", "-09:30"] {
            assert!(is_zone_or_offset(name), "{name}");
        }
        for name in [
            "01:00",
            "+1:00",
            "+01:00:00",
            "+01:0a",
            "/etc:00",
            ":",
            "../x",
        ] {
            assert!(!is_zone_or_offset(name), "{name}");
        }
    }
}
