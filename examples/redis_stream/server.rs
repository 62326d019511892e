//! A redis-server of our own, on a free port and in a directory of its own; it ends with its owner.

#![allow(dead_code)] // The example needs less of it than the tests.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

pub(crate) struct RedisServer {
    process: Option<Child>,
    port: u16,
    directory: PathBuf,
    options: Vec<String>,
}

impl RedisServer {
    /// Starts one that remembers everything over a crash.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"])
    }

    pub(crate) fn start_with(options: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("gemini-webhooks-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = env::temp_dir().join(name);
        fs::create_dir_all(&directory).expect("a directory for redis-server");
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { process: None, port: 0, directory, options };
        // Between our look and the server's start somebody else may take the port.
        for _ in 0..10 {
            server.port = free_port();
            if server.restart().is_ok() {
                return server;
            }
        }
        panic!("redis-server does not start: see scripts/install-redis.sh");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As power failures do it.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Starts it again, at the same port and with what it remembers.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        let program = env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let port = self.port.to_string();
        let child = Command::new(program)
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--dir"])
            .arg(&self.directory)
            .args(&self.options)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is not installed: see scripts/install-redis.sh");
        self.process = Some(child);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(10) {
            if self.answers() {
                return Ok(());
            }
            let ended = self.process.as_mut().map_or(Ok(None), Child::try_wait);
            if !matches!(ended, Ok(None)) {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        Err(io::Error::other("no answer"))
    }

    /// Lets it hang: connections are there, answers are not.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        signal(self.process.as_ref().expect("a running server"), name);
    }

    /// Whether it has read what it remembers. That a password is needed is an answer as well.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut first = [0; 5];
        let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
        stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut first).is_ok()
            && [b"+PONG", b"-NOAU"].contains(&&first)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn signal(process: &Child, name: &str) {
    // Of the shell: images without a program `kill` have that.
    let kill = format!("kill {name} {}", process.id());
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}
