// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker in Rust, with nothing but its standard library.
enum RustTemplate {
    static let package = """
        [package]
        name = "@NAME@"
        version = "0.1.0"
        edition = "2021"

        [profile.release]
        strip = true

        """

    static let main = #"""
        mod engine;
        mod json;

        use engine::{Json, Worker};

        fn main() {
            let mut worker = Worker::new("@NAME@");
            worker.function(
                "@PREFIX@::greet",
                "Greets somebody by name.",
                r#"{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}"#,
                r#"{"type": "object", "properties": {"message": {"type": "string"}}}"#,
                |data| {
                    let name = data.get("name").as_str().ok_or("`name` must be text")?;
                    Ok(Json::object([("message", Json::text(format!("Hello, {name}!")))]))
                },
            );
            worker.run();
        }

        """#

    /// `src/engine.rs`.
    static let engine = #"""
        //! The connection of a worker to the iii engine: functions are offered, calls are answered.
        //!
        //! Needs nothing but the standard library. The engine says with III_URL where it is.

        use crate::json::random;
        pub use crate::json::Json;
        use std::io::{Error, ErrorKind, Read, Result, Write};
        use std::{env, net::TcpStream, process, thread, time::Duration};

        type Handler = Box<dyn Fn(&Json) -> std::result::Result<Json, String>>;

        pub struct Worker {
            name: String,
            url: String,
            functions: Vec<(String, Json, Handler)>,
        }

        impl Worker {
            pub fn new(name: &str) -> Worker {
                let set = |key: &str| env::var(key).ok().filter(|value| !value.is_empty());
                Worker {
                    name: set("III_WORKER_NAME").unwrap_or_else(|| name.into()),
                    url: set("III_URL").unwrap_or_else(|| "ws://127.0.0.1:49134".into()),
                    functions: Vec::new(),
                }
            }

            /// Offers a function to everybody on the engine; the schemas of request and response are JSON texts.
            pub fn function(
                &mut self,
                id: &str,
                description: &str,
                request: &str,
                response: &str,
                handler: impl Fn(&Json) -> std::result::Result<Json, String> + 'static,
            ) {
                let frame = Json::object([
                    ("type", Json::text("registerfunction")),
                    ("id", Json::text(id)),
                    ("description", Json::text(description)),
                    ("request_format", Json::parse(request).expect("a schema is JSON")),
                    ("response_format", Json::parse(response).expect("a schema is JSON")),
                ]);
                self.functions.push((id.into(), frame, Box::new(handler)));
            }

            /// Serves until the process is ended; a lost engine is looked for again.
            pub fn run(&self) -> ! {
                let mut delay = 1;
                loop {
                    if let Err(error) = self.serve(|| delay = 1) {
                        eprintln!("no engine at {}: {error}", self.url);
                    }
                    thread::sleep(Duration::from_secs(delay));
                    delay = (delay * 2).min(30);
                }
            }

            fn serve(&self, connected: impl FnOnce()) -> Result<()> {
                let mut socket = Socket::connect(&self.url)?;
                connected();
                for (_, frame, _) in &self.functions {
                    socket.send(1, frame.to_string().as_bytes())?;
                }
                let about = Json::object([
                    ("name", Json::text(&*self.name)),
                    ("runtime", Json::text("rust")),
                    ("version", Json::text(env!("CARGO_PKG_VERSION"))),
                    ("os", Json::text(env::consts::OS)),
                    ("pid", Json::Number(process::id().to_string())),
                    ("isolation", env::var("III_ISOLATION").map_or(Json::Null, Json::text)),
                    ("namespace", Json::Null),
                ]);
                let announcement = Json::object([
                    ("type", Json::text("invokefunction")),
                    ("function_id", Json::text("engine::workers::register")),
                    ("data", about),
                    ("action", Json::object([("type", Json::text("void"))])),
                ]);
                socket.send(1, announcement.to_string().as_bytes())?;
                eprintln!("{} is connected to {}", self.name, self.url);
                loop {
                    let call = Json::parse(&socket.message()?).map_err(failure)?;
                    if call.get("type").as_str() == Some("invokefunction") {
                        socket.send(1, self.answer(&call).to_string().as_bytes())?;
                    }
                }
            }

            fn answer(&self, call: &Json) -> Json {
                let id = call.get("function_id").as_str().unwrap_or_default();
                let result = match self.functions.iter().find(|offered| offered.0 == id) {
                    Some((_, _, handler)) => handler(call.get("data")),
                    None => Err(format!("there is no function {id}")),
                };
                let (key, value) = match result {
                    Ok(value) => ("result", value),
                    Err(message) => {
                        let code = Json::text("invocation_failed");
                        ("error", Json::object([("code", code), ("message", Json::text(message))]))
                    }
                };
                Json::object([
                    ("type", Json::text("invocationresult")),
                    ("invocation_id", call.get("invocation_id").clone()),
                    ("function_id", Json::text(id)),
                    (key, value),
                ])
            }
        }

        fn failure(message: impl Into<String>) -> Error {
            Error::new(ErrorKind::Other, message.into())
        }

        /// A WebSocket, as its client sees it.
        struct Socket(TcpStream);

        impl Socket {
            fn connect(url: &str) -> Result<Socket> {
                let rest = url.strip_prefix("ws://").ok_or_else(|| failure("III_URL begins with ws://"))?;
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                let address = if host.contains(':') { host.to_string() } else { format!("{host}:80") };
                let mut stream = TcpStream::connect(&address)?;
                stream.set_nodelay(true)?;
                let mut head = format!(
                    "GET /{path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n",
                    key()
                );
                if let Ok(token) = env::var("III_TOKEN") {
                    head += &format!("Authorization: Bearer {}\r\n", token.trim());
                }
                stream.write_all((head + "\r\n").as_bytes())?;
                let mut answer = Vec::new();
                while !answer.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte)?;
                    answer.push(byte[0]);
                }
                let answer = String::from_utf8_lossy(&answer);
                let status = answer.lines().next().unwrap_or_default();
                if !status.contains(" 101 ") {
                    return Err(failure(status));
                }
                Ok(Socket(stream))
            }

            /// Sends a frame, masked as clients do it.
            fn send(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
                let mut frame = vec![0x80 | kind];
                match payload.len() {
                    size @ 0..=125 => frame.push(0x80 | size as u8),
                    size @ 126..=65535 => {
                        frame.push(0x80 | 126);
                        frame.extend((size as u16).to_be_bytes());
                    }
                    size => {
                        frame.push(0x80 | 127);
                        frame.extend((size as u64).to_be_bytes());
                    }
                }
                let mask = (random() as u32).to_be_bytes();
                frame.extend(mask);
                frame.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ mask[index & 3]));
                self.0.write_all(&frame)
            }

            /// The next message; pings are answered on the way.
            fn message(&mut self) -> Result<String> {
                let mut text = Vec::new();
                loop {
                    let head = self.read(2)?;
                    let size = match head[1] & 0x7F {
                        126 => self.read(2)?,
                        127 => self.read(8)?,
                        size => vec![size],
                    };
                    let size = size.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
                    let payload = self.read(size)?;
                    match head[0] & 15 {
                        8 => return Err(failure("the engine closed the connection")),
                        9 => self.send(10, &payload)?,
                        0..=2 => {
                            text.extend(payload);
                            if head[0] & 0x80 != 0 {
                                return String::from_utf8(text).map_err(|_| failure("a message is not UTF-8"));
                            }
                        }
                        _ => {}
                    }
                }
            }

            fn read(&mut self, count: u64) -> Result<Vec<u8>> {
                let mut bytes = Vec::new();
                (&mut self.0).take(count).read_to_end(&mut bytes)?;
                if bytes.len() as u64 == count { Ok(bytes) } else { Err(failure("the engine is gone")) }
            }
        }

        /// Sixteen random bytes in base64.
        fn key() -> String {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let mut text: String = (0..21).map(|_| alphabet[random() as usize & 63] as char).collect();
            text.push(alphabet[random() as usize & 48] as char);
            text + "=="
        }

        """#
}
