//! Names of domains and hosts, addresses of name servers, stamps of a registry.

use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rrp::{DomainName, HostName, RegistryDate, ServerAddress};

fn domain(name: &str) -> DomainName {
    DomainName::new(name).unwrap_or_else(|error| panic!("{name:?}: {error}"))
}

/// Whether this is a canonical form: what may go over the wire between two bytes of protocol.
fn is_canonical(ascii: &str) -> bool {
    let letters =
        ascii.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    letters
        && ascii.len() <= 253
        && ascii.split('.').count() >= 2
        && ascii
            .split('.')
            .all(|label| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-'))
}

#[test]
fn spellings_of_one_name_are_one_name() {
    let spellings = [
        ("example.com", "EXAMPLE.COM"),
        ("example.com", "example.com."),
        ("example.com", "ExAmPlE.cOm."),
        ("example.com", "example。com"),
        ("example.com", "example｡com。"),
        ("a-b.example", "A-B.example"),
        ("1.example", "1.EXAMPLE"),
        ("k.example", "\u{212a}.example"),
        ("xn--mller-kva.example", "müller.example"),
        ("xn--mller-kva.example", "MÜLLER.EXAMPLE."),
        ("xn--mller-kva.example", "XN--MLLER-KVA.example"),
        ("xn--mller-kva.example", "müller。example"),
        ("xn--strae-oqa.example", "straße.example"),
        ("strasse.example", "STRASSE.example"),
        ("xn--hxajbheg2az3al.example", "παράδειγμα.example"),
        ("xn--hxajbheg2az3al.example", "ΠΑΡΆΔΕΙΓΜΑ.example"),
        ("xn--e1afmkfd.example", "пример.example"),
        ("xn--e1afmkfd.example", "ПРИМЕР.EXAMPLE"),
        ("xn--e1afmkfd.xn--p1ai", "пример.рф"),
        ("xn--r8jz45g.xn--zckzah", "例え.テスト"),
    ];
    for (canonical, spelling) in spellings {
        let name = domain(spelling);
        assert_eq!(name.as_str(), canonical, "{spelling:?}");
        assert_eq!(name, domain(canonical), "{spelling:?}");
        assert_eq!(name.to_string(), canonical, "{spelling:?}");
        assert_eq!(format!("{name:?}"), format!("{canonical:?}"), "{spelling:?}");
        assert_eq!(name.as_ref(), canonical);
        assert_eq!(HostName::new(spelling).unwrap().as_str(), canonical, "{spelling:?}");
        assert!(is_canonical(canonical), "{canonical}");
        let set: HashSet<DomainName> = [name, domain(canonical)].into();
        assert_eq!(set.len(), 1, "{spelling:?}");
    }
}

#[test]
fn a_name_that_would_become_another_one_is_refused_and_the_other_one_named() {
    let mapped = [
        ("exam²ple.com", "exam2ple.com"),
        ("ﬁ.com", "fi.com"),
        ("exam\u{ad}ple.com", "example.com"),
        ("ＥＸＡＭＰＬＥ．ＣＯＭ", "example.com"),
        ("mu\u{308}ller.example", "müller.example"),
    ];
    for (given, other) in mapped {
        let error = DomainName::new(given).unwrap_err().to_string();
        assert!(error.contains(&format!("`{other}`")), "{given:?}: {error}");
    }
}

#[test]
fn a_date_alone_is_not_its_midnight() {
    let (date, midnight) = (RegistryDate::parse("2009-09-22"), RegistryDate::parse("2009-09-22 00:00:00.0"));
    assert!(date.is_some() && date < midnight);
    assert!(!date.unwrap().has_time() && midnight.unwrap().has_time());
}

#[test]
fn different_names_stay_different() {
    let names = [
        "example.com",
        "example.org",
        "www.example.com",
        "strasse.example",
        "straße.example",
        "xn--mller-kva.example",
        "muller.example",
        "mueller.example",
        "οδος.example",
        "οδοσ.example",
        "пример.example",
        "p\u{430}ypal.example",
        "paypal.example",
    ];
    let set: BTreeSet<DomainName> = names.into_iter().map(domain).collect();
    assert_eq!(set.len(), names.len());
}

#[test]
fn names_are_ordered_by_their_ascii_form() {
    let mut names: Vec<DomainName> =
        ["z.example", "müller.example", "a.example", "Y.EXAMPLE"].map(domain).into();
    names.sort();
    let sorted: Vec<&str> = names.iter().map(DomainName::as_str).collect();
    assert_eq!(sorted, ["a.example", "xn--mller-kva.example", "y.example", "z.example"]);
}

#[test]
fn a_name_remembers_how_it_was_given_without_case_and_trailing_dot() {
    for (given, shown) in [
        ("MÜLLER.example.", "müller.example"),
        ("ΠΑΡΆΔΕΙΓΜΑ.example。", "παράδειγμα.example"),
        ("Example.COM.", "example.com"),
        ("XN--MLLER-KVA.example", "xn--mller-kva.example"),
    ] {
        assert_eq!(domain(given).as_given(), shown, "{given}");
    }
}

#[test]
fn a_name_as_it_was_given_is_the_same_name() {
    for given in ["ΟΔΟΣ-1.example", "ΟΔΟΣ2.example", "ΟΔΟΣ。example", "example.ΟΔΟΣ", "ΟΔΟΣ.1.example"]
    {
        let name = domain(given);
        assert_eq!(domain(name.as_given()), name, "{given} was given as {}", name.as_given());
    }
}

#[test]
fn labels_are_those_of_the_canonical_form() {
    let name = domain("ns1.MÜLLER.co.example.");
    assert_eq!(name.labels().collect::<Vec<_>>(), ["ns1", "xn--mller-kva", "co", "example"]);
    assert_eq!(name.labels().next_back(), Some("example"));
}

#[test]
fn what_is_no_name_is_refused_with_the_place_where_it_stops_being_one() {
    let refused: [(&str, Option<usize>); 37] = [
        ("", None),
        (".", Some(0)),
        ("..", Some(0)),
        ("com", None),
        ("com.", None),
        ("a..b", Some(2)),
        (".example.com", Some(0)),
        ("example.com..", Some(12)),
        ("-a.com", Some(0)),
        ("a-.com", Some(1)),
        ("a.-b.com", Some(2)),
        ("a.b-", Some(3)),
        ("-.com", Some(0)),
        ("ex ample.com", Some(2)),
        (" example.com", Some(0)),
        ("example.com ", Some(11)),
        ("ex\tample.com", Some(2)),
        ("a=b.com", Some(1)),
        ("example.com=", Some(11)),
        ("ex_ample.com", Some(2)),
        ("_dmarc.example.com", Some(0)),
        ("*.example.com", Some(0)),
        ("a@b.com", Some(1)),
        ("example.com/", Some(11)),
        ("example.com:53", Some(11)),
        ("[::1].com", Some(0)),
        ("example.com\r\nEOF\r\n[COMMAND]", Some(11)),
        ("example.com\n", Some(11)),
        ("ex\0ample.com", Some(2)),
        ("example.com\u{7f}", Some(11)),
        ("müller.com\r\nEOF", Some(11)),
        ("müller.com\n", Some(11)),
        ("mü\0ller.com", Some(3)),
        ("mü\u{85}ller.com", Some(3)),
        ("mü\u{2028}ller.com", Some(3)),
        ("mü ller.com", Some(3)),
        ("\rmüller.com", Some(0)),
    ];
    for (text, position) in refused {
        let error = DomainName::new(text).expect_err(text);
        assert_eq!(error.position(), position, "{text:?}: {error}");
        assert!(error.to_string().starts_with("domain name "), "{error}");
        assert!(!error.to_string().chars().any(char::is_control), "{error:?}");
        assert_eq!(HostName::new(text).expect_err(text).position(), position, "{text:?}");
        assert!(text.parse::<DomainName>().is_err() && DomainName::try_from(text).is_err(), "{text:?}");
    }
}

#[test]
fn what_is_no_name_in_another_script_is_refused_too() {
    let refused = [
        "müller",
        "müller.",
        "mü..example",
        "müller.example..",
        "mü_ller.example",
        "mü=ller.example",
        "mü\u{a0}ller.example",
        "mü\u{3000}ller.example",
        "mü＝ller.example",
        "mü／ller.example",
        "mü＿ller.example",
        "mü％00.example",
        "℀.example",
        "\u{202e}müller.example",
        "mü\u{200e}ller.example",
        "mü\u{fffd}.example",
        "xn--ü.example",
        "ü.xn--a.example",
        "\u{301}a.example",
        "a\u{200d}b.example",
        "אa.example",
        "1א.example",
        "\u{ad}.example",
        "\u{200b}.\u{feff}",
    ];
    for text in refused {
        assert!(DomainName::new(text).is_err(), "{text:?}");
        assert!(HostName::new(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_label_in_another_script_begins_and_ends_with_no_dash_either() {
    for text in ["-müller.example", "müller-.example", "-ü.example", "a.ü-"] {
        assert!(DomainName::new(text).is_err(), "{text}");
    }
}

#[test]
fn no_order_of_bytes_smuggles_a_line_through_the_mapping_of_unicode() {
    for end in ['\r', '\n', '\0', '\u{85}', '\u{2028}', '\u{2029}', '\t', '\u{b}', '\u{c}', '\u{1b}'] {
        for text in [format!("mü{end}ller.example"), format!("{end}ü.example"), format!("ü.example{end}")]
        {
            let at = text.find(end);
            assert_eq!(DomainName::new(&text).expect_err("a line is ended").position(), at, "{text:?}");
        }
    }
}

#[test]
fn a_label_has_at_most_63_bytes_and_a_name_253() {
    let label = "a".repeat(63);
    assert!(DomainName::new(&format!("{label}.com")).is_ok());
    let error = DomainName::new(&format!("b.{label}a.com")).unwrap_err();
    assert_eq!(error.position(), Some(2));
    assert_eq!(error.to_string(), "domain name has a label of over 63 bytes at byte 2");

    let three = format!("{label}.{label}.{label}");
    let longest = format!("{three}.{}", "a".repeat(61));
    assert_eq!(longest.len(), 253);
    assert_eq!(domain(&longest).as_str(), longest);
    assert_eq!(domain(&format!("{longest}.")).as_str(), longest, "the trailing dot does not count");
    let error = DomainName::new(&format!("{longest}a")).unwrap_err();
    assert_eq!(error.position(), None);
    assert_eq!(error.to_string(), "domain name is longer than 253 bytes");
}

#[test]
fn the_length_of_a_name_is_that_of_its_ascii_form() {
    // `xn--` and punycode make 63 bytes of 56 umlauts.
    let long =
        (1..=63).rev().find(|count| DomainName::new(&format!("{}.example", "ü".repeat(*count))).is_ok());
    let long = long.expect("some number of umlauts is a label");
    assert_eq!(domain(&format!("{}.example", "ü".repeat(long))).labels().next().map(str::len), Some(63));
    assert!(DomainName::new(&format!("{}.example", "ü".repeat(long + 1))).is_err());
}

#[test]
fn long_nonsense_is_refused_before_it_is_mapped() {
    for text in ["ü".repeat(100_000), "ü.".repeat(50_000), "a".repeat(1_000_000), ".".repeat(1025)] {
        let error = DomainName::new(&text).unwrap_err();
        assert_eq!(error.to_string(), "domain name is longer than 1024 bytes");
    }
}

#[test]
fn an_error_about_a_name_prints_what_a_terminal_would_obey_as_an_escape() {
    let error = HostName::new("ns1.example.com\u{1b}[2J").unwrap_err();
    assert_eq!(error.to_string(), "host name has `\\u{1b}` at byte 15, which no label may have");
}

#[test]
fn an_ipv4_address_is_no_name() {
    for text in ["198.41.1.11", "１９８.41.1.11", "127.0.0.1", "1.2"] {
        assert!(HostName::new(text).is_err(), "{text}");
        assert!(DomainName::new(text).is_err(), "{text}");
    }
}

#[test]
fn every_character_of_unicode_maps_into_a_canonical_name_or_is_refused() {
    for c in '\0'..=char::MAX {
        let text = format!("é{c}b.example");
        if let Ok(name) = DomainName::new(&text) {
            assert!(is_canonical(name.as_str()), "{text:?} became {:?}", name.as_str());
        }
    }
}

/// Labels of several scripts, with the characters that mappings drop, split or turn.
fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?",
        "[a-zäöüßéA-ZÄÖÜẞÉ]{1,10}",
        "[α-ωΑ-Ω]{1,8}",
        "[а-яА-Я]{1,8}",
        "[ぁ-ん一-十]{1,6}",
        "[א-ת]{1,6}",
        "[xX][nN]--[a-z0-9-]{1,8}",
        "[a-z]{0,3}[\u{ad}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{fe0f}\u{301}\u{308}ﬁ①²ªſ=_＝]{1,2}[a-zü]{0,3}",
    ]
}

fn name_like() -> impl Strategy<Value = String> {
    let dot = prop::sample::select(vec![".", ".", ".", "。", "．", "｡"]);
    (prop::collection::vec((label(), dot), 1..4), label(), prop::option::of("[.。]")).prop_map(
        |(labels, last, trailing)| {
            let mut name: String =
                labels.into_iter().flat_map(|(label, dot)| [label, dot.to_owned()]).collect();
            name.push_str(&last);
            name.push_str(&trailing.unwrap_or_default());
            name
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, rng_seed: RngSeed::Fixed(2832), ..ProptestConfig::default() })]

    #[test]
    fn the_canonical_form_of_a_canonical_form_is_itself(text in name_like()) {
        if let Ok(name) = DomainName::new(&text) {
            prop_assert!(is_canonical(name.as_str()), "{:?} became {:?}", text, name.as_str());
            let again = DomainName::new(name.as_str());
            prop_assert_eq!(again.as_ref().map(DomainName::as_str), Ok(name.as_str()));
            prop_assert_eq!(again.as_ref().map(DomainName::as_given), Ok(name.as_str()));
            prop_assert_eq!(HostName::new(&text).map(|host| host.to_string()), Ok(name.to_string()));
        } else {
            prop_assert!(HostName::new(&text).is_err());
        }
    }

    #[test]
    fn a_trailing_dot_and_the_case_of_ascii_letters_make_no_difference(text in name_like()) {
        if let Ok(name) = DomainName::new(&text) {
            prop_assert_eq!(DomainName::new(&text.to_ascii_uppercase()), Ok(name.clone()));
            if text.ends_with(char::is_alphanumeric) {
                prop_assert_eq!(DomainName::new(&format!("{text}.")), Ok(name));
            }
        }
    }

    #[test]
    fn any_text_at_all_is_a_canonical_name_or_an_error(text in prop::collection::vec(any::<char>(), 0..40)) {
        let text: String = text.into_iter().chain(".example".chars()).collect();
        match DomainName::new(&text) {
            Ok(name) => prop_assert!(is_canonical(name.as_str())),
            Err(error) => prop_assert!(error.to_string().starts_with("domain name ")),
        }
    }

    #[test]
    fn names_of_plain_words_are_always_accepted(
        labels in prop::collection::vec("[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", 1..5), last in "[a-z]{2,6}",
    ) {
        let text = format!("{}.{last}", labels.join("."));
        prop_assert_eq!(domain(&text).to_string(), text);
    }
}

fn address(text: &str) -> Result<ServerAddress, String> {
    text.parse::<ServerAddress>().map_err(|error| error.to_string())
}

#[test]
fn addresses_of_real_name_servers_are_accepted_and_print_as_addresses() {
    // The RFCs' examples, and what CNR's replies show.
    let real = [
        "198.41.1.11",
        "198.42.1.11",
        "192.10.10.10",
        "194.0.182.1",
        "194.50.187.135",
        "1.2.3.5",
        "8.8.8.8",
        "192.5.6.30",
        "2001:500:88:200::8",
        "2001:503:ba3e::2:30",
        "2a00:1450::1",
        "2620:4f:8000::1",
        "2600::",
    ];
    for text in real {
        let made = address(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(made.to_string(), text);
        assert_eq!(format!("{made:?}"), text);
        assert_eq!(made.ip(), text.parse::<IpAddr>().unwrap());
        assert_eq!(ServerAddress::try_from(made.ip()), Ok(made));
    }
    // Spellings of one address are one address, in the canonical form of RFC 5952.
    assert_eq!(address("2001:0500:0088:0200:0:0:0:8"), address("2001:500:88:200::8"));
    assert_eq!(address("2001:500:88:200::A").unwrap().to_string(), "2001:500:88:200::a");
}

/// Reserved ranges: their first and last addresses, and the neighbours outside, if those are free.
const RESERVED_V4: [(&str, &str, Option<&str>, Option<&str>); 15] = [
    ("0.0.0.0", "0.255.255.255", None, Some("1.0.0.0")),
    ("10.0.0.0", "10.255.255.255", Some("9.255.255.255"), Some("11.0.0.0")),
    ("100.64.0.0", "100.127.255.255", Some("100.63.255.255"), Some("100.128.0.0")),
    ("127.0.0.0", "127.255.255.255", Some("126.255.255.255"), Some("128.0.0.0")),
    ("169.254.0.0", "169.254.255.255", Some("169.253.255.255"), Some("169.255.0.0")),
    ("172.16.0.0", "172.31.255.255", Some("172.15.255.255"), Some("172.32.0.0")),
    ("192.0.0.0", "192.0.0.255", Some("191.255.255.255"), Some("192.0.1.0")),
    ("192.0.2.0", "192.0.2.255", Some("192.0.1.255"), Some("192.0.3.0")),
    ("192.88.99.0", "192.88.99.255", Some("192.88.98.255"), Some("192.88.100.0")),
    ("192.168.0.0", "192.168.255.255", Some("192.167.255.255"), Some("192.169.0.0")),
    ("198.18.0.0", "198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
    ("198.51.100.0", "198.51.100.255", Some("198.51.99.255"), Some("198.51.101.0")),
    ("203.0.113.0", "203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
    ("224.0.0.0", "239.255.255.255", Some("223.255.255.255"), None),
    ("240.0.0.0", "255.255.255.255", None, None),
];

const RESERVED_V6: [(&str, &str, Option<&str>, Option<&str>); 6] = [
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, Some("2000::")),
    (
        "2001::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        Some("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Some("2001:200::"),
    ),
    (
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        Some("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"),
        Some("2001:db9::"),
    ),
    (
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Some("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Some("2003::"),
    ),
    (
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        Some("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Some("3fff:1000::"),
    ),
    (
        "4000::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Some("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        None,
    ),
];

#[test]
fn each_reserved_range_is_refused_from_its_first_to_its_last_address_and_no_further() {
    for (first, last, before, after) in RESERVED_V4.into_iter().chain(RESERVED_V6) {
        for inside in [first, last] {
            let error = address(inside).expect_err(inside);
            assert!(error.contains("reserved range") && error.contains(inside), "{error}");
        }
        for outside in [before, after].into_iter().flatten() {
            assert!(address(outside).is_ok(), "{outside}: {:?}", address(outside));
        }
    }
}

#[test]
fn the_neighbours_in_the_table_are_neighbours() {
    for (first, last, before, after) in RESERVED_V4 {
        let bits = |text: &str| text.parse::<Ipv4Addr>().unwrap().to_bits();
        assert!(bits(first) < bits(last));
        assert!(before.is_none_or(|before| bits(before) + 1 == bits(first)), "{first}");
        assert!(after.is_none_or(|after| bits(last) + 1 == bits(after)), "{last}");
    }
    for (first, last, before, after) in RESERVED_V6 {
        let bits = |text: &str| text.parse::<Ipv6Addr>().unwrap().to_bits();
        assert!(bits(first) < bits(last));
        assert!(before.is_none_or(|before| bits(before) + 1 == bits(first)), "{first}");
        assert!(after.is_none_or(|after| bits(last) + 1 == bits(after)), "{last}");
    }
}

#[test]
fn addresses_that_mean_this_host_this_network_or_another_protocol_are_refused() {
    let refused = [
        "::",
        "::1",
        "::ffff:198.41.1.11",
        "::198.41.1.11",
        "fe80::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2002::1",
        "2002:c629:10b::1",
        "64:ff9b::1",
        "64:ff9b:1::1",
        "100::1",
        "5f00::1",
        "fec0::1",
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "255.255.255.255",
        "224.0.0.1",
    ];
    for text in refused {
        assert!(text.parse::<IpAddr>().is_ok(), "{text} is an address");
        let error = address(text).expect_err(text);
        assert!(error.contains("reserved range"), "{error}");
    }
}

#[test]
fn what_is_no_address_is_refused_and_not_repeated() {
    let refused = [
        "",
        " ",
        "198.41.1",
        "198.41.1.11.1",
        "198.41.1.256",
        "198.41.1.011",
        "0xc6.41.1.11",
        "3324576011",
        "198.41.1.11 ",
        " 198.41.1.11",
        "198.41.1.11\r\nEOF",
        "198.41.1.11\n",
        "198.41.1.11/24",
        "198.41.1.11:53",
        "2001:500::8::1",
        "[2001:500::8]",
        "2001:500::8%eth0",
        "2001:500:88:200::g",
        "ns1.example.com",
        "１９８.41.1.11",
    ];
    for text in refused {
        let error = text.parse::<ServerAddress>().expect_err(text);
        assert_eq!(error.to_string(), "not an IPv4 or IPv6 address", "{text:?}");
        assert!(error.source().is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, rng_seed: RngSeed::Fixed(2832), ..ProptestConfig::default() })]

    #[test]
    fn an_ipv4_address_is_accepted_exactly_outside_the_reserved_ranges(bits in any::<u32>()) {
        let ip = Ipv4Addr::from_bits(bits);
        let reserved = RESERVED_V4.iter().any(|(first, last, ..)| {
            (first.parse::<Ipv4Addr>().unwrap()..=last.parse().unwrap()).contains(&ip)
        });
        prop_assert_eq!(ServerAddress::new(ip.into()).is_err(), reserved, "{}", ip);
        // Whatever std calls special is never accepted.
        if ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || ip.is_documentation() {
            prop_assert!(reserved);
        }
    }

    #[test]
    fn an_ipv6_address_is_accepted_exactly_outside_the_reserved_ranges(
        high in prop_oneof![
            Just(0x2001_u16), Just(0x2002), Just(0x3fff), Just(0x64), Just(0xfe80), 0x2000..=0x3fff_u16, any::<u16>()
        ],
        low in any::<[u16; 7]>(),
    ) {
        let [b, c, d, e, f, g, h] = low;
        let ip = Ipv6Addr::new(high, b, c, d, e, f, g, h);
        let reserved = RESERVED_V6.iter().any(|(first, last, ..)| {
            (first.parse::<Ipv6Addr>().unwrap()..=last.parse().unwrap()).contains(&ip)
        });
        prop_assert_eq!(ServerAddress::new(ip.into()).is_err(), reserved, "{}", ip);
    }
}

#[test]
fn stamps_of_the_rfc_and_of_the_registry_are_read() {
    type Parts = (u16, u8, u8, (u8, u8, u8), u32);
    let stamps: [(&str, Parts, &str); 10] = [
        ("2009-09-22 10:27:00.0", (2009, 9, 22, (10, 27, 0), 0), "2009-09-22 10:27:00.0"),
        ("1998-09-22 10:27:00.0", (1998, 9, 22, (10, 27, 0), 0), "1998-09-22 10:27:00.0"),
        ("2016-10-17 08:27:40", (2016, 10, 17, (8, 27, 40), 0), "2016-10-17 08:27:40.0"),
        ("2008-12-31", (2008, 12, 31, (0, 0, 0), 0), "2008-12-31"),
        ("2024-02-29T23:59:60.1234", (2024, 2, 29, (23, 59, 60), 123_400_000), "2024-02-29 23:59:60.1234"),
        ("2000-02-29", (2000, 2, 29, (0, 0, 0), 0), "2000-02-29"),
        ("2011-01-01 00:00:00.5", (2011, 1, 1, (0, 0, 0), 500_000_000), "2011-01-01 00:00:00.5"),
        ("2011-01-01 00:00:00.050", (2011, 1, 1, (0, 0, 0), 50_000_000), "2011-01-01 00:00:00.05"),
        ("2011-01-01 00:00:00.000000001", (2011, 1, 1, (0, 0, 0), 1), "2011-01-01 00:00:00.000000001"),
        (
            "9999-12-31 23:59:59.999999999",
            (9999, 12, 31, (23, 59, 59), 999_999_999),
            "9999-12-31 23:59:59.999999999",
        ),
    ];
    for (text, parts, shown) in stamps {
        let stamp = RegistryDate::parse(text).unwrap_or_else(|| panic!("{text} is a stamp"));
        let found = (stamp.year(), stamp.month(), stamp.day(), stamp.time(), stamp.nanos());
        assert_eq!(found, parts, "{text}");
        assert_eq!(stamp.to_string(), shown);
        assert_eq!(format!("{stamp:?}"), shown);
    }
}

#[test]
fn what_is_no_stamp_is_none() {
    let refused = [
        "",
        " ",
        "0000-00-00 00:00:00",
        "2009",
        "2009-09",
        "2009-9-22",
        "09-09-22",
        "02009-09-22",
        "2009-00-22",
        "2009-13-22",
        "2009-09-00",
        "2009-09-31",
        "2009-02-29",
        "1900-02-29",
        "2100-02-29",
        "2009-09-22 ",
        " 2009-09-22",
        "2009-09-22  10:27:00",
        "2009-09-22t10:27:00",
        "2009-09-22 10:27",
        "2009-09-22 10:27:00.",
        "2009-09-22 10:27:00.0000000000",
        "2009-09-22 10:27:00.0.0",
        "2009-09-22 10:27:00,0",
        "2009-09-22 10:27:00.-1",
        "2009-09-22 10:27:00.+1",
        "2009-09-22 24:00:00",
        "2009-09-22 10:60:00",
        "2009-09-22 10:27:61",
        "2009-09-22 1:27:00",
        "2009-09-22T10:27:00Z",
        "2009-09-22 10:27:00 CET",
        "2009-09-22 10:27:00+02:00",
        "+009-09-22",
        "-009-09-22",
        "2009-+9-22",
        "2009/09/22",
        "22.09.2009",
        "2009-09-22\r\n",
        "2009-09-22 10:27:00.0\n",
        "２００９-09-22",
        "2009-09-2２",
        "2017-03-27 12:22:04 [INITIATED] domain transfer initiated",
        "2017-05-02-a.is",
        "pending",
    ];
    for text in refused {
        assert_eq!(RegistryDate::parse(text), None, "{text:?}");
    }
}

#[test]
fn stamps_are_ordered_by_time() {
    let ascending = [
        "1998-09-22 10:27:00.0",
        "2009-09-21 23:59:59.999",
        "2009-09-22",
        "2009-09-22 00:00:00.000000001",
        "2009-09-22 00:00:00.01",
        "2009-09-22 00:00:00.1",
        "2009-09-22 00:00:01",
        "2009-09-22 00:01:00",
        "2009-09-22 01:00:00",
        "2009-09-22 23:59:59",
        "2009-09-22 23:59:60",
        "2009-09-23",
        "2009-10-01",
        "2010-01-01",
    ];
    let stamps: Vec<RegistryDate> =
        ascending.into_iter().map(|text| RegistryDate::parse(text).unwrap()).collect();
    assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
    assert_eq!(RegistryDate::parse("2009-09-22 00:00:00.10"), RegistryDate::parse("2009-09-22T00:00:00.1"));
}

fn stamp() -> impl Strategy<Value = String> {
    let date = (0..=9999_u16, 1..=12_u8, 1..=28_u8);
    (date, 0..24_u8, 0..60_u8, 0..=60_u8, "[0-9]{1,9}").prop_map(
        |((y, m, d), hour, minute, second, fraction)| {
            format!("{y:04}-{m:02}-{d:02} {hour:02}:{minute:02}:{second:02}.{fraction}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, rng_seed: RngSeed::Fixed(2832), ..ProptestConfig::default() })]

    #[test]
    fn a_printed_stamp_reads_as_the_same_stamp(text in stamp()) {
        let stamp = RegistryDate::parse(&text).expect("a stamp");
        let printed = stamp.to_string();
        prop_assert_eq!(RegistryDate::parse(&printed), Some(stamp));
        prop_assert!(text.starts_with(&printed) || printed.ends_with(".0"), "{} {}", text, printed);
    }

    #[test]
    fn stamps_are_ordered_as_their_prints_are(a in stamp(), b in stamp()) {
        let (a, b) = (RegistryDate::parse(&a).expect("a stamp"), RegistryDate::parse(&b).expect("a stamp"));
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
    }

    #[test]
    fn any_text_is_a_stamp_that_prints_and_reads_again_or_none(text in "[0-9 T:.-]{0,24}") {
        if let Some(stamp) = RegistryDate::parse(&text) {
            prop_assert_eq!(RegistryDate::parse(&stamp.to_string()), Some(stamp));
        }
    }
}
