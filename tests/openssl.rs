//! The connector against `openssl s_server`, each failure provoked for real.
#![cfg(feature = "tls")]

use std::time::Duration;

use rcgen::date_time_ymd;
use rrp::net::{
    Cause, ConnectDeadlines, ConnectError, Connector, Endpoint, Pin, Stream, Tls, TlsVersion, Transport,
};
use rrp::session::Stage;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

use openssl::Server;
use pki::{Ca, self_signed};

#[path = "support/openssl.rs"]
mod openssl;
#[path = "support/pki.rs"]
mod pki;

const NAME: &str = "rrp.example.com";

fn endpoint(port: u16) -> Endpoint {
    Endpoint::new(NAME, port).unwrap()
}

/// Connects as `rrp.example.com`.
async fn connect(server: &Server, tls: Tls) -> Result<Stream, ConnectError> {
    Connector::tls(tls).connect_to(&endpoint(server.address().port()), [server.address()]).await
}

async fn refused(server: &Server, tls: Tls) -> ConnectError {
    let error = connect(server, tls).await.expect_err("a connection");
    assert_eq!(error.stage(), Stage::Tls);
    assert_eq!(error.tried().len(), 1);
    assert!(error.to_string().starts_with("tls: "), "{error}");
    error
}

/// One line there and back: what comes is what went, reversed.
async fn echo(stream: Stream) {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"domain\n").await.unwrap();
    stream.get_mut().flush().await.unwrap();
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    assert_eq!(line, "niamod\n");
}

fn trusting(ca: &Ca) -> Tls {
    Tls::ca_pem(ca.pem().as_bytes()).unwrap()
}

#[tokio::test]
async fn data_goes_both_ways() {
    let ca = Ca::new("a CA");
    let issued = ca.server(&[NAME, "192.0.2.1"]);
    for (options, version) in [(&["-tls1_2"][..], "TLS 1.2"), (&["-tls1_3"], "TLS 1.3"), (&[], "TLS 1.3")] {
        let server = Server::start(&issued, options);
        let stream = connect(&server, trusting(&ca)).await.unwrap();
        let info = stream.tls().unwrap();
        assert_eq!(info.version(), version);
        assert!(info.cipher_suite().starts_with("TLS"), "{}", info.cipher_suite());
        assert!(info.verified() && info.warning().is_none());
        assert_eq!(info.pin(), issued.pin);
        let [certificate] = info.certificates() else { panic!("{info:?}") };
        assert_eq!(certificate.names(), [NAME, "192.0.2.1"]);
        assert_eq!((certificate.subject(), certificate.issuer()), ("CN=a server", "CN=a CA"));
        assert_eq!(certificate.not_before_text(), "1975-01-01T00:00:00Z");
        assert_eq!(stream.peer_addr(), server.address());
        assert!(stream.tried().is_empty());
        echo(stream).await;
    }
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let ca = Ca::new("a CA");
    let server = Server::start(&ca.server(&["other.example.net", "b.example.net"]), &[]);
    let error = refused(&server, trusting(&ca)).await;
    assert_eq!(
        error.to_string(),
        "tls: certificate is for another name: asked for `rrp.example.com`, it is for `other.example.net`, \
         `b.example.net`"
    );
    assert_eq!(
        error.fix(),
        "the certificate is for `other.example.net`, `b.example.net`: connect to one of these names, or set the \
         server name"
    );
    // And the fix fixes it.
    let tls = trusting(&ca).server_name("other.example.net").unwrap();
    echo(connect(&server, tls).await.unwrap()).await;
}

#[tokio::test]
async fn a_server_that_does_not_know_the_name() {
    let ca = Ca::new("a CA");
    let (issued, other) = (ca.server(&[NAME]), ca.server(&["other.example.net"]));
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(files.path().join(name), text).unwrap();
        files.path().join(name).into_os_string().into_string().unwrap()
    };
    let (certificate, key) = (file("cert2.pem", &other.certificate), file("key2.pem", &other.key));
    let only =
        ["-servername", "other.example.net", "-servername_fatal", "-cert2", &certificate, "-key2", &key];
    let server = Server::start(&issued, &only);
    let error = refused(&server, trusting(&ca)).await;
    assert_eq!(error.cause(), &Cause::UnknownServerName { asked: NAME.into() });
    assert!(error.fix().contains("set the server name"), "{}", error.fix());
    echo(connect(&server, trusting(&ca).server_name("other.example.net").unwrap()).await.unwrap()).await;
}

#[tokio::test]
async fn a_certificate_out_of_its_time() {
    let ca = Ca::new("a CA");
    let issued = ca.issue(&[NAME], |params| {
        params.not_before = date_time_ymd(2019, 1, 31);
        params.not_after = date_time_ymd(2020, 1, 31);
    });
    let server = Server::start(&issued, &[]);
    let in_year = |year: u64| {
        let since = Duration::from_secs((year - 1970) * 31_556_952);
        trusting(&ca).clock(move || std::time::UNIX_EPOCH + since)
    };
    let expired = refused(&server, in_year(2021)).await;
    assert_eq!(expired.to_string(), "tls: certificate has expired: `2020-01-31T00:00:00Z`");
    assert_eq!(expired.cause(), &Cause::Expired { not_after: "2020-01-31T00:00:00Z".into() });
    assert!(expired.fix().contains("registry must renew"), "{}", expired.fix());
    // By the system's clock, too.
    assert!(matches!(refused(&server, trusting(&ca)).await.cause(), Cause::Expired { .. }));

    let early = refused(&server, in_year(2018)).await;
    assert_eq!(early.cause(), &Cause::NotYetValid { not_before: "2019-01-31T00:00:00Z".into() });
    assert_eq!(early.fix(), "check the clock of this machine");

    let date = date_time_ymd(2019, 7, 1).unix_timestamp();
    let tls = trusting(&ca)
        .clock(move || std::time::UNIX_EPOCH + Duration::from_secs(u64::try_from(date).unwrap()));
    echo(connect(&server, tls).await.unwrap()).await;
}

#[tokio::test]
async fn a_certificate_of_an_unknown_ca() {
    let (ca, other) = (Ca::new("a CA"), Ca::new("\u{202e}evil\r\n`CA`"));
    let issued = other.server(&[NAME]);
    let server = Server::start(&issued, &[]);
    let error = refused(&server, trusting(&ca)).await;
    let Cause::UnknownIssuer { issuer, self_signed: false, pin } = error.cause() else { panic!("{error}") };
    assert_eq!(*pin, Some(issued.pin));
    assert!(issuer.starts_with("CN=") && issuer.contains("\\u{202e}"), "{issuer}");
    assert!(!error.to_string().contains(|c: char| c.is_control() || c == '\u{202e}'), "{error}");
    assert_eq!(error.fix(), "ask the registry for the certificate of its CA, and add it to the CA file");
    let both = trusting(&ca).add_ca_pem(other.pem().as_bytes()).unwrap();
    echo(connect(&server, both).await.unwrap()).await;
}

#[tokio::test]
async fn a_self_signed_certificate() {
    for ca in [false, true] {
        let issued = self_signed(&[NAME], ca);
        let server = Server::start(&issued, &[]);
        let error = refused(&server, trusting(&Ca::new("a CA"))).await;
        assert_eq!(error.to_string(), "tls: certificate is self-signed and not trusted");
        assert_eq!(
            error.fix(),
            format!("pin its key alone, once the registry has confirmed `{}`", issued.pin)
        );
        let pinned = Tls::pinned_key_only([issued.pin]).unwrap();
        echo(connect(&server, pinned).await.unwrap()).await;

        // In the CA file, one that is not a CA's does.
        let trusted = Tls::ca_pem(issued.certificate.as_bytes()).unwrap();
        if ca {
            let error = refused(&server, trusted).await;
            assert!(matches!(error.cause(), Cause::UnusableCertificate { pin: Some(_), .. }), "{error}");
            assert!(error.fix().contains("pin its key alone"), "{}", error.fix());
        } else {
            echo(connect(&server, trusted).await.unwrap()).await;
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_for_servers() {
    let ca = Ca::new("a CA");
    let server = Server::start(&ca.client(), &[]);
    let error = refused(&server, trusting(&ca)).await;
    // The name is looked at last.
    assert!(matches!(error.cause(), Cause::UnusableCertificate { .. }), "{error}");
}

/// The name of one that is trusted, and another key: an earlier CA of the same name, or somebody who plays it.
#[tokio::test]
async fn a_certificate_of_a_ca_that_goes_by_the_same_name() {
    let (trusted, namesake) = (Ca::new("a CA"), Ca::new("a CA"));
    let server = Server::start(&namesake.server(&[NAME]), &[]);
    let error = refused(&server, trusting(&trusted)).await;
    assert!(matches!(error.cause(), Cause::UnknownIssuer { self_signed: false, .. }), "{error}");
}

#[tokio::test]
async fn pins() {
    let ca = Ca::new("a CA");
    let issued = ca.server(&[NAME]);
    let server = Server::start(&issued, &[]);
    let wrong = Pin::from_sha256([0; 32]);

    for tls in [trusting(&ca).pin(wrong), Tls::pinned_key_only([wrong]).unwrap()] {
        let error = refused(&server, tls).await;
        assert_eq!(error.cause(), &Cause::PinMismatch { seen: issued.pin });
        assert!(error.to_string().ends_with(&format!("its pin is `{}`", issued.pin)), "{error}");
        assert!(error.fix().contains(&issued.pin.to_string()));
    }
    for tls in [trusting(&ca).pin(wrong).pin(issued.pin), Tls::pinned_key_only([wrong, issued.pin]).unwrap()]
    {
        let stream = connect(&server, tls).await.unwrap();
        assert!(stream.tls().unwrap().verified());
        echo(stream).await;
    }
    // A pin beside a chain does not replace it, and a chain asked for behind a pin is asked for.
    let another = Ca::new("another CA");
    let behind = Tls::pinned_key_only([issued.pin]).unwrap().add_ca_pem(another.pem().as_bytes()).unwrap();
    let danger = Tls::danger_accept_any_certificate().add_ca_pem(another.pem().as_bytes()).unwrap();
    for tls in [trusting(&another).pin(issued.pin), behind, danger] {
        let error = refused(&server, tls).await;
        assert!(matches!(error.cause(), Cause::UnknownIssuer { .. }), "{error}");
    }
}

#[tokio::test]
async fn versions_in_common() {
    let ca = Ca::new("a CA");
    let issued = ca.server(&[NAME]);
    let server = Server::start(&issued, &["-tls1_2"]);
    let error = refused(&server, trusting(&ca).min_version(TlsVersion::V1_3)).await;
    assert_eq!(error.cause(), &Cause::ProtocolVersion);
    assert!(error.fix().contains("minimum version"), "{}", error.fix());

    // Out of date: TLS 1.1, and a cipher without forward secrecy.
    let server = Server::start(&issued, &["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]);
    assert_eq!(refused(&server, trusting(&ca)).await.cause(), &Cause::ProtocolVersion);
    let server = Server::start(&issued, &["-tls1_2", "-cipher", "AES128-SHA"]);
    assert_eq!(refused(&server, trusting(&ca)).await.cause(), &Cause::NothingInCommon);
}

#[tokio::test]
async fn client_certificates() {
    let (ca, clients, others) = (Ca::new("a CA"), Ca::new("the registry's CA"), Ca::new("another CA"));
    let issued = ca.server(&[NAME]);
    let files = tempfile::tempdir().unwrap();
    let ca_file = files.path().join("clients.pem");
    std::fs::write(&ca_file, clients.pem()).unwrap();
    let asking = ["-Verify", "1", "-verify_return_error", "-CAfile", ca_file.to_str().unwrap()];

    // TLS 1.2: in the handshake.
    let server = Server::start(&issued, &[&asking[..], &["-tls1_2"]].concat());
    let error = refused(&server, trusting(&ca)).await;
    assert_eq!(error.cause(), &Cause::ClientCertificateRequired);
    assert!(error.fix().contains("client certificate"), "{}", error.fix());
    let with = |client: &pki::Issued| {
        trusting(&ca).client_certificate(client.certificate.as_bytes(), client.key.as_bytes()).unwrap()
    };
    let error = refused(&server, with(&others.client())).await;
    assert!(matches!(error.cause(), Cause::ClientCertificateRefused { .. }), "{error}");
    echo(connect(&server, with(&clients.client())).await.unwrap()).await;

    // TLS 1.3: with the first read.
    let server = Server::start(&issued, &[&asking[..], &["-tls1_3"]].concat());
    let mut stream = connect(&server, trusting(&ca)).await.unwrap();
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(stream.explain(&error), Some(Cause::ClientCertificateRequired), "{error}");
    let mut stream = connect(&server, with(&others.client())).await.unwrap();
    let error = stream.read_u8().await.unwrap_err();
    let cause = rrp::net::explain_io(&error).unwrap();
    assert!(matches!(cause, Cause::ClientCertificateRefused { .. }), "{cause:?}");
    echo(connect(&server, with(&clients.client())).await.unwrap()).await;
}

#[tokio::test]
async fn any_certificate_is_accepted_loudly() {
    let issued = self_signed(&["elsewhere.example.org"], true);
    let server = Server::start(&issued, &[]);
    let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .with_writer({
            let log = std::sync::Arc::clone(&log);
            move || Log(std::sync::Arc::clone(&log))
        })
        .finish();
    let stream = {
        let _guard = tracing::subscriber::set_default(subscriber);
        connect(&server, Tls::danger_accept_any_certificate()).await.unwrap()
    };
    let info = stream.tls().unwrap();
    assert!(!info.verified());
    let warning = info.warning().unwrap();
    assert!(warning.contains("NOT verified") && warning.contains(&issued.pin.to_string()), "{warning}");
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let line = log.lines().find(|line| line.contains("WARN")).unwrap();
    assert!(line.contains(&warning), "{line}");
    assert!(log.lines().any(|line| line.contains("DEBUG") && line.contains("connecting")), "{log}");
    echo(stream).await;

    // With a pin nothing dangerous is left.
    let wrong = Tls::danger_accept_any_certificate().pin(Pin::from_sha256([1; 32]));
    assert_eq!(refused(&server, wrong).await.cause(), &Cause::PinMismatch { seen: issued.pin });
}

#[derive(Clone)]
struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_tls_port_spoken_to_in_plain() {
    let server = Server::start(&Ca::new("a CA").server(&[NAME]), &[]);
    let mut stream =
        Connector::plain().connect_to(&endpoint(server.address().port()), [server.address()]).await.unwrap();
    assert!(stream.tls().is_none());
    // It waits for us to speak.
    tokio::time::pause();
    let mut byte = [0];
    tokio::time::timeout(Duration::from_secs(30), stream.read(&mut byte)).await.expect_err("a greeting");
    tokio::time::resume();
    assert!(!stream.kernel_readable().unwrap());
    let cause = Cause::silent_before_greeting(&stream);
    assert_eq!(cause, Cause::SilentBeforeGreeting { tls: false });
    assert!(cause.fix().starts_with("check whether the port is one for TLS"), "{}", cause.fix());

    // Spoken to, it hangs up.
    stream.write_all(b"session\r\n-Id:registrar\r\n-Password:secret\r\n.\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    let cause = Cause::ended_before_greeting(&stream);
    assert!(cause.fix().contains("`127.0.0.1`") && cause.fix().contains("one for TLS"), "{}", cause.fix());
}

#[tokio::test]
async fn session_tickets_are_no_protocol_bytes() {
    let ca = Ca::new("a CA");
    let server = Server::start(&ca.server(&[NAME]), &["-tls1_3", "-num_tickets", "2"]);
    let mut stream = connect(&server, trusting(&ca)).await.unwrap();
    // The tickets come on their own. The kernel has them before the runtime is asked anything.
    std::future::poll_fn(|cx| stream.poll_kernel_readable(cx)).await.unwrap();
    assert!(stream.kernel_readable().unwrap());
    let mut byte = [0];
    let mut reads = 0;
    while stream.kernel_readable().unwrap() {
        std::future::poll_fn(|cx| stream.poll_kernel_readable(cx)).await.unwrap();
        let mut buffer = tokio::io::ReadBuf::new(&mut byte);
        let polled = std::future::poll_fn(|cx| {
            std::task::Poll::Ready(tokio::io::AsyncRead::poll_read(
                std::pin::Pin::new(&mut stream),
                cx,
                &mut buffer,
            ))
        })
        .await;
        assert!(polled.is_pending(), "{polled:?}");
        assert!(buffer.filled().is_empty());
        reads += 1;
    }
    assert!(reads >= 1);
    echo(stream).await;
}

#[tokio::test]
async fn a_handshake_deadline() {
    let ca = Ca::new("a CA");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connector =
        Connector::tls(trusting(&ca)).deadlines(ConnectDeadlines::default().tls(Duration::from_secs(7)));
    tokio::time::pause();
    let error = connector.connect_to(&endpoint(address.port()), [address]).await.unwrap_err();
    assert_eq!(error.cause(), &Cause::Timeout { stage: Stage::Tls, after: Some(Duration::from_secs(7)) });
    assert_eq!(error.to_string(), "tls: no answer within 7s");
    assert!(error.fix().contains("check that the port is the one for TLS"), "{}", error.fix());
}
