// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker in Rust, over the crates that are customary for WebSockets and JSON.
enum RustTemplate {
    static let package = """
        [package]
        name = "@NAME@"
        version = "0.1.0"
        edition = "2021"

        [dependencies]
        serde_json = "1"
        tungstenite = "0.24"

        """

    static let main = #"""
        use serde_json::{json, Value};
        use std::{env, error::Error, process, thread, time::Duration};
        use tungstenite::{connect, Message};

        /// What this worker offers: one function.
        fn functions() -> Vec<Value> {
            vec![json!({
                "type": "registerfunction",
                "id": "@PREFIX@::greet",
                "description": "Greets somebody by name.",
                "request_format": {
                    "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]
                },
                "response_format": {"type": "object", "properties": {"message": {"type": "string"}}}
            })]
        }

        fn call(function: &str, data: &Value) -> Result<Value, String> {
            match function {
                "@PREFIX@::greet" => {
                    let name = data["name"].as_str().ok_or("`name` must be text")?;
                    Ok(json!({ "message": format!("Hello, {name}!") }))
                }
                other => Err(format!("there is no function {other}")),
            }
        }

        /// Serves until the process is ended; a lost engine is looked for again.
        fn main() {
            let url = env::var("III_URL").unwrap_or_else(|_| "ws://127.0.0.1:49134".into());
            let mut delay = 1;
            loop {
                if let Err(error) = serve(&url, || delay = 1) {
                    eprintln!("no engine at {url}: {error}");
                }
                thread::sleep(Duration::from_secs(delay));
                delay = (delay * 2).min(30);
            }
        }

        fn serve(url: &str, connected: impl FnOnce()) -> Result<(), Box<dyn Error>> {
            let (mut socket, _) = connect(url)?;
            connected();
            for function in functions() {
                socket.send(Message::Text(function.to_string().into()))?;
            }
            let name = env::var("III_WORKER_NAME").unwrap_or_else(|_| "@NAME@".into());
            let announce = json!({
                "type": "invokefunction",
                "function_id": "engine::workers::register",
                "data": {
                    "name": name, "runtime": "rust", "version": env!("CARGO_PKG_VERSION"), "os": env::consts::OS,
                    "pid": process::id(), "isolation": env::var("III_ISOLATION").ok(), "namespace": null
                },
                "action": {"type": "void"}
            });
            socket.send(Message::Text(announce.to_string().into()))?;
            eprintln!("{name} is connected to {url}");
            loop {
                let Message::Text(text) = socket.read()? else { continue };
                let message: Value = serde_json::from_str(&text)?;
                if message["type"] != "invokefunction" {
                    continue;
                }
                let function = message["function_id"].as_str().unwrap_or_default();
                let mut answer = json!({
                    "type": "invocationresult", "invocation_id": message["invocation_id"], "function_id": function
                });
                match call(function, &message["data"]) {
                    Ok(result) => answer["result"] = result,
                    Err(error) => answer["error"] = json!({"code": "invocation_failed", "message": error}),
                }
                socket.send(Message::Text(answer.to_string().into()))?;
            }
        }

        """#
}
