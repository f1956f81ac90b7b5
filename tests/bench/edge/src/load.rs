//! Whoever asks: a child process with a few connections, each of which asks again as soon as it has its answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::servers::Asked;
use crate::{CONNECTIONS, Result};

/// What one round has shown.
pub(crate) struct Round {
    pub(crate) per_second: f64,
    /// Microseconds for which the server's process had a core, for each request.
    pub(crate) core_micros: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p99_micros: f64,
}

/// Has a child ask for so long.
pub(crate) async fn round(
    Asked { address, process, .. }: Asked,
    token: &str,
    seconds: u64,
    body: &str,
) -> Result<Round> {
    let before = worked(process)?;
    let mut child = Command::new(std::env::current_exe()?);
    child.args(["load", &address.to_string(), token, &seconds.to_string(), body]);
    let told = child.output().await?;
    let core = worked(process)? - before;
    let told = String::from_utf8(told.stdout)?;
    let numbers: Vec<f64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [count, elapsed, p50_micros, p99_micros] = *numbers.as_slice() else {
        return Err(format!("whoever asked was not answered well: {told}").into());
    };
    Ok(Round { per_second: count / elapsed, core_micros: core.as_secs_f64() * 1e6 / count, p50_micros, p99_micros })
}

/// For how long a process has had a core, as Linux tells.
fn worked(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may hold anything; user and system time are fields 14 and 15, in hundredths of a second.
    let fields = stat.rsplit_once(')').ok_or("no process")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(Duration::from_millis(ticks.sum::<std::result::Result<u64, _>>()? * 10))
}

/// The child's part.
pub(crate) async fn ask(address: SocketAddr, token: &str, seconds: u64, body: &str) -> Result<()> {
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let mut askers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(address, token, body).await?;
        askers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < until {
                let asked = Instant::now();
                connection.answer().await?;
                times.push(u64::try_from(asked.elapsed().as_micros())?);
            }
            Result::<Vec<u64>>::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(asked) = askers.join_next().await {
        times.extend(asked??);
    }
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("{} {} {} {}", times.len(), begun.elapsed().as_secs_f64(), at(50), at(99));
    Ok(())
}

/// One answer's body.
pub(crate) async fn once(address: SocketAddr, token: &str, body: &str) -> Result<String> {
    let mut connection = Connection::open(address, token, body).await?;
    let length = connection.answer().await?;
    let at = connection.read.len() - length;
    Ok(String::from_utf8_lossy(connection.read.get(at..).unwrap_or_default()).into_owned())
}

/// A connection that stays open. By hand, so that asking costs little beside answering.
struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr, token: &str, body: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "POST /graphql HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(Self { stream, request: request.into_bytes(), read: Vec::with_capacity(64 * 1024) })
    }

    /// Asks, and reads one answer whole. Answers the length of its body, which is what was read last.
    async fn answer(&mut self) -> Result<usize> {
        self.stream.write_all(&self.request).await?;
        self.read.clear();
        loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err("the connection broke off".into());
            }
            let Some(head) = self.read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(self.read.get(..head).unwrap_or_default()).to_ascii_lowercase();
            if !text.starts_with("http/1.1 200") {
                return Err(format!("answered {text:.60}").into());
            }
            let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            let length: usize = length.ok_or("an answer without a length")?;
            if self.read.len() == head + 4 + length {
                return Ok(length);
            }
        }
    }
}
