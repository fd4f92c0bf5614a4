# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.

"""The least that a worker needs to speak to an engine: one WebSocket and four kinds of messages."""

import base64
import json
import os
import socket
import struct
from urllib.parse import urlsplit


class Link:
    def __init__(self):
        address = urlsplit(os.environ["III_URL"])
        self.socket = socket.create_connection((address.hostname, address.port))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            (
                f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ).encode()
        )
        self.file = self.socket.makefile("rb")
        if b" 101 " not in self.file.readline():
            raise ConnectionError("the engine refused the connection")
        while self.file.readline().strip():
            pass

    def serve(self, functions):
        """Announces the worker and its functions, and answers calls until the engine goes away."""
        for name in functions:
            self.send({"type": "registerfunction", "id": name})
        announcement = {"name": os.environ["III_WORKER_NAME"], "runtime": "python", "version": "1", "pid": os.getpid()}
        announcement["isolation"] = os.environ.get("III_ISOLATION")
        self.send(
            {
                "type": "invokefunction",
                "function_id": "engine::workers::register",
                "data": announcement,
                "action": {"type": "void"},
            }
        )
        while (message := self.receive()) is not None:
            if message.get("type") == "invokefunction":
                self.send(self.answer(message, functions))

    def answer(self, message, functions):
        answer = {"type": "invocationresult"}
        answer |= {key: message[key] for key in ("invocation_id", "function_id") if key in message}
        try:
            answer["result"] = functions[message["function_id"]](message.get("data") or {})
        except Exception as error:
            answer["error"] = {"code": "invocation_failed", "message": str(error)}
        return answer

    def send(self, message, opcode=1):
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        mask = os.urandom(4)
        length = len(payload)
        if length < 126:
            head = bytes([0x80 | opcode, 0x80 | length])
        else:
            head = bytes([0x80 | opcode, 0x80 | 127]) + struct.pack(">Q", length)
        self.socket.sendall(head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)))

    def receive(self):
        """The next message; None at the end."""
        text = b""
        while True:
            head = self.file.read(2)
            if len(head) < 2:
                return None
            opcode, length = head[0] & 15, head[1] & 127
            if length > 125:
                length = int.from_bytes(self.file.read(2 if length == 126 else 8), "big")
            payload = self.file.read(length)
            if opcode == 8:
                return None
            if opcode == 9:
                self.send(payload, opcode=10)
            if opcode < 3:
                text += payload
                if head[0] & 128:
                    return json.loads(text)
