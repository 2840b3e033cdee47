//! What is measured: replies as a registry sends them, the same in every run.

use std::cell::OnceCell;

use bytes::BytesMut;
use rrp::wire::deframe::{Deframer, Frame, Limits};

use crate::reference;

/// One or more replies.
pub(crate) struct Input {
    /// As received: with terminators.
    pub(crate) wire: Vec<u8>,
    /// The same as frames.
    pub(crate) frames: Vec<Frame>,
    http: OnceCell<Vec<Vec<u8>>>,
}

impl Input {
    /// Every input has one of these names.
    pub(crate) const NAMES: [&'static str; 6] =
        ["rrp_2", "ptf_4", "status_40", "list_1000", "list_100000", "mix"];

    /// The input of this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut random = Random(0x5eed);
        let wire = match name {
            "rrp_2" => rrp_2(),
            "ptf_4" => ptf_4(),
            "status_40" => status_40(),
            "list_1000" => list(1_000, &mut random),
            "list_100000" => list(100_000, &mut random),
            "mix" => mix(&mut random),
            _ => return None,
        };
        let wire = wire.into_bytes();
        let mut buffer = BytesMut::from(wire.as_slice());
        let mut deframer = Deframer::new(Limits::REPLY);
        let mut frames = Vec::new();
        while let Some(frame) = deframer.deframe(&mut buffer).expect("within the limits") {
            frames.push(frame);
        }
        assert!(buffer.is_empty(), "{name} ends with a terminator");
        Some(Self { wire, frames, http: OnceCell::new() })
    }

    /// The bytes of all frames, without terminators.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.frames.iter().map(|frame| frame.bytes().len()).sum()
    }

    /// The same as heads of HTTP responses: as many lines, and about as many bytes.
    pub(crate) fn http(&self) -> &[Vec<u8>] {
        self.http.get_or_init(|| self.frames.iter().map(reference::as_http).collect())
    }
}

/// `SplitMix64`: the same numbers everywhere and always.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed % bound as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The answer to an RRP `status`, one attribute.
fn rrp_2() -> String {
    "200 Command completed successfully\r\nstatus:ACTIVE\r\n.\r\n".to_owned()
}

/// A PTF reply without properties: what nearly every change gets.
fn ptf_4() -> String {
    "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\nruntime = 0.067\r\nEOF\r\n"
        .to_owned()
}

/// One domain: many names, short runs, blanks in a name, an empty value, `=` and brackets in values.
const STATUS: [(&str, &[&str]); 30] = [
    ("domain", &["example-of-a-registration.com"]),
    ("domain idn", &["example-of-a-registration.com"]),
    ("domain umlaut", &["example-of-a-registration.com"]),
    ("roid", &["1234567890_DOMAIN_COM-VRSN"]),
    ("registrar", &["EXAMPLE-REGISTRAR"]),
    ("status", &["ACTIVE", "clientTransferProhibited", "clientDeleteProhibited"]),
    ("created by", &["SYSTEM"]),
    ("created date", &["2011-04-16 09:13:27.0"]),
    ("updated by", &["example-user"]),
    ("updated date", &["2024-03-02 17:44:09.0"]),
    ("registration expiration date", &["2026-04-16 09:13:27.0"]),
    ("paid until date", &["2026-04-16 09:13:27.0"]),
    ("accounting date", &["2025-04-16 09:13:27.0"]),
    ("finalization date", &["2026-05-23 09:13:27.0"]),
    ("failure date", &["2026-05-28 09:13:27.0"]),
    ("renewal mode", &["AUTORENEW"]),
    ("transfer mode", &["AUTOAPPROVE"]),
    ("transferlock", &["1"]),
    ("trustee", &[""]),
    ("auth", &["a=B;c[4]_zZ"]),
    ("owner contact", &["P-ABC1234"]),
    ("admin contact", &["P-ABC1235", "P-ABC1236"]),
    ("tech contact", &["P-ABC1235", "P-ABC1236"]),
    ("billing contact", &["P-ABC1235", "P-ABC1236"]),
    (
        "nameserver",
        &[
            "ns1.example-hosting.net",
            "ns2.example-hosting.net",
            "ns3.example-hosting.org",
            "ns4.example.co.uk",
        ],
    ),
    ("dnssec", &["12345 8 2 2F1D8E0A90B1C4D7A1F1B65C0F8E3A9D7C5B3A190E8D6C4B2A09F7E5D3C1B0A9", ""]),
    ("subordinate hosts", &["ns1.example-of-a-registration.com"]),
    ("x-accept-trustee-tac", &["0"]),
    ("x-registrant-language", &["EN"]),
    ("repository", &["COM-VRSN-LIVE", "COM-VRSN-LIVE-2"]),
];

fn status_40() -> String {
    let mut reply = head();
    for (name, values) in STATUS {
        for (index, value) in values.iter().enumerate() {
            property(&mut reply, name, index, value);
        }
    }
    reply.push_str("runtime = 0.084\r\nqueuetime = 0\r\nEOF\r\n");
    reply
}

/// A list of domains: one column, one run.
fn list(domains: usize, random: &mut Random) -> String {
    // Under valgrind every run makes its input anew, so neither this nor `property` goes through `format!`.
    let mut reply = String::with_capacity(domains * 50 + 500);
    reply.push_str(&head());
    property(&mut reply, "first", 0, "0");
    property(&mut reply, "last", 0, &(domains - 1).to_string());
    property(&mut reply, "count", 0, &domains.to_string());
    property(&mut reply, "total", 0, &domains.to_string());
    property(&mut reply, "limit", 0, &domains.to_string());
    let mut domain = String::new();
    for index in 0..domains {
        write_domain(&mut domain, random);
        property(&mut reply, "domain", index, &domain);
    }
    reply.push_str("runtime = 0.341\r\nqueuetime = 0\r\nEOF\r\n");
    reply
}

/// A list of three columns, as a registry without manners sends it: lines in any order, the code too, upper-case keys,
/// no blanks.
fn interleaved(rows: usize, random: &mut Random) -> String {
    let mut lines = vec![
        "CODE=200\r\n".to_owned(),
        "DESCRIPTION=Command completed successfully\r\n".to_owned(),
        "RUNTIME=0.027\r\n".to_owned(),
        format!("PROPERTY[COUNT][0]={rows}\r\n"),
    ];
    let mut domain = String::new();
    for row in 0..rows {
        write_domain(&mut domain, random);
        lines.push(format!("PROPERTY[DOMAIN][{row}]={domain}\r\n"));
        lines.push(format!(
            "PROPERTY[REGISTRATION EXPIRATION DATE][{row}]=2026-0{}-{} 09:13:27.0\r\n",
            row % 9 + 1,
            row % 19 + 10
        ));
        lines.push(format!("PROPERTY[STATUS][{row}]=ACTIVE\r\n"));
    }
    random.shuffle(&mut lines);
    format!("[RESPONSE]\r\n{}EOF\r\n", lines.concat())
}

/// A day's work: 240 replies of all the small kinds in random order.
fn mix(random: &mut Random) -> String {
    let mut replies = Vec::new();
    for number in 0..80 {
        replies.push(rrp_2());
        replies.push(ptf_4());
        if number % 2 == 0 {
            replies.push(status_40());
            replies.push(interleaved(4 + number / 2, random));
        }
    }
    random.shuffle(&mut replies);
    replies.concat()
}

fn head() -> String {
    "[RESPONSE]\r\ncode = 200\r\ndescription = Command completed successfully\r\n".to_owned()
}

fn property(reply: &mut String, name: &str, index: usize, value: &str) {
    reply.push_str("property[");
    reply.push_str(name);
    reply.push_str("][");
    push_number(reply, index);
    reply.push_str("] = ");
    reply.push_str(value);
    reply.push_str("\r\n");
}

fn push_number(text: &mut String, number: usize) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

/// A name of two words, perhaps a number, and one of a few top-level domains: 18 to 20 characters on average.
fn write_domain(domain: &mut String, random: &mut Random) {
    const WORDS: [&str; 16] = [
        "apple", "river", "cloud", "stone", "garden", "bridge", "market", "silver", "orange", "window",
        "north", "tea", "sun", "coffee", "travel", "paper",
    ];
    const ENDS: [&str; 5] = [".com", ".com", ".net", ".org", ".info"];
    domain.clear();
    domain.push_str(WORDS[random.below(WORDS.len())]);
    if random.below(3) == 0 {
        domain.push('-');
    }
    domain.push_str(WORDS[random.below(WORDS.len())]);
    if random.below(3) > 0 {
        push_number(domain, random.below(10_000));
    }
    domain.push_str(ENDS[random.below(ENDS.len())]);
}
