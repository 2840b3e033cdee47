//! A registry that says what it is told to say, whatever it is asked.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use rrp::Client;
use rrp::client::Builder;
use rrp::command::Session;
use rrp::dispatch::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What it says next; `None` to close instead.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    replies: VecDeque<Option<String>>,
    asked: Vec<String>,
}

impl Script {
    pub(crate) fn new<R: Into<String>>(replies: impl IntoIterator<Item = R>) -> Self {
        let script = Self::default();
        replies.into_iter().for_each(|reply| script.then(Some(reply)));
        script
    }

    pub(crate) fn then(&self, reply: Option<impl Into<String>>) {
        self.0.lock().unwrap().replies.push_back(reply.map(Into::into));
    }

    /// What it was asked, without logins.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    pub(crate) fn builder(&self) -> Builder {
        let script = self.clone();
        Client::builder("127.0.0.1:2001".parse().unwrap())
            .login(Session::login("registrar", "password".to_owned()).unwrap())
            .dial(move || {
                let (ours, theirs) = tokio::io::duplex(65_536);
                tokio::spawn(script.clone().converse(theirs));
                async move { io::Result::Ok(ours) }
            })
            .unlimited()
            // Each script is a registry of its own.
            .without_account_lock()
            .config(Config::new(7))
    }

    pub(crate) async fn client(&self) -> Client {
        self.builder().connect().await.unwrap()
    }

    async fn converse(self, mut stream: DuplexStream) {
        let mut received = String::new();
        let mut chunk = [0; 4_096];
        if stream.write_all(b"A RRP Server version 1.1.0\r\nnow\r\n.\r\n").await.is_err() {
            return;
        }
        while let Ok(read @ 1..) = stream.read(&mut chunk).await {
            received.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
            while let Some((command, rest)) = received.split_once("\r\n.\r\n") {
                let (command, rest) = (command.to_owned(), rest.to_owned());
                received = rest;
                let reply = match command.lines().next() {
                    Some("session") => Some("200 Command completed successfully\r\n.\r\n".to_owned()),
                    Some("quit") => Some(
                        "220 Command completed successfully. Server closing connection\r\n.\r\n".to_owned(),
                    ),
                    _ => {
                        let mut inner = self.0.lock().unwrap();
                        inner.asked.push(command);
                        inner.replies.pop_front().flatten()
                    }
                };
                match reply {
                    Some(reply) if stream.write_all(reply.as_bytes()).await.is_ok() => {}
                    _ => return,
                }
            }
        }
    }
}
