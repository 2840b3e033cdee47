//! Marks by which a command tells whose it is: RRP in the case of its letters, PTF by its `cltrid`.

use rrp::Command;
use rrp::command::{Body, Effect};

/// A call, by its number in its world.
pub(crate) type Mark = usize;

/// So many bits are in the case of the letters before a name.
const BITS: usize = 12;

/// The name with this mark: twelve letters stand before what it is.
pub(crate) fn marked(name: &str, mark: Mark) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    for (bit, letter) in letters.iter_mut().take(BITS).enumerate() {
        if mark >> bit & 1 == 1 {
            letter.make_ascii_uppercase();
        }
    }
    letters.into_iter().collect()
}

/// Twelve letters for a mark, and then the number.
pub(crate) fn named(kind: char, number: usize) -> String {
    format!("{}{number}", kind.to_string().repeat(BITS))
}

fn in_case(name: &str) -> Mark {
    let bits = name.chars().take(BITS).enumerate();
    bits.filter(|(_, letter)| letter.is_ascii_uppercase()).map(|(bit, _)| 1 << bit).sum()
}

/// Whose command it is; `None` of the reads that a dispatcher makes for itself.
pub(crate) fn of(command: &Command) -> Option<Mark> {
    match command.body() {
        Body::Ptf(ptf) => ptf.get("cltrid").and_then(|mark| mark.expose().parse().ok()),
        Body::Rrp(rrp) => {
            let name = rrp.attribute_value("DomainName").or_else(|| rrp.attribute_value("NameServer"));
            let mark = name.map(|name| in_case(name.expose())).filter(|mark| *mark > 0);
            mark.or_else(|| panic_if_write(command))
        }
    }
}

fn panic_if_write(command: &Command) -> Option<Mark> {
    assert_ne!(command.nature().effect(), Effect::Write, "a write that nobody asked for: {command:?}");
    None
}
