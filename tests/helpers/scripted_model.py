"""An OpenAI-compatible endpoint on 127.0.0.1 that says what a test tells it to, and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MAX_BODY_BYTES = 1_000_000


@dataclass
class Script:
    """`says` makes the content of each answer out of the request; status and pauses are for the worse endpoints.

    As somebody's proxy it lets nothing through, and remembers who was to be reached in `elsewhere`.
    """

    says: Callable[[dict[str, Any]], str]
    status: int = 200
    wait_s: float = 0.0
    drip_s: float = 0.0
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    @property
    def prompts(self) -> list[str]:
        return ["\n".join(str(one["content"]) for one in request["messages"]) for request in self.asked]


def patches(*texts: str) -> str:
    """The content of a well-formed answer."""
    return json.dumps({"patches": texts})


def _handler(script: Script, closing: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", 0)), MAX_BODY_BYTES)
            request = json.loads(self.rfile.read(length))
            script.asked.append(request)
            script.keys.append(self.headers.get("Authorization", ""))
            closing.wait(script.wait_s)
            body = self._body(script.says(request)).encode()
            self.send_response(script.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if script.drip_s == 0.0:
                self.wfile.write(body)
                return
            for place in range(len(body)):
                if closing.wait(script.drip_s):
                    return
                self.wfile.write(body[place : place + 1])

        def do_GET(self) -> None:
            script.elsewhere.append(self.path)
            self.send_error(404)

        def do_CONNECT(self) -> None:
            script.elsewhere.append(self.path)
            self.send_error(502)

        def _body(self, content: str) -> str:
            if script.status != 200:
                return json.dumps({"error": {"message": content, "type": "server_error", "code": None}})
            message = {"role": "assistant", "content": content}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
            answer = {"id": "x", "object": "chat.completion", "created": int(time.time()), "model": "scripted"}
            return json.dumps({**answer, "choices": [choice], "usage": usage})

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing on the screen."""

    return Handler


@contextmanager
def scripted(script: Script) -> Iterator[Script]:
    """The endpoint while the block runs; its address is in `script.url`."""
    closing = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script, closing))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield script
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join(5.0)
