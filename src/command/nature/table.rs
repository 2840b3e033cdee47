//! The one table of commands.
//!
//! Sources: CNR's and HEXONET's public documentation of their commands, RFC 2832 and RFC 3632, and the public clients
//! of both, as collected in `tests/fixtures/reference/commands.tsv`; the last three texts of each row are its cells.
//! The first row of a name that applies wins.

use super::{Billable, Kind, Nature, Repeat, Row, Settle, When};
use crate::command::Dialect;

/// Every row, PTF commands in alphabetical order and then RRP.
pub fn rows() -> impl ExactSizeIterator<Item = &'static Row> {
    ROWS.iter()
}

const fn ptf(
    name: &'static str,
    when: When,
    nature: Nature,
    [repetition, resolver, note]: [&'static str; 3],
) -> Row {
    Row { name, dialect: Dialect::Xrrp, when, nature, repetition, resolver, note }
}

const fn rrp(name: &'static str, when: When, nature: Nature, texts: [&'static str; 3]) -> Row {
    let mut row = ptf(name, when, nature, texts);
    row.dialect = Dialect::Rfc;
    row
}

static ROWS: &[Row] = &[
    ptf(
        "ActivateAppendix",
        When::Always,
        Nature::write(
            Kind::Modification,
            Billable::Maybe,
            Repeat::Harmless,
            Settle::List("QueryAppendixList"),
        ),
        ["idempotent (expected)", "QueryAppendixList", ""],
    ),
    ptf(
        "AddAccounting",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::List("QueryAccountingList")),
        ["second booking", "QueryAccountingList", "HEXONET; never auto-retry"],
    ),
    ptf(
        "AddCertificate",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::List("QueryCertificateList")),
        [
            "NOT guarded: a second order is a second charge",
            "QueryCertificateList (by CN + created date)",
            "persist your own order row",
        ],
    ),
    ptf(
        "AddContact",
        When::Always,
        Nature::write(Kind::Handle, Billable::No, Repeat::Harmless, Settle::List("QueryContactList")),
        [
            "\"System automatically substitutes existing handles\" (ByteInternet docstring): same data may give the same handle; not guaranteed",
            "not resolvable by key (server names the handle): QueryContactList by email/name + created date",
            "duplicate handle is harmless but leaks",
        ],
    ),
    ptf(
        "AddDNSZone",
        When::Always,
        Nature::write(Kind::Creation, Billable::Maybe, Repeat::Refused, Settle::Read("StatusDNSZone")),
        ["540", "StatusDNSZone / CheckDNSZone", ""],
    ),
    ptf(
        "AddDomain",
        When::Always,
        Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Read("StatusDomain")),
        [
            "not idempotent, but guarded: 554 (already registered by you) or 540 (exists)",
            "StatusDomain: 200 -> it is yours (compare createddate/roid/owner); 545 -> not executed (re-check after delay: jobqueue/pending); 531 -> somebody else has it",
            "200 may be pending (jobqueue=1 -> job_id; HEXONET PENDING=1); event DOMAIN_REGISTRATION carries cltrid/jobid",
        ],
    ),
    ptf(
        "AddDomainApplication",
        When::Always,
        Nature::write(
            Kind::Order,
            Billable::Yes,
            Repeat::Harmful,
            Settle::List("QueryDomainApplicationList"),
        ),
        ["540 in some classes, else second application", "QueryDomainApplicationList", ""],
    ),
    ptf(
        "AddMailFwd",
        When::Always,
        Nature::write(Kind::Creation, Billable::Maybe, Repeat::Refused, Settle::List("QueryMailFwdList")),
        ["562 Email address already uses forwarding", "QueryMailFwdList", "563/564 belong to mailspace"],
    ),
    ptf(
        "AddNameserver",
        When::Always,
        Nature::write(Kind::Creation, Billable::No, Repeat::Refused, Settle::Read("StatusNameserver")),
        ["540", "StatusNameserver 200/545, CheckNameserver 213", ""],
    ),
    ptf(
        "AddRegistrar",
        When::Always,
        Nature::write(Kind::Creation, Billable::No, Repeat::Refused, Settle::Read("StatusRegistrar")),
        ["540", "StatusRegistrar", ""],
    ),
    ptf(
        "AddServer",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::List("QueryServerList")),
        ["540 or second server", "QueryServerList", ""],
    ),
    ptf(
        "AddTag",
        When::Always,
        Nature::write(Kind::Creation, Billable::No, Repeat::Refused, Settle::Read("StatusTag")),
        ["540", "StatusTag", ""],
    ),
    ptf(
        "AddTrademark",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::List("QueryTrademarkList")),
        ["540 or second entry", "QueryTrademarkList", ""],
    ),
    ptf(
        "AddWebFwd",
        When::Always,
        Nature::write(Kind::Creation, Billable::Maybe, Repeat::Refused, Settle::List("QueryWebFwdList")),
        ["540 (562 for mail)", "QueryWebFwdList", ""],
    ),
    ptf(
        "AddWebspace",
        When::Always,
        Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Read("StatusWebspace")),
        ["540", "QueryWebspaceList / StatusWebspace", ""],
    ),
    ptf(
        "AftermarketBid",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::List("QueryAftermarketBidList")),
        ["second/higher bid", "QueryAftermarketBidList", "never auto-retry"],
    ),
    ptf(
        "BuyDomain",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Refused, Settle::Read("StatusDomain")),
        ["540/554", "StatusDomain", ""],
    ),
    ptf(
        "ChargeCreditcard",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible),
        ["charges again", "QueryAccountingList", "never auto-retry"],
    ),
    ptf(
        "ChargeMobileAccount",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible),
        ["charges again", "StatusMobileAccount balance", ""],
    ),
    ptf(
        "CloneContact",
        When::Always,
        Nature::write(Kind::Handle, Billable::No, Repeat::Harmful, Settle::List("QueryContactList")),
        ["creates another handle each time with NEW=1", "QueryContactList only", "as AddContact"],
    ),
    ptf(
        "CreateSSLCert",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::List("QuerySSLCertList")),
        ["second order", "QuerySSLCertList", "HEXONET"],
    ),
    ptf(
        "DeleteContact",
        When::Always,
        Nature::write(Kind::Deletion, Billable::No, Repeat::Refused, Settle::Read("StatusContact")),
        ["545 Entity reference not found", "StatusContact 545", "rrpproxy.ex test shows 545 exactly"],
    ),
    ptf(
        "DeleteDNSZone",
        When::Always,
        Nature::write(Kind::Deletion, Billable::No, Repeat::Refused, Settle::Read("StatusDNSZone")),
        ["545", "StatusDNSZone 545", ""],
    ),
    ptf(
        "DeleteDomain",
        When::Always,
        Nature::write(Kind::Deletion, Billable::Maybe, Repeat::Refused, Settle::Read("StatusDomain")),
        [
            "545 or 552 after first success",
            "StatusDomain 545 / status pendingDelete; StatusDomainHistory",
            "description \"action PendingGracePeriodSuspension pending in 5 days\" with 200",
        ],
    ),
    ptf(
        "DeleteEvent",
        When::Always,
        Nature::write(Kind::Deletion, Billable::No, Repeat::Refused, Settle::Read("StatusEvent")),
        [
            "545",
            "StatusEvent 545",
            "destroys the evidence other resolvers need: never auto-delete before use",
        ],
    ),
    ptf(
        "DeleteMailFwd",
        When::Always,
        Nature::write(Kind::Deletion, Billable::No, Repeat::Refused, Settle::List("QueryMailFwdList")),
        ["545", "QueryMailFwdList", ""],
    ),
    ptf(
        "DeleteNameserver",
        When::Always,
        Nature::write(Kind::Deletion, Billable::No, Repeat::Refused, Settle::Read("StatusNameserver")),
        ["545", "StatusNameserver 545", "532 when linked"],
    ),
    ptf(
        "DeleteTag",
        When::Always,
        Nature::write(Kind::Deletion, Billable::No, Repeat::Refused, Settle::Read("StatusTag")),
        ["545", "StatusTag 545", ""],
    ),
    ptf(
        "DeleteWebFwd",
        When::Always,
        Nature::write(Kind::Deletion, Billable::No, Repeat::Refused, Settle::List("QueryWebFwdList")),
        ["545", "QueryWebFwdList", ""],
    ),
    ptf(
        "Describe",
        When::Always,
        Nature::READ,
        ["idempotent", "n/a", "the vendor keepalive: [COMMAND] command=Describe EOF"],
    ),
    ptf("EndSession", When::Always, Nature::SESSION, ["530", "none", "HEXONET name"]),
    ptf(
        "ExecuteOrder",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Refused, Settle::List("QueryOrderList")),
        ["545 after done", "QueryOrderList", "HEXONET"],
    ),
    ptf(
        "GenerateList",
        When::Always,
        Nature::write(Kind::Order, Billable::No, Repeat::Harmful, Settle::Impossible),
        ["second file", "none", ""],
    ),
    ptf(
        "ImportDNSZone",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("QueryDNSZoneRRList")),
        ["replace: idempotent", "QueryDNSZoneRRList", ""],
    ),
    ptf(
        "ModifyContact",
        When::Is("checkonly", "1"),
        Nature::READ,
        [
            "idempotent by value; triggers verification mail with PREVERIFY=1",
            "StatusContact compare",
            "CHECKONLY=1 makes it read-only",
        ],
    ),
    ptf(
        "ModifyContact",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("StatusContact")),
        [
            "idempotent by value; triggers verification mail with PREVERIFY=1",
            "StatusContact compare",
            "CHECKONLY=1 makes it read-only",
        ],
    ),
    ptf(
        "ModifyDNSZone",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Refused, Settle::Read("QueryDNSZoneRRList")),
        [
            "ADDRR repeat 540/541 duplicate record; DELRR repeat 541/545; RR replace idempotent",
            "QueryDNSZoneRRList",
            "",
        ],
    ),
    ptf(
        "ModifyDomain",
        When::Always,
        Nature::write(Kind::Modification, Billable::Maybe, Repeat::Refused, Settle::Read("StatusDomain")),
        [
            "set-style keys idempotent; ADD*/DEL* keys give 540/542/545 on repeat",
            "StatusDomain compare changed keys",
            "owner change: 200 \"OwnerChange pending confirmation\" -> StatusOwnerChange",
        ],
    ),
    ptf(
        "ModifyNameserver",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Refused, Settle::Read("StatusNameserver")),
        ["ADD/DEL ip: 540/542; rename: 545", "StatusNameserver", ""],
    ),
    ptf(
        "ModifyRegistrar",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("StatusRegistrar")),
        ["idempotent", "StatusRegistrar", ""],
    ),
    ptf(
        "ModifyRegistrarCurrency",
        When::Always,
        Nature::write(Kind::Modification, Billable::Maybe, Repeat::Harmless, Settle::Read("StatusAccount")),
        ["idempotent (expected)", "StatusAccount currency", ""],
    ),
    ptf(
        "ModifyTag",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Refused, Settle::Read("StatusTag")),
        ["rename: 545", "StatusTag", ""],
    ),
    ptf(
        "PayDomainRenewal",
        When::Has(&["expiration"]),
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Guarded, Settle::Read("StatusDomain")),
        ["charges again unless EXPIRATION/ACCOUNTINGDATE guard", "StatusDomain paiduntildate", "HEXONET"],
    ),
    ptf(
        "PayDomainRenewal",
        When::Has(&["accountingdate"]),
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Guarded, Settle::Read("StatusDomain")),
        ["charges again unless EXPIRATION/ACCOUNTINGDATE guard", "StatusDomain paiduntildate", "HEXONET"],
    ),
    ptf(
        "PayDomainRenewal",
        When::Always,
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("StatusDomain")),
        ["charges again unless EXPIRATION/ACCOUNTINGDATE guard", "StatusDomain paiduntildate", "HEXONET"],
    ),
    ptf(
        "PushDomain",
        When::Always,
        Nature::write(Kind::Transfer, Billable::Maybe, Repeat::Refused, Settle::Read("StatusDomain")),
        ["545/531 after first success", "StatusDomain (531/545 = gone)", "leaves your account"],
    ),
    ptf(
        "PushObject",
        When::Always,
        Nature::write(Kind::Transfer, Billable::No, Repeat::Refused, Settle::Read("StatusDomain")),
        ["531/545", "StatusDomain", "leaves your account"],
    ),
    ptf(
        "ReissueCertificate",
        When::Always,
        Nature::write(Kind::Order, Billable::No, Repeat::Harmful, Settle::Read("StatusCertificate")),
        ["second reissue", "StatusCertificate", ""],
    ),
    ptf(
        "RenewCertificate",
        When::Always,
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("StatusCertificate")),
        ["not guarded", "StatusCertificate expiration", ""],
    ),
    ptf(
        "RenewDomain",
        When::Has(&["expiration"]),
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Guarded, Settle::Read("StatusDomain")),
        [
            "WITH expiration=<year>: 555, or a refusal worded \"Parameter value range error Does not match expiration\" (seen in a third-party client via EPP 2004; PTF number not known); WITHOUT it a repeat renews twice (KB: \"unintended two year renewals\")",
            "StatusDomain: registration expiration date moved by period? needs the value read BEFORE sending",
            "always send EXPIRATION (KB: \"will prevent unintended two year renewals\")",
        ],
    ),
    ptf(
        "RenewDomain",
        When::Always,
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("StatusDomain")),
        [
            "WITH expiration=<year>: 555, or a refusal worded \"Parameter value range error Does not match expiration\" (seen in a third-party client via EPP 2004; PTF number not known); WITHOUT it a repeat renews twice (KB: \"unintended two year renewals\")",
            "StatusDomain: registration expiration date moved by period? needs the value read BEFORE sending",
            "always send EXPIRATION (KB: \"will prevent unintended two year renewals\")",
        ],
    ),
    ptf(
        "RenewServer",
        When::Always,
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("StatusServer")),
        ["not guarded", "StatusServer", ""],
    ),
    ptf(
        "RenewTrademark",
        When::Always,
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("StatusTrademark")),
        ["not guarded", "StatusTrademark expiration", ""],
    ),
    ptf(
        "RenewWebspace",
        When::Always,
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("StatusWebspace")),
        ["not guarded", "StatusWebspace", ""],
    ),
    ptf(
        "RequestDomainPin",
        When::Always,
        Nature::write(Kind::Order, Billable::Maybe, Repeat::Harmful, Settle::Impossible),
        ["second letter", "none", ""],
    ),
    ptf(
        "RequestToken",
        When::Always,
        Nature::write(Kind::Order, Billable::No, Repeat::Harmful, Settle::Impossible),
        ["sends a second mail", "none", "OT&E: 549 \"email sending not available in OTE\""],
    ),
    ptf(
        "ResendNotification",
        When::Always,
        Nature::write(Kind::Order, Billable::No, Repeat::Harmful, Settle::Impossible),
        ["sends a second mail", "none", ""],
    ),
    ptf(
        "ReserveDomain",
        When::Always,
        Nature::write(
            Kind::Creation,
            Billable::Maybe,
            Repeat::Refused,
            Settle::Read("StatusAftermarketDomain"),
        ),
        ["540", "StatusAftermarketDomain", ""],
    ),
    ptf(
        "RestoreContact",
        When::Always,
        Nature::write(Kind::Restore, Billable::No, Repeat::Refused, Settle::Read("StatusContact")),
        ["540/545 (not documented)", "StatusContact 200", ""],
    ),
    ptf(
        "RestoreDomain",
        When::Always,
        Nature::write(Kind::Restore, Billable::Yes, Repeat::Unknown, Settle::Read("StatusDomain")),
        ["not guarded: 552/545 expected, not documented", "StatusDomain (rgp_status gone)", ""],
    ),
    ptf(
        "SendSMS",
        When::Always,
        Nature::write(Kind::Order, Billable::Yes, Repeat::Harmful, Settle::Impossible),
        ["sends and charges again", "QuerySMSList", ""],
    ),
    ptf(
        "SetAuthCode",
        When::Has(&["auth"]),
        Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("StatusDomain")),
        [
            "generates a new code each time if AUTH empty",
            "StatusDomain property auth",
            "idempotent when AUTH given",
        ],
    ),
    ptf(
        "SetAuthCode",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Harmful, Settle::Impossible),
        [
            "generates a new code each time if AUTH empty",
            "StatusDomain property auth",
            "idempotent when AUTH given",
        ],
    ),
    ptf(
        "SetDomainPinLock",
        When::Always,
        Nature::write(
            Kind::Modification,
            Billable::Maybe,
            Repeat::Harmless,
            Settle::List("QueryDomainPinLockList"),
        ),
        ["idempotent (expected)", "QueryDomainPinLockList", ""],
    ),
    ptf(
        "SetDomainRenewalMode",
        When::Always,
        Nature::write(Kind::Modification, Billable::Maybe, Repeat::Harmless, Settle::Read("StatusDomain")),
        ["idempotent", "StatusDomain renewalmode", ""],
    ),
    ptf(
        "SetDomainTransferMode",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("StatusDomain")),
        ["idempotent", "StatusDomain transfermode", ""],
    ),
    ptf(
        "StartSession",
        When::Always,
        Nature::SESSION,
        [
            "a second session (limit 5 / code 521)",
            "none: drop",
            "HTTPS gateway only; property sessionid + expiration date (24 h)",
        ],
    ),
    ptf("StopSession", When::Always, Nature::SESSION, ["530 on unknown session (recorded)", "none", ""]),
    ptf(
        "TradeDomain",
        When::Always,
        Nature::write(Kind::Transfer, Billable::Yes, Repeat::Refused, Settle::Read("StatusDomain")),
        [
            "536/540/552 depending on TLD",
            "StatusDomain owner contact, StatusDomainTransfer/StatusOwnerChange",
            "asynchronous",
        ],
    ),
    ptf(
        "TransferContact",
        When::Always,
        Nature::write(Kind::Transfer, Billable::No, Repeat::Refused, Settle::Read("StatusContact")),
        ["531/545", "StatusContact", ""],
    ),
    ptf(
        "TransferDomain",
        When::Lacks("action"),
        Nature::write(Kind::Transfer, Billable::Yes, Repeat::Refused, Settle::Read("StatusDomainTransfer")),
        [
            "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534",
            "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList",
            "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table",
        ],
    ),
    ptf(
        "TransferDomain",
        When::Is("action", "REQUEST"),
        Nature::write(Kind::Transfer, Billable::Yes, Repeat::Refused, Settle::Read("StatusDomainTransfer")),
        [
            "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534",
            "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList",
            "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table",
        ],
    ),
    ptf(
        "TransferDomain",
        When::Is("action", "APPROVE"),
        Nature::write(
            Kind::Transfer,
            Billable::Maybe,
            Repeat::Refused,
            Settle::Read("QueryForeignTransferList"),
        ),
        [
            "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534",
            "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList",
            "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table",
        ],
    ),
    ptf(
        "TransferDomain",
        When::Is("action", "DENY"),
        Nature::write(
            Kind::Transfer,
            Billable::Maybe,
            Repeat::Refused,
            Settle::Read("QueryForeignTransferList"),
        ),
        [
            "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534",
            "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList",
            "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table",
        ],
    ),
    ptf(
        "TransferDomain",
        When::Is("action", "CANCEL"),
        Nature::write(Kind::Transfer, Billable::Maybe, Repeat::Refused, Settle::Read("StatusDomainTransfer")),
        [
            "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534",
            "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList",
            "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table",
        ],
    ),
    ptf(
        "TransferDomain",
        When::Is("action", "USERTRANSFER"),
        Nature::write(Kind::Transfer, Billable::Yes, Repeat::Unknown, Settle::Read("StatusDomain")),
        [
            "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534",
            "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList",
            "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table",
        ],
    ),
    ptf(
        "TransferDomain",
        When::Always,
        Nature::write(Kind::Transfer, Billable::Yes, Repeat::Unknown, Settle::Impossible),
        [
            "REQUEST: 536 or 540 \"already assigned\"; APPROVE/DENY/CANCEL: 534",
            "StatusDomainTransfer 200/545, QueryTransferList; APPROVE/DENY: QueryForeignTransferList",
            "ACTION=REQUEST|APPROVE|DENY|CANCEL|USERTRANSFER each needs its own row in a policy table",
        ],
    ),
    ptf(
        "UpdateDynamicDNS",
        When::Always,
        Nature::write(Kind::Modification, Billable::No, Repeat::Harmless, Settle::Read("StatusDynamicDNS")),
        ["idempotent", "StatusDynamicDNS", ""],
    ),
    rrp(
        "add",
        When::Is("EntityName", "Domain"),
        Nature::write(Kind::Creation, Billable::Yes, Repeat::Refused, Settle::Read("STATUS")),
        [
            "554 (same registrar) / 540 (other)",
            "STATUS Domain: 200 / 531 (other registrar) / CHECK 211-210",
            "RFC 4.3: RRP features provide idempotency",
        ],
    ),
    rrp(
        "add",
        When::Is("EntityName", "NameServer"),
        Nature::write(Kind::Creation, Billable::No, Repeat::Refused, Settle::Read("STATUS")),
        ["540", "STATUS NameServer / CHECK 213", ""],
    ),
    rrp("check", When::Always, Nature::READ, ["idempotent", "n/a", ""]),
    rrp(
        "del",
        When::Always,
        Nature::write(Kind::Deletion, Billable::Maybe, Repeat::Refused, Settle::Read("STATUS")),
        ["545", "STATUS 545 / CHECK 210|212", "RFC lists 545 for DEL"],
    ),
    rrp(
        "describe",
        When::Always,
        Nature::READ,
        ["idempotent", "n/a", "valid before or after SESSION? only after (RFC: SESSION first)"],
    ),
    rrp(
        "mod",
        When::Is("EntityName", "Domain"),
        Nature::write(Kind::Modification, Billable::No, Repeat::Refused, Settle::Read("STATUS")),
        ["add value: 540; remove value: 542/545", "STATUS", "value suffix = means remove; old=new replaces"],
    ),
    rrp(
        "mod",
        When::Is("EntityName", "NameServer"),
        Nature::write(Kind::Modification, Billable::No, Repeat::Refused, Settle::Read("STATUS")),
        ["rename: 545; ip add 540", "STATUS old/new name", ""],
    ),
    rrp("quit", When::Always, Nature::SESSION, ["connection is gone", "n/a", "success code is 220, not 200"]),
    rrp(
        "renew",
        When::Has(&["Period", "CurrentExpirationYear"]),
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Guarded, Settle::Read("STATUS")),
        [
            "with -Period and -CurrentExpirationYear: 555; without both options: renews again",
            "STATUS registration expiration date",
            "RFC: period and year must come together",
        ],
    ),
    rrp(
        "renew",
        When::Always,
        Nature::write(Kind::Renewal, Billable::Yes, Repeat::Harmful, Settle::Read("STATUS")),
        [
            "with -Period and -CurrentExpirationYear: 555; without both options: renews again",
            "STATUS registration expiration date",
            "RFC: period and year must come together",
        ],
    ),
    rrp(
        "session",
        When::Always,
        Nature::SESSION,
        ["547 or new session", "n/a", "second failed login: server SHOULD close"],
    ),
    rrp("status", When::Always, Nature::READ, ["idempotent", "n/a", ""]),
    rrp(
        "transfer",
        When::Lacks("Approve"),
        Nature::write(Kind::Transfer, Billable::Yes, Repeat::Refused, Settle::Impossible),
        [
            "536",
            "CHECK/STATUS 531 until moved; 536 on repeat is the evidence",
            "STATUS shows pending only to the sponsor",
        ],
    ),
    rrp(
        "transfer",
        When::Always,
        Nature::write(Kind::Transfer, Billable::No, Repeat::Refused, Settle::Read("STATUS")),
        ["534", "STATUS registrar transfer date", "RFC 3632: requester may cancel with -Approve:No"],
    ),
];
