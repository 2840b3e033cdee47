//! Whether an ASCII-compatible encoding is one: 510 of RFC 3632 §2.1.

/// Whether every label of a name that begins with `xn--` is the Punycode (RFC 3492) of some name that is not ASCII.
pub(super) fn is_valid(name: &str) -> bool {
    name.split('.').all(|label| match label.get(..4) {
        Some(begin) if begin.eq_ignore_ascii_case("xn--") => decodes(label.get(4..).unwrap_or("")),
        _ => true,
    })
}

/// RFC 3492 §6.2, without keeping the letters.
fn decodes(text: &str) -> bool {
    let (basic, extended) = text.rsplit_once('-').unwrap_or(("", text));
    let mut letters: u32 = basic.bytes().map(|_| 1).sum();
    let (mut code, mut index, mut bias) = (0x80_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes().map(|byte| match byte {
        b'a'..=b'z' => Some(u32::from(byte.saturating_sub(b'a'))),
        b'A'..=b'Z' => Some(u32::from(byte.saturating_sub(b'A'))),
        b'0'..=b'9' => Some(u32::from(byte.saturating_sub(b'0')).saturating_add(26)),
        _ => None,
    });
    let mut any = false;
    while let Some(first) = digits.next() {
        let before = index;
        let Some(delta) = number(first, &mut digits, bias) else { return false };
        let Some(sum) = index.checked_add(delta) else { return false };
        let count = letters.saturating_add(1);
        bias = adapt(sum.saturating_sub(before), count, before == 0 && !any);
        let (Some(wraps), Some(rest)) = (sum.checked_div(count), sum.checked_rem(count)) else {
            return false;
        };
        code = code.saturating_add(wraps);
        if char::from_u32(code).is_none() {
            return false;
        }
        (letters, index, any) = (count, rest.saturating_add(1), true);
    }
    any
}

/// A generalised variable-length integer (RFC 3492 §3.3).
fn number(first: Option<u32>, digits: &mut impl Iterator<Item = Option<u32>>, bias: u32) -> Option<u32> {
    let (mut sum, mut weight, mut k, mut digit) = (0_u32, 1_u32, 36_u32, first?);
    loop {
        sum = sum.checked_add(digit.checked_mul(weight)?)?;
        let threshold = k.saturating_sub(bias).clamp(1, 26);
        if digit < threshold {
            return Some(sum);
        }
        weight = weight.checked_mul(36_u32.saturating_sub(threshold))?;
        k = k.saturating_add(36);
        digit = digits.next()??;
    }
}

/// RFC 3492 §6.1.
fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta.div_euclid(700) } else { delta.div_euclid(2) };
    delta = delta.saturating_add(delta.checked_div(count).unwrap_or(0));
    let mut k = 0_u32;
    while delta > 455 {
        delta = delta.div_euclid(35);
        k = k.saturating_add(36);
    }
    k.saturating_add(delta.saturating_mul(36).checked_div(delta.saturating_add(38)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn encodings_are_told_from_noise() {
        for name in [
            "xn--mller-kva.example",
            "XN--MLLER-KVA.example",
            "xn--hxajbheg2az3al.xn--p1ai",
            "xn--r8jz45g.xn--zckzah",
            "xn--fiqs8s",
            "plain.example",
        ] {
            assert!(is_valid(name), "{name}");
        }
        for name in ["xn--", "xn--abc-", "xn--99999999999.com", "xn--zzzzzzzzzzzzzz.com", "a.xn--a_.com"] {
            assert!(!is_valid(name), "{name}");
        }
    }
}
