use crate::drive::{Client, config};

#[test]
fn registers_renews_and_quits() {
    let mut client = Client::new(config());
    assert_eq!(
        client.ask("add\nEntityName:Domain\nDomainName:example.com\n-Period:10\n."),
        "200 Command completed successfully\r\nregistration expiration date:2009-09-22 10:27:00.0\r\nstatus:ACTIVE\r\n.\r\n"
    );
    let status = client.ptf("command = StatusDomain\ndomain = example.com");
    assert_eq!(status.one("registrationexpirationdate"), "2009-09-22 10:27:00");
    assert_eq!(client.code("quit"), 220);
    assert_eq!(client.closed, Some(rrp::sim::Close::Orderly));
}
