//! Endpoints, connectors and what they say when there is no connection, against servers of this process.
#![cfg(feature = "tls")]

use std::error::Error as _;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rrp::net::{
    Cause, ConnectDeadlines, Connector, Endpoint, Family, Pin, Stream, Tls, Transport, explain_io,
};
use rrp::session::Stage;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use pki::{Ca, Issued};

#[path = "support/pki.rs"]
mod pki;

const LOOPBACK: &str = "127.0.0.1:0";
const GREETING: &[u8] = b"Example Registry RRP Server version 1.1.0\r\nSat Jan 31 12:00:00 2026\r\n.\r\n";

fn endpoint(address: SocketAddr) -> Endpoint {
    address.to_string().parse().unwrap()
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A port that is taken and refuses.
fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(LOOPBACK.parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Both ends of a plain connection.
async fn plain_pair() -> (Stream, TcpStream) {
    let (listener, address) = listener().await;
    let stream = Connector::plain().connect(&endpoint(address)).await.unwrap();
    (stream, listener.accept().await.unwrap().0)
}

/// Both ends of a TLS connection.
async fn tls_pair() -> (Stream, tokio_rustls::server::TlsStream<TcpStream>) {
    let ca = Ca::new("a CA");
    let issued = ca.server(&["127.0.0.1"]);
    let (listener, address) = listener().await;
    let connector = Connector::tls(Tls::ca_pem(ca.pem().as_bytes()).unwrap());
    let (client, server) = (endpoint(address), acceptor(&issued));
    let accepted = async { server.accept(listener.accept().await.unwrap().0).await.unwrap() };
    let (stream, accepted) = tokio::join!(connector.connect(&client), accepted);
    (stream.unwrap(), accepted)
}

fn acceptor(issued: &Issued) -> tokio_rustls::TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    Arc::new(config).into()
}

fn any_tls() -> Connector {
    Connector::tls(Tls::pinned_key_only([Pin::from_sha256([7; 32])]).unwrap())
}

/// Waits, in the kernel, until there is something to read, and never asks the runtime.
fn wait_for_the_kernel(transport: &impl Transport) {
    while !transport.kernel_readable().unwrap() {
        std::thread::yield_now();
    }
}

#[test]
fn endpoints_are_read() {
    for (text, host, port, shown) in [
        ("rrp.example.com", "rrp.example.com", 2001, "rrp.example.com:2001"),
        ("RRP.Example.COM.:648", "rrp.example.com", 648, "rrp.example.com:648"),
        ("localhost:1", "localhost", 1, "localhost:1"),
        ("under_score.example.net", "under_score.example.net", 2001, "under_score.example.net:2001"),
        ("192.0.2.1", "192.0.2.1", 2001, "192.0.2.1:2001"),
        ("192.0.2.1:65535", "192.0.2.1", 65535, "192.0.2.1:65535"),
        ("2001:DB8:0::1", "2001:db8::1", 2001, "[2001:db8::1]:2001"),
        ("[2001:db8::1]", "2001:db8::1", 2001, "[2001:db8::1]:2001"),
        ("[::1]:3001", "::1", 3001, "[::1]:3001"),
    ] {
        let endpoint: Endpoint = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((endpoint.host(), endpoint.port()), (host, port), "{text}");
        assert_eq!(endpoint.to_string(), shown);
        assert_eq!(endpoint, shown.parse().unwrap());
        assert_eq!(endpoint.address(), host.parse().ok());
    }
}

#[test]
fn what_is_no_endpoint_says_why() {
    for (text, part) in [
        ("", "no host"),
        (":2001", "no host"),
        ("rrp.example.com:", "1 to 65535"),
        ("rrp.example.com:0", "1 to 65535"),
        ("rrp.example.com:+1", "1 to 65535"),
        ("rrp.example.com:65536", "1 to 65535"),
        ("[::1]:0", "1 to 65535"),
        ("https://rrp.example.com", "1 to 65535"),
        ("rrp.example.com/x", "`/` at byte 15"),
        ("rrp\r\n.example.com", "`\\r` at byte 3"),
        ("m\u{fc}ller.example", "`\\u{fc}` at byte 1"),
        ("[::1", "brackets"),
        ("[rrp.example.com]:1", "brackets"),
        ("[::1]2001", "brackets"),
        ("::1:2:3:4:5:6:7:8:9", "several colons"),
        ("10.0.0.256", "no whole IPv4 address"),
        ("rrp..example.com", "empty part"),
    ] {
        let error = text.parse::<Endpoint>().expect_err(text).to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    assert!("a".repeat(254).parse::<Endpoint>().is_err());
    assert!("a".repeat(64).parse::<Endpoint>().is_err());
    assert!("a".repeat(63).parse::<Endpoint>().is_ok());
}

#[tokio::test]
async fn plain_text_stays_on_loopback() {
    // Not even tried: nothing listens there.
    for host in ["192.0.2.1", "[2001:db8::1]", "0.0.0.0"] {
        let error = Connector::plain().connect(&host.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error.cause(), Cause::PlainTextNotAllowed { .. }), "{error}");
        assert_eq!(error.stage(), Stage::Connect);
        assert!(error.fix().contains("use TLS"), "{}", error.fix());
    }
    // It is the address that counts, not the name.
    let named: Endpoint = "localhost".parse().unwrap();
    let error = Connector::plain().connect_to(&named, ["192.0.2.1:2001".parse().unwrap()]).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(text, "connect: plain text is allowed to loopback only, and `192.0.2.1` is not");
}

/// Linux takes 0.0.0.0 for this machine, which is as near to another one as a test may come.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn plain_text_goes_over_the_network_only_if_told_so() {
    let (_listener, address) = listener().await;
    let elsewhere: Endpoint = format!("0.0.0.0:{}", address.port()).parse().unwrap();
    assert!(Connector::plain().connect(&elsewhere).await.is_err());
    Connector::plain().allow_plain_text_over_the_network().connect(&elsewhere).await.unwrap();
    // TLS stays TLS.
    assert!(format!("{:?}", any_tls().allow_plain_text_over_the_network()).contains("Tls("));
}

#[tokio::test]
async fn a_name_is_looked_up() {
    let (_listener, address) = listener().await;
    let named: Endpoint = format!("localhost:{}", address.port()).parse().unwrap();
    let stream = Connector::plain().only(Family::V4).connect(&named).await.unwrap();
    assert_eq!(stream.peer_addr(), address);
    assert!(stream.local_addr().ip().is_loopback());
}

#[tokio::test]
async fn every_address_is_tried() {
    let ((_one, one), (_two, two), (_listener, good)) = (refusing(), refusing(), listener().await);
    let connector = Connector::plain();
    let named: Endpoint = "rrp.example.com".parse().unwrap();
    let network: SocketAddr = "192.0.2.1:2001".parse().unwrap();
    let stream = connector.connect_to(&named, [one, network, one, two, good]).await.unwrap();
    assert_eq!(stream.peer_addr(), good);
    let tried: Vec<_> = stream.tried().iter().map(|tried| (tried.address(), tried.stage())).collect();
    assert_eq!(tried, [one, network, two].map(|address| (address, Stage::Connect)));
    assert_eq!(stream.tried()[0].to_string(), format!("`{one}`: connect: connection refused"));

    let error = connector.connect_to(&named, [one, two]).await.unwrap_err();
    assert_eq!(error.cause(), &Cause::ConnectionRefused);
    assert_eq!(error.to_string(), "connect: connection refused (2 addresses tried)");
    assert_eq!(error.tried().len(), 2);
    assert_eq!(error.fix(), "check host and port, and whether the server runs");
    assert!(error.source().is_none(), "the system would say it once more");

    let error = connector.connect_to(&named, []).await.unwrap_err();
    assert_eq!((error.stage(), error.cause()), (Stage::Dns, &Cause::NoAddress { only: None }));
    let error = connector.only(Family::V6).connect(&endpoint(good)).await.unwrap_err();
    assert_eq!(error.to_string(), "dns: the name has no IPv6 address");
}

#[tokio::test]
async fn the_error_is_that_of_the_address_that_got_furthest() {
    let ((_socket, refused), (listener, closing)) = (refusing(), listener().await);
    let closes = async { drop(listener.accept().await.unwrap()) };
    let named: Endpoint = "rrp.example.com".parse().unwrap();
    let connector = any_tls();
    let (error, ()) = tokio::join!(connector.connect_to(&named, [refused, closing, refused]), closes);
    let error = error.unwrap_err();
    assert_eq!(error.stage(), Stage::Tls);
    let source: Option<IpAddr> = "127.0.0.1".parse().ok();
    assert_eq!(error.cause(), &Cause::ClosedDuringHandshake { source });
    assert_eq!(
        error.fix(),
        "ask the registry whether this source address (`127.0.0.1`) is on its list of those that may connect, and \
         check that the port is the one for TLS"
    );
    assert_eq!(error.tried().len(), 2);
}

#[tokio::test]
async fn a_plain_text_port_spoken_to_in_tls() {
    let (listener, address) = listener().await;
    let greets = async {
        let mut accepted = listener.accept().await.unwrap().0;
        accepted.write_all(GREETING).await.unwrap();
        accepted
    };
    let (endpoint, connector) = (endpoint(address), any_tls());
    let (error, _accepted) = tokio::join!(connector.connect(&endpoint), greets);
    let error = error.unwrap_err();
    let Cause::PlainTextOnTlsPort { received } = error.cause() else { panic!("{error}") };
    assert!(received.starts_with("Example Registry RRP Server version 1.1.0\\r\\nSat"), "{received}");
    assert!(received.len() < 100);
    assert!(!error.to_string().contains('\n'));
    assert_eq!(
        error.fix(),
        "the server speaks plain text on this port: RRP over TLS is usually on another port"
    );
}

#[tokio::test]
async fn a_server_that_speaks_neither() {
    let (listener, address) = listener().await;
    let speaks = async {
        let mut accepted = listener.accept().await.unwrap().0;
        accepted.write_all(&[0, 1, 2, 3, 4, 5, 6, 7]).await.unwrap();
        accepted
    };
    let (endpoint, connector) = (endpoint(address), any_tls());
    let (error, _accepted) = tokio::join!(connector.connect(&endpoint), speaks);
    assert!(matches!(error.unwrap_err().cause(), Cause::Tls { .. }));
}

#[tokio::test]
async fn source_addresses() {
    let (listener, address) = listener().await;
    let elsewhere: IpAddr = "192.0.2.1".parse().unwrap();
    let error = Connector::plain().source(elsewhere).connect(&endpoint(address)).await.unwrap_err();
    assert_eq!(error.cause(), &Cause::SourceAddress { address: Some(elsewhere), family: Family::V4 });
    assert_eq!(error.to_string(), "connect: source address `192.0.2.1` cannot be used");
    assert!(error.fix().contains("an address of this machine"), "{}", error.fix());
    assert!(error.source().is_some());

    // Given one for the other family only, no other address is made up.
    let six: IpAddr = "::1".parse().unwrap();
    let error = Connector::plain().source(six).connect(&endpoint(address)).await.unwrap_err();
    assert_eq!(error.cause(), &Cause::SourceAddress { address: None, family: Family::V4 });

    if cfg!(target_os = "linux") {
        let own: IpAddr = "127.0.0.9".parse().unwrap();
        let stream = Connector::plain().source(six).source(own).connect(&endpoint(address)).await.unwrap();
        assert_eq!(listener.accept().await.unwrap().1.ip(), own);
        assert_eq!((stream.local_addr().ip(), stream.source_address()), (own, Some(own)));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn socket_options() {
    let (_listener, address) = listener().await;
    let stream = Connector::plain().connect(&endpoint(address)).await.unwrap();
    let socket = socket2::SockRef::from(&stream);
    assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(30)));

    let connector = Connector::plain()
        .keepalive(Some(Duration::from_millis(1)))
        .user_timeout(Some(Duration::from_secs(9)));
    let stream = connector.connect(&endpoint(address)).await.unwrap();
    let socket = socket2::SockRef::from(&stream);
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(1));
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(9)));

    let stream =
        Connector::plain().keepalive(None).user_timeout(None).connect(&endpoint(address)).await.unwrap();
    assert!(!socket2::SockRef::from(&stream).keepalive().unwrap());
}

/// A server whose queue of connections is full does not answer the next.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connect_deadline() {
    let (socket, address) = refusing();
    let _listener = socket.listen(1).unwrap();
    let deadlines = ConnectDeadlines::default().connect(Duration::from_secs(5));
    let connector = Connector::plain().deadlines(deadlines);
    tokio::time::pause();
    let mut waiting = Vec::new();
    let error = loop {
        match connector.connect(&endpoint(address)).await {
            Ok(stream) if waiting.len() < 32 => waiting.push(stream),
            Ok(_) => panic!("a queue of one took {}", waiting.len()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "connect: no answer within 5s");
    assert_eq!(error.cause(), &Cause::Timeout { stage: Stage::Connect, after: Some(Duration::from_secs(5)) });
    assert!(error.fix().contains("firewall"), "{}", error.fix());
}

#[tokio::test]
async fn the_kernel_is_asked_and_not_the_runtime() {
    let (mut stream, mut server) = plain_pair().await;
    assert!(!stream.kernel_readable().unwrap());
    server.write_all(GREETING).await.unwrap();
    wait_for_the_kernel(&stream);
    // The runtime has not looked since; it does now.
    poll_fn(|cx| stream.poll_kernel_readable(cx)).await.unwrap();
    let mut greeting = vec![0; GREETING.len()];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, GREETING);
    assert!(!stream.kernel_readable().unwrap());

    // An end is something to read, before and after.
    drop(server);
    wait_for_the_kernel(&stream);
    assert_eq!(stream.read(&mut greeting).await.unwrap(), 0);
    assert!(stream.kernel_readable().unwrap());
    let cause = Cause::ended_before_greeting(&stream);
    assert_eq!(cause.to_string(), "connection ended before the registry greeted");
    assert!(cause.fix().contains("this source address (`127.0.0.1`)"), "{}", cause.fix());
}

#[tokio::test]
async fn an_aborted_connection_is_reset() {
    let (stream, mut server) = plain_pair().await;
    stream.abort();
    drop(stream);
    let error = server.read(&mut [0]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);

    // The other way round: the kernel tells of the reset.
    let (stream, server) = plain_pair().await;
    Transport::abort(&server);
    drop(server);
    let error = loop {
        match stream.kernel_readable() {
            Ok(readable) => assert!(!readable),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(explain_io(&error), None);
}

#[tokio::test]
async fn plaintext_comes_out_of_tls() {
    let (mut stream, mut server) = tls_pair().await;
    assert!(Transport::is_tls(&stream));
    server.write_all(GREETING).await.unwrap();
    server.flush().await.unwrap();
    let mut greeting = vec![0; GREETING.len()];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(greeting, GREETING);

    server.shutdown().await.unwrap();
    wait_for_the_kernel(&stream);
    assert_eq!(stream.read(&mut greeting).await.unwrap(), 0);
    let cause = Cause::ended_before_greeting(&stream);
    assert!(cause.fix().contains("sessions left") && !cause.fix().contains("TLS"), "{}", cause.fix());

    // An end without `close_notify` may be anybody's: it is an error.
    let (mut stream, server) = tls_pair().await;
    drop(server);
    assert!(stream.read(&mut greeting).await.is_err());
}

#[tokio::test]
async fn of_many_names_ten_are_shown() {
    let ca = Ca::new("a CA");
    let names: Vec<String> = (0..11).map(|at| format!("n{at}.example.net")).collect();
    for count in [10, 11] {
        let issued = ca.server(&names.iter().take(count).map(String::as_str).collect::<Vec<_>>());
        let (listener, address) = listener().await;
        let connector = Connector::tls(Tls::ca_pem(ca.pem().as_bytes()).unwrap());
        let (client, server) = (endpoint(address), acceptor(&issued));
        let accepted = async { server.accept(listener.accept().await.unwrap().0).await.map(drop) };
        let (error, accepted) = tokio::join!(connector.connect(&client), accepted);
        assert!(accepted.is_err());
        let asked = "127.0.0.1".into();
        assert_eq!(
            error.unwrap_err().cause(),
            &Cause::CertificateForAnotherName { asked, names: names[..10].to_vec() }
        );
    }
}

#[tokio::test]
async fn other_transports() {
    let (mut ours, mut theirs) = tokio::io::duplex(64);
    theirs.write_all(b"x").await.unwrap();
    assert!(!ours.kernel_readable().unwrap());
    poll_fn(|cx| ours.poll_kernel_readable(cx)).await.unwrap();
    assert_eq!(ours.read_u8().await.unwrap(), b'x');
    assert_eq!((ours.source_address(), Transport::is_tls(&ours)), (None, false));
    assert_eq!(Cause::silent_before_greeting(&ours), Cause::SilentBeforeGreeting { tls: false });

    #[cfg(unix)]
    {
        let (ours, mut theirs) = tokio::net::UnixStream::pair().unwrap();
        let mut ours: Box<dyn Transport> = Box::new(ours);
        assert!(!ours.kernel_readable().unwrap());
        theirs.write_all(b"x").await.unwrap();
        assert!(ours.kernel_readable().unwrap());
        poll_fn(|cx| ours.poll_kernel_readable(cx)).await.unwrap();
        assert_eq!(ours.read_u8().await.unwrap(), b'x');
    }
}

#[test]
fn mistakes_in_tls_options_show_at_once() {
    let (ca, client) = (Ca::new("a CA"), Ca::new("another CA").client());
    let (certificate, key) = (client.certificate.as_bytes(), client.key.as_bytes());
    let good = || Tls::ca_pem(ca.pem().as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };

    let missing = folder.path().join("missing.pem");
    let error = Tls::ca_file(&missing).unwrap_err();
    assert_eq!(error.to_string(), format!("`{}`: file cannot be read", missing.display()));
    assert_eq!(error.source().unwrap().downcast_ref::<io::Error>().unwrap().kind(), io::ErrorKind::NotFound);
    let large = folder.path().join("large.pem");
    std::fs::File::create(&large).unwrap().set_len(16 * 1024 * 1024).unwrap();
    assert!(
        Tls::ca_file(&large)
            .unwrap_err()
            .to_string()
            .ends_with("no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")
    );
    std::fs::File::create(&large).unwrap().set_len(16 * 1024 * 1024 + 1).unwrap();
    assert!(Tls::ca_file(&large).unwrap_err().to_string().ends_with("file is larger than 16777216 bytes"));
    let key_file = path("key.pem", &client.key);
    let error = Tls::ca_file(&key_file).unwrap_err();
    assert!(error.to_string().contains("no certificate in PEM"), "{error}");
    assert_eq!(error.file(), Some(key_file.as_path()));
    let broken = "-----BEGIN CERTIFICATE-----\nMII\n";
    assert_eq!(Tls::ca_pem(broken.as_bytes()).unwrap_err().to_string(), "PEM text is broken");
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = Tls::ca_pem(nonsense.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "CA certificate cannot be used");

    let other = ca.client();
    let error = good().client_certificate(certificate, other.key.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("does not belong to the client certificate"), "{error}");
    let error = good().client_certificate(certificate, certificate).unwrap_err();
    assert!(error.to_string().contains("no private key"), "{error}");
    let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let error = good().client_certificate(certificate, locked.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("has a passphrase"), "{error}");
    let locked = path("locked.pem", locked);
    let certificate_file = path("cert.pem", &client.certificate);
    let error = good().client_certificate_files(&certificate_file, &locked).unwrap_err();
    assert_eq!(error.file(), Some(locked.as_path()));

    // Separate and in one, in either order.
    good().client_certificate_files(&certificate_file, &key_file).unwrap();
    let combined = path("both.pem", &format!("{}{}", client.key, client.certificate));
    good().client_certificate_files(&combined, &combined).unwrap();
    let debug = format!("{:?}", good().client_certificate(certificate, key).unwrap());
    assert!(debug.contains("own_certificate: true"), "{debug}");

    assert!(Tls::pinned_key_only([]).unwrap_err().to_string().contains("no key is pinned"));
    assert!(good().server_name("no name").unwrap_err().to_string().contains("server name"));
}

/// What this machine trusts is not ours to know, but `SSL_CERT_FILE` can say it.
#[cfg(target_os = "linux")]
#[test]
fn platform_roots_come_from_the_platform() {
    const ASKED: &str = "RRP_TEST_PLATFORM_ROOTS";
    if std::env::var_os(ASKED).is_some() {
        match Tls::platform_roots() {
            Ok(tls) => println!("found: {tls:?}"),
            Err(error) => println!("found: {error}"),
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roots.pem");
    let ask = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let out = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "platform_roots_come_from_the_platform", "--nocapture"])
            .env(ASKED, "1")
            .env("SSL_CERT_FILE", &file)
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let two = Ca::new("one").pem() + &Ca::new("two").pem();
    let found = ask(&two);
    assert!(found.contains("found: Tls { roots: 2, checks_chain: true"), "{found}");
    let found = ask("");
    assert!(
        found.contains("found: no CA certificates on this machine: install its package of CAs"),
        "{found}"
    );
}

#[test]
fn pins_are_read_and_written() {
    let text = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let pin: Pin = text.parse().unwrap();
    let of_nothing = ring::digest::digest(&ring::digest::SHA256, b"");
    assert_eq!(pin.as_bytes().as_slice(), of_nothing.as_ref());
    assert_eq!(pin.to_string(), text);
    assert_eq!("sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse(), Ok(pin));
    assert_eq!("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".parse(), Ok(pin));
    for seed in 0..=255_u8 {
        let pin = Pin::from_sha256(std::array::from_fn(|at| {
            seed.wrapping_mul(37).wrapping_add((at as u8).wrapping_mul(11))
        }));
        assert_eq!(pin.to_string().parse(), Ok(pin));
    }
    // A base64 that starts with a slash is not curl's spelling.
    let slash = Pin::from_sha256([0xff; 32]);
    assert!(slash.to_string().starts_with("sha256///"));
    assert_eq!(slash.to_string().parse(), Ok(slash));
    for wrong in [
        "",
        "sha256/",
        "sha1/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
        "sha256/47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
    ] {
        assert!(wrong.parse::<Pin>().is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn longer_times_than_the_system_has_are_cut() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint: Endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
    for long in [Duration::from_secs(86_400 * 60), Duration::MAX] {
        let connector = Connector::plain().keepalive(Some(long)).user_timeout(Some(long));
        connector.connect(&endpoint).await.unwrap();
    }
}

/// Each address has its deadline, and all of them together one more.
#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn no_other_address_is_tried_when_it_took_too_long() {
    // A listener that accepts nobody: the handshake never begins.
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let endpoint = Endpoint::new("localhost", port).unwrap();
    let addresses = (1..=32).map(|last| SocketAddr::from(([127, 0, 0, last], port)));
    let tls = Tls::pinned_key_only([Pin::from_sha256([0; 32])]).unwrap();
    let connector = Connector::tls(tls);
    let error = connector.connect_to(&endpoint, addresses).await.unwrap_err();
    assert_eq!(error.tried().len(), 4, "15 s each, and a minute in all");
}
