//! Commands onto the wire: each is a closure that can be run again and again.

use std::fmt;
use std::hint::black_box;

use bytes::BytesMut;
use rrp::command::{Add, Command, Dialect, Period, Ptf, ToCommand};
use rrp::wire::encode;
use rrp::{DomainName, HostName};

/// Something to do with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// A made ADD onto the wire.
    EncodeAdd,
    /// A made PTF command onto the wire.
    EncodePtf,
    /// An ADD from its parts, checked, and onto the wire.
    MakeAdd,
    /// A PTF command from its parts, checked, and onto the wire.
    MakePtf,
}

impl Sending {
    pub(crate) const ALL: [Self; 4] = [Self::EncodeAdd, Self::EncodePtf, Self::MakeAdd, Self::MakePtf];

    /// How many bytes the command has on the wire.
    pub(crate) fn bytes(self) -> usize {
        let mut out = BytesMut::new();
        encode(self.command().body(), Dialect::Xrrp, &mut out).expect("a command of XRRP");
        out.len()
    }

    fn command(self) -> Command {
        match self {
            Self::EncodeAdd | Self::MakeAdd => add(),
            Self::EncodePtf | Self::MakePtf => ptf(),
        }
    }

    /// One run of it.
    pub(crate) fn work(self) -> Box<dyn FnMut()> {
        let mut out = BytesMut::with_capacity(1_024);
        let mut send = move |command: &Command| {
            encode(black_box(command).body(), Dialect::Xrrp, &mut out).expect("a command of XRRP");
            black_box(&mut out).clear();
        };
        match self {
            Self::EncodeAdd | Self::EncodePtf => {
                let command = self.command();
                Box::new(move || send(&command))
            }
            Self::MakeAdd => Box::new(move || send(&add())),
            Self::MakePtf => Box::new(move || send(&ptf())),
        }
    }
}

impl fmt::Display for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EncodeAdd => "encode/add",
            Self::EncodePtf => "encode/ptf",
            Self::MakeAdd => "make/add",
            Self::MakePtf => "make/ptf",
        })
    }
}

fn add() -> Command {
    let name: DomainName = black_box("example-of-a-registration.com").parse().expect("a name");
    let host = |name: &str| -> HostName { name.parse().expect("a name") };
    Add::domain(&name)
        .period(Period::years(2).expect("a period"))
        .name_server(&host(black_box("ns1.example-hosting.net")))
        .and_then(|add| add.name_server(&host(black_box("ns2.example-hosting.net"))))
        .expect("two name servers")
        .to_command()
}

fn ptf() -> Command {
    Ptf::change(black_box("AddDomain"))
        .and_then(|ptf| ptf.param("domain", black_box("example-of-a-registration.com")))
        .and_then(|ptf| ptf.param("period", black_box("2")))
        .and_then(|ptf| ptf.param("ownercontact0", black_box("P-ABC1234")))
        .and_then(|ptf| ptf.param("admincontact0", black_box("P-ABC1235")))
        .and_then(|ptf| ptf.params("nameserver", ["ns1.example-hosting.net", "ns2.example-hosting.net"]))
        .expect("a command")
        .to_command()
}
