//! The one table of commands.
//!
//! Sources: CNR's and HEXONET's public documentation of their commands, RFC 2832 and RFC 3632, and the public clients
//! of both, as collected in `tests/fixtures/reference/commands.tsv`. Under each row stand its cells about repetition,
//! about reading back, and a note. The first row of a name that applies wins. `order=` makes an order of some commands
//! (HEXONET), which no status shows.

use core::cmp::Ordering;
use std::sync::LazyLock;

use super::Billable::{Maybe, No, Yes};
use super::Kind::{Creation, Deletion, Handle, Modification, Order, Renewal, Restore, Transfer};
use super::Repeat::{Guarded, Harmful, Harmless, Refused, Unknown};
use super::Settle::{Impossible, List, Read};
use super::When::{Always, Has, Is, Lacks, Numbers};
use super::{Nature, Row};
use crate::command::Dialect::{self, Rfc, Xrrp};

const READ: Nature = Nature::READ;
const SESSION: Nature = Nature::SESSION;

/// Every row, PTF commands in alphabetical order and then RRP.
pub fn rows() -> impl ExactSizeIterator<Item = &'static Row> {
    ROWS.iter()
}

/// The rows of one dialect.
pub(super) fn of(dialect: Dialect) -> &'static [Row] {
    let (ptf, rrp) = ROWS.split_at(ROWS.partition_point(|row| row.dialect == Xrrp));
    match dialect {
        Xrrp => ptf,
        Rfc => rrp,
    }
}

/// The rows of this name, in any case: a word has no blanks.
pub(super) fn named(dialect: Dialect, name: &str) -> &'static [Row] {
    let rows = of(dialect);
    let before = |row: &Row| compare(row.name, name).is_lt();
    let rows = rows.split_at(rows.partition_point(before)).1;
    rows.split_at(rows.partition_point(|row| row.name.eq_ignore_ascii_case(name))).0
}

/// Whether a row names this as the read that settles it, in any case.
pub(super) fn settles(dialect: Dialect, name: &str) -> bool {
    static READS: LazyLock<[Vec<&str>; 2]> = LazyLock::new(|| [Xrrp, Rfc].map(reads));
    let [ptf, rrp] = &*READS;
    let reads = if dialect == Xrrp { ptf } else { rrp };
    reads.binary_search_by(|read| compare(read, name)).is_ok()
}

fn reads(dialect: Dialect) -> Vec<&'static str> {
    let read = |row: &'static Row| match row.nature.settle() {
        Read(by) | List(by) => Some(by),
        _ => None,
    };
    let mut reads: Vec<_> = of(dialect).iter().filter_map(read).collect();
    reads.sort_unstable_by(|one, other| compare(one, other));
    reads.dedup();
    reads
}

/// The order of the table.
fn compare(one: &str, other: &str) -> Ordering {
    one.bytes().map(|byte| byte.to_ascii_lowercase()).cmp(other.bytes().map(|byte| byte.to_ascii_lowercase()))
}

macro_rules! rows {
    ($($dialect:ident $name:literal, $when:expr => $nature:expr;
       $repetition:literal; $resolver:literal; $note:literal;)+) => {
        static ROWS: &[Row] = &[
            $(Row {
                name: $name,
                dialect: $dialect,
                when: $when,
                nature: $nature,
                repetition: $repetition,
                resolver: $resolver,
                note: $note,
            },)+
        ];
    };
}

const fn write(
    kind: super::Kind,
    billable: super::Billable,
    repeat: super::Repeat,
    settle: super::Settle,
) -> Nature {
    Nature::write(kind, billable, repeat, settle)
}

rows! {
    Xrrp "ActivateAppendix", Always => write(Modification, Maybe, Unknown, List("QueryAppendixList"));
        "idempotent (expected)";
        "QueryAppendixList";
        "";
    Xrrp "AddAccounting", Always => write(Order, Yes, Harmful, List("QueryAccountingList"));
        "second booking";
        "QueryAccountingList";
        "HEXONET; never auto-retry";
    Xrrp "AddCertificate", Always => write(Order, Yes, Harmful, List("QueryCertificateList"));
        "NOT guarded: a second order is a second charge";
        "QueryCertificateList (by CN + created date)";
        "persist your own order row";
    Xrrp "AddContact", Always => write(Handle, No, Harmless, List("QueryContactList"));
        "\"System automatically substitutes existing handles\" (ByteInternet docstring): same data may give the same handle; not guaranteed";
        "not resolvable by key (server names the handle): QueryContactList by email/name + created date";
        "duplicate handle is harmless but leaks";
    Xrrp "AddDNSZone", Always => write(Creation, Maybe, Refused, Read("StatusDNSZone"));
        "540";
        "StatusDNSZone / CheckDNSZone";
        "";
    Xrrp "AddDomain", Has(&["order"]) => write(Order, Yes, Harmful, List("QueryOrderList"));
        "not idempotent, but guarded: 554 (already registered by you) or 540 (exists)";
        "StatusDomain: 200 -> it is yours (compare createddate/roid/owner); 545 -> not executed (re-check after delay: jobqueue/pending); 531 -> somebody else has it";
        "200 may be pending (jobqueue=1 -> job_id; HEXONET PENDING=1); event DOMAIN_REGISTRATION carries cltrid/jobid";
    Xrrp "AddDomain", Always => write(Creation, Yes, Refused, Read("StatusDomain"));
        "not idempotent, but guarded: 554 (already registered by you) or 540 (exists)";
        "StatusDomain: 200 -> it is yours (compare createddate/roid/owner); 545 -> not executed (re-check after delay: jobqueue/pending); 531 -> somebody else has it";
        "200 may be pending (jobqueue=1 -> job_id; HEXONET PENDING=1); event DOMAIN_REGISTRATION carries cltrid/jobid";
    Xrrp "AddDomainApplication", Always => write(Order, Yes, Harmful, List("QueryDomainApplicationList"));
        "540 in some classes, else second application";
        "QueryDomainApplicationList";
        "";
    Xrrp "AddMailFwd", Always => write(Creation, Maybe, Refused, List("QueryMailFwdList"));
        "562 Email address already uses forwarding";
        "QueryMailFwdList";
        "563/564 belong to mailspace";
    Xrrp "AddNameserver", Always => write(Creation, No, Refused, Read("StatusNameserver"));
        "540";
        "StatusNameserver 200/545, CheckNameserver 213";
        "";
    Xrrp "AddRegistrar", Always => write(Creation, No, Refused, Read("StatusRegistrar"));
        "540";
        "StatusRegistrar";
        "";
    Xrrp "AddServer", Always => write(Order, Yes, Harmful, List("QueryServerList"));
        "540 or second server";
        "QueryServerList";
        "";
    Xrrp "AddTag", Always => write(Creation, No, Refused, Read("StatusTag"));
        "540";
        "StatusTag";
        "";
    Xrrp "AddTrademark", Always => write(Order, Yes, Harmful, List("QueryTrademarkList"));
        "540 or second entry";
        "QueryTrademarkList";
        "";
    Xrrp "AddWebFwd", Always => write(Creation, Maybe, Refused, List("QueryWebFwdList"));
        "540 (562 for mail)";
        "QueryWebFwdList";
        "";
    Xrrp "AddWebspace", Always => write(Creation, Yes, Refused, Read("StatusWebspace"));
        "540";
        "QueryWebspaceList / StatusWebspace";
        "";
    Xrrp "AftermarketBid", Always => write(Order, Yes, Harmful, List("QueryAftermarketBidList"));
        "second/higher bid";
        "QueryAftermarketBidList";
        "never auto-retry";
    Xrrp "BuyDomain", Always => write(Order, Yes, Refused, Read("StatusDomain"));
        "540/554";
        "StatusDomain";
        "";
    Xrrp "ChargeCreditcard", Always => write(Order, Yes, Harmful, Impossible);
        "charges again";
        "QueryAccountingList";
        "never auto-retry";
    Xrrp "ChargeMobileAccount", Always => write(Order, Yes, Harmful, Impossible);
        "charges again";
        "StatusMobileAccount balance";
        "";
    Xrrp "CloneContact", Always => write(Handle, No, Harmful, List("QueryContactList"));
        "creates another handle each time with NEW=1";
        "QueryContactList only";
        "as AddContact";
    Xrrp "CreateSSLCert", Always => write(Order, Yes, Harmful, List("QuerySSLCertList"));
        "second order";
        "QuerySSLCertList";
        "HEXONET";
    Xrrp "DeleteContact", Always => write(Deletion, No, Refused, Read("StatusContact"));
        "545 Entity reference not found";
        "StatusContact 545";
        "rrpproxy.ex test shows 545 exactly";
    Xrrp "DeleteDNSZone", Always => write(Deletion, No, Refused, Read("StatusDNSZone"));
        "545";
        "StatusDNSZone 545";
        "";
    Xrrp "DeleteDomain", Always => write(Deletion, Maybe, Refused, Read("StatusDomain"));
        "545 or 552 after first success";
        "StatusDomain 545 / status pendingDelete; StatusDomainHistory";
        "description \"action PendingGracePeriodSuspension pending in 5 days\" with 200";
    Xrrp "DeleteEvent", Always => write(Deletion, No, Refused, Read("StatusEvent"));
        "545";
        "StatusEvent 545";
        "destroys the evidence other resolvers need: never auto-delete before use";
    Xrrp "DeleteMailFwd", Always => write(Deletion, No, Refused, List("QueryMailFwdList"));
        "545";
        "QueryMailFwdList";
        "";
    Xrrp "DeleteNameserver", Always => write(Deletion, No, Refused, Read("StatusNameserver"));
        "545";
        "StatusNameserver 545";
        "532 when linked";
    Xrrp "DeleteTag", Always => write(Deletion, No, Refused, Read("StatusTag"));
        "545";
        "StatusTag 545";
        "";
    Xrrp "DeleteWebFwd", Always => write(Deletion, No, Refused, List("QueryWebFwdList"));
        "545";
        "QueryWebFwdList";
        "";
    Xrrp "Describe", Always => READ;
        "idempotent";
        "n/a";
        "the vendor keepalive: [COMMAND] command=Describe EOF";
    Xrrp "EndSession", Always => SESSION;
        "530";
        "none";
        "HEXONET name";
    Xrrp "ExecuteOrder", Always => write(Order, Yes, Refused, List("QueryOrderList"));
        "545 after done";
        "QueryOrderList";
        "HEXONET";
    Xrrp "GenerateList", Always => write(Order, No, Harmful, Impossible);
        "second file";
        "none";
        "";
    Xrrp "ImportDNSZone", Always => write(Modification, No, Harmless, Read("QueryDNSZoneRRList"));
        "replace: idempotent";
        "QueryDNSZoneRRList";
        "";
    Xrrp "ModifyContact", Is("checkonly", "1") => READ;
        "idempotent by value; triggers verification mail with PREVERIFY=1";
        "StatusContact compare";
        "CHECKONLY=1 makes it read-only";
    Xrrp "ModifyContact", Always => write(Modification, No, Harmless, Read("StatusContact"));
        "idempotent by value; triggers verification mail with PREVERIFY=1";
        "StatusContact compare";
        "CHECKONLY=1 makes it read-only";
    Xrrp "ModifyDNSZone", Always => write(Modification, No, Refused, Read("QueryDNSZoneRRList"));
        "ADDRR repeat 540/541 duplicate record; DELRR repeat 541/545; RR replace idempotent";
        "QueryDNSZoneRRList";
        "";
    Xrrp "ModifyDomain", Always => write(Modification, Maybe, Unknown, Read("StatusDomain"));
        "set-style keys idempotent; ADD*/DEL* keys give 540/542/545 on repeat";
        "StatusDomain compare changed keys";
        "owner change: 200 \"OwnerChange pending confirmation\" -> StatusOwnerChange";
    Xrrp "ModifyNameserver", Always => write(Modification, No, Refused, Read("StatusNameserver"));
        "ADD/DEL ip: 540/542; rename: 545";
        "StatusNameserver";
        "";
    Xrrp "ModifyRegistrar", Always => write(Modification, No, Harmless, Read("StatusRegistrar"));
        "idempotent";
        "StatusRegistrar";
        "";
    Xrrp "ModifyRegistrarCurrency", Always => write(Modification, Maybe, Harmless, Read("StatusAccount"));
        "idempotent (expected)";
        "StatusAccount currency";
        "";
    Xrrp "ModifyTag", Always => write(Modification, No, Refused, Read("StatusTag"));
        "rename: 545";
        "StatusTag";
        "";
    Xrrp "PayDomainRenewal", Numbers(&["expiration"]) => write(Renewal, Yes, Guarded, Read("StatusDomain"));
        "charges again unless EXPIRATION/ACCOUNTINGDATE guard";
        "StatusDomain paiduntildate";
        "HEXONET";
    Xrrp "PayDomainRenewal", Has(&["accountingdate"]) => write(Renewal, Yes, Guarded, Read("StatusDomain"));
        "charges again unless EXPIRATION/ACCOUNTINGDATE guard";
        "StatusDomain paiduntildate";
        "HEXONET";
    Xrrp "PayDomainRenewal", Always => write(Renewal, Yes, Harmful, Read("StatusDomain"));
        "charges again unless EXPIRATION/ACCOUNTINGDATE guard";
        "StatusDomain paiduntildate";
        "HEXONET";
    Xrrp "PushDomain", Always => write(Transfer, Maybe, Refused, Read("StatusDomain"));
        "545/531 after first success";
        "StatusDomain (531/545 = gone)";
        "leaves your account";
    Xrrp "PushObject", Always => write(Transfer, No, Refused, Read("StatusDomain"));
        "531/545";
        "StatusDomain";
        "leaves your account";
    Xrrp "ReissueCertificate", Always => write(Order, No, Harmful, Read("StatusCertificate"));
        "second reissue";
        "StatusCertificate";
        "";
    Xrrp "RenewCertificate", Always => write(Renewal, Yes, Harmful, Read("StatusCertificate"));
        "not guarded";
        "StatusCertificate expiration";
        "";
    Xrrp "RenewDomain", Has(&["order"]) => write(Order, Yes, Harmful, List("QueryOrderList"));
        "WITH expiration=<year>: 555, or a refusal worded \"Parameter value range error Does not match expiration\" (seen in a third-party client via EPP 2004; PTF number not known); WITHOUT it a repeat renews twice (KB: \"unintended two year renewals\")";
        "StatusDomain: registration expiration date moved by period? needs the value read BEFORE sending";
        "always send EXPIRATION (KB: \"will prevent unintended two year renewals\")";
    Xrrp "RenewDomain", Numbers(&["expiration"]) => write(Renewal, Yes, Guarded, Read("StatusDomain"));
        "WITH expiration=<year>: 555, or a refusal worded \"Parameter value range error Does not match expiration\" (seen in a third-party client via EPP 2004; PTF number not known); WITHOUT it a repeat renews twice (KB: \"unintended two year renewals\")";
        "StatusDomain: registration expiration date moved by period? needs the value read BEFORE sending";
        "always send EXPIRATION (KB: \"will prevent unintended two year renewals\")";
    Xrrp "RenewDomain", Always => write(Renewal, Yes, Harmful, Read("StatusDomain"));
        "WITH expiration=<year>: 555, or a refusal worded \"Parameter value range error Does not match expiration\" (seen in a third-party client via EPP 2004; PTF number not known); WITHOUT it a repeat renews twice (KB: \"unintended two year renewals\")";
        "StatusDomain: registration expiration date moved by period? needs the value read BEFORE sending";
        "always send EXPIRATION (KB: \"will prevent unintended two year renewals\")";
    Xrrp "RenewServer", Always => write(Renewal, Yes, Harmful, Read("StatusServer"));
        "not guarded";
        "StatusServer";
        "";
    Xrrp "RenewTrademark", Always => write(Renewal, Yes, Harmful, Read("StatusTrademark"));
        "not guarded";
        "StatusTrademark expiration";
        "";
    Xrrp "RenewWebspace", Always => write(Renewal, Yes, Harmful, Read("StatusWebspace"));
        "not guarded";
        "StatusWebspace";
        "";
    Xrrp "RequestDomainPin", Always => write(Order, Maybe, Harmful, Impossible);
        "second letter";
        "none";
        "";
    Xrrp "RequestToken", Always => write(Order, No, Harmful, Impossible);
        "sends a second mail";
        "none";
        "OT&E: 549 \"email sending not available in OTE\"";
    Xrrp "ResendNotification", Always => write(Order, No, Harmful, Impossible);
        "sends a second mail";
        "none";
        "";
    Xrrp "ReserveDomain", Always => write(Creation, Maybe, Refused, Read("StatusAftermarketDomain"));
        "540";
        "StatusAftermarketDomain";
        "";
    Xrrp "RestoreContact", Always => write(Restore, No, Refused, Read("StatusContact"));
        "540/545 (not documented)";
        "StatusContact 200";
        "";
    Xrrp "RestoreDomain", Has(&["order"]) => write(Order, Yes, Harmful, List("QueryOrderList"));
        "not guarded: 552/545 expected, not documented";
        "StatusDomain (rgp_status gone)";
        "";
    Xrrp "RestoreDomain", Always => write(Restore, Yes, Unknown, Read("StatusDomain"));
        "not guarded: 552/545 expected, not documented";
        "StatusDomain (rgp_status gone)";
        "";
    Xrrp "SendSMS", Always => write(Order, Yes, Harmful, Impossible);
        "sends and charges again";
        "QuerySMSList";
        "";
    Xrrp "SetAuthCode", Has(&["auth"]) => write(Modification, No, Harmless, Read("StatusDomain"));
        "generates a new code each time if AUTH empty";
        "StatusDomain property auth";
        "idempotent when AUTH given";
    Xrrp "SetAuthCode", Always => write(Modification, No, Harmful, Impossible);
        "generates a new code each time if AUTH empty";
        "StatusDomain property auth";
        "idempotent when AUTH given";
    Xrrp "SetDomainPinLock", Always => write(Modification, Maybe, Unknown, List("QueryDomainPinLockList"));
        "idempotent (expected)";
        "QueryDomainPinLockList";
        "";
    Xrrp "SetDomainRenewalMode", Always => write(Modification, Maybe, Harmless, Read("StatusDomain"));
        "idempotent";
        "StatusDomain renewalmode";
        "";
    Xrrp "SetDomainTransferMode", Always => write(Modification, No, Harmless, Read("StatusDomain"));
        "idempotent";
        "StatusDomain transfermode";
        "";
    Xrrp "StartSession", Always => SESSION;
        "a second session (limit 5 / code 521)";
        "none: drop";
        "HTTPS gateway only; property sessionid + expiration date (24 h)";
    Xrrp "StopSession", Always => SESSION;
        "530 on unknown session (recorded)";
        "none";
        "";
    Xrrp "TradeDomain", Always => write(Transfer, Yes, Refused, Read("StatusDomain"));
        "536/540/552 depending on TLD";
        "StatusDomain owner contact, StatusDomainTransfer/StatusOwnerChange";
        "asynchronous";
    Xrrp "TransferContact", Always => write(Transfer, No, Refused, Read("StatusContact"));
        "531/545";
        "StatusContact";
        "";
    Xrrp "TransferDomain", Has(&["order"]) => write(Order, Yes, Harmful, List("QueryOrderList"));
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "TransferDomain", Lacks("action") => write(Transfer, Yes, Refused, Read("StatusDomainTransfer"));
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "TransferDomain", Is("action", "REQUEST") => write(Transfer, Yes, Refused, Read("StatusDomainTransfer"));
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "TransferDomain", Is("action", "APPROVE") => write(Transfer, Maybe, Refused, Read("QueryForeignTransferList"));
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "TransferDomain", Is("action", "DENY") => write(Transfer, Maybe, Refused, Read("QueryForeignTransferList"));
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "TransferDomain", Is("action", "CANCEL") => write(Transfer, Maybe, Refused, Read("StatusDomainTransfer"));
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "TransferDomain", Is("action", "USERTRANSFER") => write(Transfer, Yes, Unknown, Read("StatusDomain"));
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "TransferDomain", Always => write(Transfer, Yes, Unknown, Impossible);
        "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534";
        "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList";
        "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table";
    Xrrp "UpdateDynamicDNS", Always => write(Modification, No, Harmless, Read("StatusDynamicDNS"));
        "idempotent";
        "StatusDynamicDNS";
        "";
    Rfc "add", Is("EntityName", "Domain") => write(Creation, Yes, Refused, Read("status"));
        "554 (same registrar) / 540 (other)";
        "STATUS Domain: 200 / 531 (other registrar) / CHECK 211-210";
        "RFC 4.3: RRP features provide idempotency";
    Rfc "add", Is("EntityName", "NameServer") => write(Creation, No, Refused, Read("status"));
        "540";
        "STATUS NameServer / CHECK 213";
        "";
    Rfc "check", Always => READ;
        "idempotent";
        "n/a";
        "";
    Rfc "del", Always => write(Deletion, Maybe, Refused, Read("status"));
        "545";
        "STATUS 545 / CHECK 210|212";
        "RFC lists 545 for DEL";
    Rfc "describe", Always => READ;
        "idempotent";
        "n/a";
        "valid before or after SESSION? only after (RFC: SESSION first)";
    Rfc "mod", Is("EntityName", "Domain") => write(Modification, No, Refused, Read("status"));
        "add value: 540; remove value: 542/545";
        "STATUS";
        "value suffix = means remove; old=new replaces";
    Rfc "mod", Is("EntityName", "NameServer") => write(Modification, No, Refused, Read("status"));
        "rename: 545; ip add 540";
        "STATUS old/new name";
        "";
    Rfc "quit", Always => SESSION;
        "connection is gone";
        "n/a";
        "success code is 220, not 200";
    Rfc "renew", Numbers(&["-Period", "-CurrentExpirationYear"]) => write(Renewal, Yes, Guarded, Read("status"));
        "with -Period and -CurrentExpirationYear: 555; without both options: renews again";
        "STATUS registration expiration date";
        "RFC: period and year must come together";
    Rfc "renew", Always => write(Renewal, Yes, Harmful, Read("status"));
        "with -Period and -CurrentExpirationYear: 555; without both options: renews again";
        "STATUS registration expiration date";
        "RFC: period and year must come together";
    Rfc "session", Always => SESSION;
        "547 or new session";
        "n/a";
        "second failed login: server SHOULD close";
    Rfc "status", Always => READ;
        "idempotent";
        "n/a";
        "";
    Rfc "transfer", Lacks("-Approve") => write(Transfer, Yes, Refused, Impossible);
        "536";
        "CHECK/STATUS 531 until moved; 536 on repeat is the evidence";
        "STATUS shows pending only to the sponsor";
    Rfc "transfer", Is("-Approve", "Yes") => write(Transfer, No, Refused, Read("status"));
        "534";
        "STATUS registrar transfer date";
        "RFC 3632: requester may cancel with -Approve:No";
    Rfc "transfer", Is("-Approve", "No") => write(Transfer, No, Refused, Impossible);
        "534";
        "STATUS registrar transfer date";
        "RFC 3632: requester may cancel with -Approve:No";
}
