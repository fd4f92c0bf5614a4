// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// What workers in JavaScript and in TypeScript share: the connection to the engine, with nothing but Node.
enum NodeTemplate {
    /// `lib/engine.mjs`.
    static let engine = #"""
        // The connection of a worker to the iii engine: functions are offered, calls are answered.
        //
        // Needs nothing but Node. The engine says with III_URL where it is.

        import { randomBytes } from "node:crypto";
        import { connect } from "node:net";
        import { release, type as system } from "node:os";

        export class Worker {
          constructor(name) {
            this.name = process.env.III_WORKER_NAME || name;
            this.url = process.env.III_URL || "ws://127.0.0.1:49134";
            this.functions = new Map();
          }

          // Offers a function to everybody on the engine.
          function(id, options, handler) {
            const { description = "", request, response } = options;
            const frame = { type: "registerfunction", id, description, request_format: request, response_format: response };
            this.functions.set(id, { frame, handler });
          }

          // Serves until the process is ended; a lost engine is looked for again.
          async run() {
            for (let delay = 1; ; delay = Math.min(delay * 2, 30)) {
              try {
                await this.serve(() => (delay = 1));
              } catch (error) {
                console.error(`no engine at ${this.url}: ${error.message}`);
              }
              await new Promise((resolve) => setTimeout(resolve, delay * 1000));
            }
          }

          serve(connected) {
            const url = new URL(this.url);
            const port = Number(url.port || 80);
            const headers = [
              `GET ${url.pathname} HTTP/1.1`, `Host: ${url.hostname}:${port}`, "Upgrade: websocket", "Connection: Upgrade",
              `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`, "Sec-WebSocket-Version: 13",
            ];
            const token = (process.env.III_TOKEN || "").trim();
            if (token) headers.push(`Authorization: Bearer ${token}`);
            return new Promise((_, reject) => {
              const socket = connect(port, url.hostname);
              let bytes = Buffer.alloc(0);
              let parts = Buffer.alloc(0);
              let isOpen = false;
              socket.on("error", reject);
              socket.on("close", () => reject(new Error("the engine is gone")));
              socket.on("connect", () => socket.write(headers.join("\r\n") + "\r\n\r\n"));
              socket.on("data", (piece) => {
                bytes = Buffer.concat([bytes, piece]);
                if (!isOpen) {
                  const end = bytes.indexOf("\r\n\r\n");
                  if (end < 0) return;
                  const status = bytes.subarray(0, bytes.indexOf("\r\n")).toString();
                  if (!status.includes(" 101 ")) return socket.destroy(new Error(status));
                  bytes = bytes.subarray(end + 4);
                  isOpen = true;
                  connected();
                  this.announce((message) => socket.write(frame(1, Buffer.from(JSON.stringify(message)))));
                }
                for (let next; (next = parse(bytes)); ) {
                  bytes = bytes.subarray(next.size);
                  if (next.kind === 8) return socket.destroy(new Error("the engine closed the connection"));
                  if (next.kind === 9) socket.write(frame(10, next.payload));
                  if (next.kind > 2) continue;
                  parts = Buffer.concat([parts, next.payload]);
                  if (!next.isLast) continue;
                  const message = JSON.parse(parts.toString() || "{}");
                  parts = Buffer.alloc(0);
                  if (message.type !== "invokefunction") continue;
                  this.answer(message).then((result) => socket.write(frame(1, Buffer.from(JSON.stringify(result)))));
                }
              });
            });
          }

          announce(send) {
            for (const { frame } of this.functions.values()) send(frame);
            const data = {
              name: this.name, runtime: "node", version: process.versions.node, os: `${system()} ${release()}`,
              pid: process.pid, isolation: process.env.III_ISOLATION || null, namespace: null,
            };
            send({ type: "invokefunction", function_id: "engine::workers::register", data, action: { type: "void" } });
            console.error(`${this.name} is connected to ${this.url}`);
          }

          async answer(call) {
            const { invocation_id, function_id } = call;
            try {
              const offered = this.functions.get(function_id);
              if (!offered) throw new Error(`there is no function ${function_id}`);
              const result = (await offered.handler(call.data)) ?? null;
              return { type: "invocationresult", invocation_id, function_id, result };
            } catch (error) {
              const { message, stack } = error;
              const failure = { code: "invocation_failed", message: message || String(error), stacktrace: stack };
              return { type: "invocationresult", invocation_id, function_id, error: failure };
            }
          }
        }

        // A WebSocket frame, masked as clients do it.
        function frame(kind, payload) {
          const size = payload.length;
          const head = Buffer.alloc(size < 126 ? 2 : size < 65536 ? 4 : 10);
          head[0] = 0x80 | kind;
          head[1] = 0x80 | (size < 126 ? size : size < 65536 ? 126 : 127);
          if (head.length === 4) head.writeUInt16BE(size, 2);
          if (head.length === 10) head.writeBigUInt64BE(BigInt(size), 2);
          const mask = randomBytes(4);
          const masked = Buffer.from(payload);
          for (let index = 0; index < size; index += 1) masked[index] ^= mask[index & 3];
          return Buffer.concat([head, mask, masked]);
        }

        // The first frame of the bytes; null where it is not whole yet.
        function parse(bytes) {
          if (bytes.length < 2) return null;
          let size = bytes[1] & 0x7f;
          const start = size < 126 ? 2 : size === 126 ? 4 : 10;
          if (bytes.length < start) return null;
          if (start === 4) size = bytes.readUInt16BE(2);
          if (start === 10) size = Number(bytes.readBigUInt64BE(2));
          if (bytes.length < start + size) return null;
          const payload = bytes.subarray(start, start + size);
          return { kind: bytes[0] & 15, isLast: bytes[0] > 127, payload, size: start + size };
        }

        """#

    /// `lib/engine.d.mts`: what `engine.mjs` looks like to TypeScript, which then needs no types of Node.
    static let types = """
        // What engine.mjs offers.

        export interface Options {
          description?: string;
          request?: object;
          response?: object;
        }

        export class Worker {
          constructor(name: string);
          /** Offers a function to everybody on the engine. */
          function<Data>(id: string, options: Options, handler: (data: Data) => unknown): void;
          /** Serves until the process is ended; a lost engine is looked for again. */
          run(): Promise<never>;
        }

        """
}
