// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker in Python, with nothing but its standard library.
enum PythonTemplate {
    static let main = """
        from engine import Worker

        worker = Worker("@NAME@")


        @worker.function(
            "@PREFIX@::greet",
            description="Greets somebody by name.",
            request={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            response={"type": "object", "properties": {"message": {"type": "string"}}},
        )
        def greet(data):
            return {"message": f"Hello, {data['name']}!"}


        if __name__ == "__main__":
            worker.run()

        """

    static let engine = #"""
        """The connection of a worker to the iii engine: functions are offered, calls are answered.

        Needs nothing but the standard library. The engine says with III_URL where it is.
        """

        import base64
        import json
        import os
        import platform
        import socket
        import struct
        import sys
        import threading
        import time
        import traceback
        from urllib.parse import urlsplit


        class Worker:
            def __init__(self, name):
                self.name = os.environ.get("III_WORKER_NAME") or name
                self.url = os.environ.get("III_URL") or "ws://127.0.0.1:49134"
                self._functions = {}
                self._sending = threading.Lock()
                self._socket = None

            def function(self, function_id, description="", request=None, response=None):
                """Offers the function below it to everybody on the engine."""

                def register(handler):
                    frame = {"type": "registerfunction", "id": function_id, "description": description}
                    if request is not None:
                        frame["request_format"] = request
                    if response is not None:
                        frame["response_format"] = response
                    self._functions[function_id] = (handler, frame)
                    return handler

                return register

            def run(self):
                """Serves until the process is ended; a lost engine is looked for again."""
                delay = 1
                while True:
                    try:
                        self._connect()
                        delay = 1
                        self._serve()
                    except OSError as error:
                        print(f"no engine at {self.url}: {error}", file=sys.stderr, flush=True)
                    time.sleep(delay)
                    delay = min(delay * 2, 30)

            def _connect(self):
                url = urlsplit(self.url)
                host, port = url.hostname, url.port or 80
                self._socket = socket.create_connection((host, port), timeout=10)
                key = base64.b64encode(os.urandom(16)).decode()
                lines = [
                    f"GET {url.path or '/'} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket",
                    "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                ]
                token = os.environ.get("III_TOKEN", "").strip()
                if token:
                    lines.append(f"Authorization: Bearer {token}")
                self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
                answer = b""
                while not answer.endswith(b"\r\n\r\n"):
                    answer += self._read(1)
                if b" 101 " not in answer.split(b"\r\n")[0]:
                    raise OSError(answer.split(b"\r\n")[0].decode(errors="replace"))
                self._socket.settimeout(None)
                for _, frame in self._functions.values():
                    self._send(frame)
                about = {
                    "name": self.name, "runtime": "python", "version": platform.python_version(), "pid": os.getpid(),
                    "os": platform.platform(), "isolation": os.environ.get("III_ISOLATION"), "namespace": None,
                }
                self._send({
                    "type": "invokefunction", "function_id": "engine::workers::register", "data": about,
                    "action": {"type": "void"},
                })
                print(f"{self.name} is connected to {self.url}", file=sys.stderr, flush=True)

            def _serve(self):
                while True:
                    message = self._message()
                    if message.get("type") == "invokefunction":
                        threading.Thread(target=self._answer, args=(message,), daemon=True).start()

            def _answer(self, call):
                function_id = call.get("function_id")
                answer = {
                    "type": "invocationresult", "invocation_id": call.get("invocation_id"), "function_id": function_id,
                }
                try:
                    handler, _ = self._functions[function_id]
                    answer["result"] = handler(call.get("data"))
                except Exception as error:
                    answer["error"] = {
                        "code": "invocation_failed", "message": str(error) or type(error).__name__,
                        "stacktrace": traceback.format_exc(),
                    }
                self._send(answer)

            def _send(self, message):
                self._frame(1, json.dumps(message).encode())

            def _frame(self, kind, payload):
                head = bytes([0x80 | kind])
                if len(payload) < 126:
                    head += bytes([0x80 | len(payload)])
                elif len(payload) < 1 << 16:
                    head += struct.pack("!BH", 0x80 | 126, len(payload))
                else:
                    head += struct.pack("!BQ", 0x80 | 127, len(payload))
                mask = os.urandom(4)
                stream = (mask * (len(payload) // 4 + 1))[: len(payload)]
                size = len(payload)
                masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
                with self._sending:
                    self._socket.sendall(head + mask + masked)

            def _message(self):
                """The next JSON message; pings are answered on the way."""
                parts = b""
                while True:
                    first, second = self._read(2)
                    size = second & 0x7F
                    if size == 126:
                        (size,) = struct.unpack("!H", self._read(2))
                    elif size == 127:
                        (size,) = struct.unpack("!Q", self._read(8))
                    payload = self._read(size)
                    kind = first & 0x0F
                    if kind == 8:
                        raise ConnectionError("the engine closed the connection")
                    if kind == 9:
                        self._frame(10, payload)
                    if kind in (0, 1, 2):
                        parts += payload
                        if first & 0x80:
                            return json.loads(parts or b"{}")

            def _read(self, count):
                pieces = []
                while count:
                    piece = self._socket.recv(min(count, 1 << 16))
                    if not piece:
                        raise ConnectionError("the engine is gone")
                    pieces.append(piece)
                    count -= len(piece)
                return b"".join(pieces)

        """#
}
