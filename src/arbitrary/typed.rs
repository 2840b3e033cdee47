//! The commands that have types of their own.

use core::net::IpAddr;

use arbitrary::{Arbitrary, Result, Unstructured};

use super::{line, one_of, ptf_name, some_line, steps, valid};
use crate::address::ServerAddress;
use crate::command::domain::{
    AddDomain, CheckDomain, DelDomain, MAX_NAME_SERVERS, ModDomain, RenewDomain, StatusDomain,
    TransferApproval, TransferCancellation, TransferRejection, TransferRequest,
};
use crate::command::name_server::{
    AddNameServer, CheckNameServer, DelNameServer, MAX_ADDRESSES, ModNameServer, StatusNameServer,
};
use crate::command::{
    Add, Check, Command, Del, Describe, DomainStatus, Mod, Nature, Period, Ptf, Quit, Raw, Read, Renew,
    RrpCommand, Session, Status, ToCommand, Transfer, Write, Year,
};
use crate::name::{DomainName, HostName};
use crate::secret::Secret;
use crate::text::{ModValue, ParameterName, Token};

macro_rules! any_command {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $build:expr,)+) => {
        /// A command of any type, for `Arbitrary`: choose one, then [`to_command`](ToCommand::to_command).
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum AnyCommand {
            $($(#[$doc])* $name($type),)+
        }

        impl ToCommand for AnyCommand {
            fn to_command(&self) -> Command {
                match self {
                    $(Self::$name(command) => command.to_command(),)+
                }
            }
        }

        impl<'a> Arbitrary<'a> for AnyCommand {
            fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
                let builders: &[fn(&mut Unstructured<'a>) -> Result<Self>] =
                    &[$(|u| $build(u).map(Self::$name)),+];
                one_of(u, builders)?(u)
            }
        }
    };
}

any_command! {
    /// ADD of a domain.
    AddDomain(AddDomain) = add_domain,
    /// CHECK of a domain.
    CheckDomain(CheckDomain) = |u| about(u, Check::domain),
    /// DEL of a domain.
    DelDomain(DelDomain) = |u| about(u, Del::domain),
    /// MOD of a domain.
    ModDomain(ModDomain) = mod_domain,
    /// RENEW, with its guard or without.
    RenewDomain(RenewDomain) = renew_domain,
    /// STATUS of a domain.
    StatusDomain(StatusDomain) = |u| about(u, Status::domain),
    /// TRANSFER, asked for.
    TransferRequest(TransferRequest) = |u| about(u, Transfer::request),
    /// TRANSFER, approved.
    TransferApproval(TransferApproval) = |u| about(u, Transfer::approve),
    /// TRANSFER, rejected.
    TransferRejection(TransferRejection) = |u| about(u, Transfer::reject),
    /// TRANSFER, taken back.
    TransferCancellation(TransferCancellation) = |u| about(u, Transfer::cancel),
    /// ADD of a name server.
    AddNameServer(AddNameServer) = add_name_server,
    /// CHECK of a name server.
    CheckNameServer(CheckNameServer) = |u| about(u, Check::name_server),
    /// DEL of a name server.
    DelNameServer(DelNameServer) = |u| about(u, Del::name_server),
    /// MOD of a name server.
    ModNameServer(ModNameServer) = mod_name_server,
    /// STATUS of a name server.
    StatusNameServer(StatusNameServer) = |u| about(u, Status::name_server),
    /// SESSION.
    Session(Session) = session,
    /// DESCRIBE.
    Describe(Describe) = describe,
    /// QUIT.
    Quit(Quit) = |_: &mut Unstructured<'a>| Ok(Quit),
    /// A raw RRP command that reads.
    RawRead(Raw<Read>) = raw_read,
    /// A raw RRP command that writes.
    RawWrite(Raw<Write>) = raw_write,
    /// A PTF command that reads.
    PtfRead(Ptf<Read>) = ptf_read,
    /// A PTF command that writes.
    PtfWrite(Ptf<Write>) = ptf_write,
}

/// A command about one object, which needs nothing more.
fn about<'a, N: Arbitrary<'a>, T>(u: &mut Unstructured<'a>, command: fn(&N) -> T) -> Result<T> {
    Ok(command(&N::arbitrary(u)?))
}

fn add_domain(u: &mut Unstructured<'_>) -> Result<AddDomain> {
    let mut add = Add::domain(&DomainName::arbitrary(u)?);
    if bool::arbitrary(u)? {
        add = add.period(Period::arbitrary(u)?);
    }
    for _ in 0..u.int_in_range(0..=MAX_NAME_SERVERS)? {
        let host = HostName::arbitrary(u)?;
        add = add.clone().name_server(&host).unwrap_or(add);
    }
    Ok(add)
}

fn mod_domain(u: &mut Unstructured<'_>) -> Result<ModDomain> {
    let domain = Mod::domain(&DomainName::arbitrary(u)?);
    steps(u, domain, |domain, u| {
        Ok(match u.int_in_range(0..=8)? {
            0 => domain.add_name_server(&HostName::arbitrary(u)?),
            1 => domain.remove_name_server(&HostName::arbitrary(u)?),
            2 => domain.replace_name_server(&HostName::arbitrary(u)?, &HostName::arbitrary(u)?),
            3 => domain.add_status(&DomainStatus::arbitrary(u)?),
            4 => domain.remove_status(&DomainStatus::arbitrary(u)?),
            5 => domain.replace_status(&DomainStatus::arbitrary(u)?, &DomainStatus::arbitrary(u)?),
            6 => {
                let (name, value) = (Token::arbitrary(u)?, ModValue::arbitrary(u)?);
                domain.add(name.as_str(), value.as_str())
            }
            7 => {
                let (name, old) = (Token::arbitrary(u)?, ModValue::arbitrary(u)?);
                domain.remove(name.as_str(), old.as_str())
            }
            _ => {
                let (name, [old, new]) = (Token::arbitrary(u)?, <[ModValue; 2]>::arbitrary(u)?);
                domain.replace(name.as_str(), old.as_str(), new.as_str())
            }
        }
        .ok())
    })
}

fn mod_name_server(u: &mut Unstructured<'_>) -> Result<ModNameServer> {
    let mut host = Mod::name_server(&HostName::arbitrary(u)?);
    if bool::arbitrary(u)? {
        host = host.rename(&HostName::arbitrary(u)?);
    }
    steps(u, host, |host, u| {
        Ok(match u.int_in_range(0..=5)? {
            0 => host.add_address(ServerAddress::arbitrary(u)?),
            1 => host.remove_address(IpAddr::arbitrary(u)?),
            2 => host.replace_address(IpAddr::arbitrary(u)?, ServerAddress::arbitrary(u)?),
            3 => {
                let (name, value) = (Token::arbitrary(u)?, ModValue::arbitrary(u)?);
                host.add(name.as_str(), value.as_str())
            }
            4 => {
                let (name, old) = (Token::arbitrary(u)?, ModValue::arbitrary(u)?);
                host.remove(name.as_str(), old.as_str())
            }
            _ => {
                let (name, [old, new]) = (Token::arbitrary(u)?, <[ModValue; 2]>::arbitrary(u)?);
                host.replace(name.as_str(), old.as_str(), new.as_str())
            }
        }
        .ok())
    })
}

fn renew_domain(u: &mut Unstructured<'_>) -> Result<RenewDomain> {
    let domain = DomainName::arbitrary(u)?;
    if bool::arbitrary(u)? {
        return Ok(Renew::domain_unguarded(&domain));
    }
    Ok(Renew::domain(&domain, Period::arbitrary(u)?, Year::arbitrary(u)?))
}

fn add_name_server(u: &mut Unstructured<'_>) -> Result<AddNameServer> {
    let host = HostName::arbitrary(u)?;
    let count = u.int_in_range(0..=MAX_ADDRESSES)?;
    let addresses = (0..count).map(|_| ServerAddress::arbitrary(u)).collect::<Result<Vec<_>>>()?;
    valid(Add::name_server(&host, &addresses))
}

fn session(u: &mut Unstructured<'_>) -> Result<Session> {
    let session = valid(Session::login(&some_line(u)?, Secret::arbitrary(u)?))?;
    if bool::arbitrary(u)? { valid(session.new_password(Secret::arbitrary(u)?)) } else { Ok(session) }
}

fn describe(u: &mut Unstructured<'_>) -> Result<Describe> {
    match u.int_in_range(0..=2)? {
        0 => Ok(Describe::new()),
        1 => Ok(Describe::protocol()),
        _ => valid(Describe::new().option(Token::arbitrary(u)?.as_str(), &some_line(u)?)),
    }
}

fn raw_read(u: &mut Unstructured<'_>) -> Result<Raw<Read>> {
    let command = RrpCommand::arbitrary(u)?;
    Raw::query(command.clone()).or_else(|_| valid(Raw::declare_query(command)))
}

fn raw_write(u: &mut Unstructured<'_>) -> Result<Raw<Write>> {
    let command = RrpCommand::arbitrary(u)?;
    Raw::change(command.clone()).or_else(|_| valid(Raw::declare_change(command, Nature::UNKNOWN)))
}

fn ptf_read(u: &mut Unstructured<'_>) -> Result<Ptf<Read>> {
    let name = ptf_name(u)?;
    let command = Ptf::query(&name).or_else(|_| valid(Ptf::declare_query(&name)))?;
    steps(u, command, ptf_parameter)
}

fn ptf_write(u: &mut Unstructured<'_>) -> Result<Ptf<Write>> {
    let name = ptf_name(u)?;
    let command = Ptf::change(&name).or_else(|_| valid(Ptf::declare_change(&name, Nature::UNKNOWN)))?;
    steps(u, command, ptf_parameter)
}

fn ptf_parameter<E>(command: Ptf<E>, u: &mut Unstructured<'_>) -> Result<Option<Ptf<E>>> {
    let name = ParameterName::arbitrary(u)?;
    let name = name.as_str();
    Ok(match u.int_in_range(0..=2)? {
        0 => command.param(name, &line(u)?),
        1 => command.header(name, &line(u)?),
        _ => command.secret(name, Secret::arbitrary(u)?),
    }
    .ok())
}
