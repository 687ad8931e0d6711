"""A hub on the loopback: answers as the model hub does, and can break off, damage or refuse what it sends."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "c0ffee" * 6 + "c0ff"


class Hub:
    """One model `owner/small` with its files, and what goes wrong.

    Attributes:
        asked: The path and the `Range` header of each request.
        break_after: Bytes after which the connection is cut, once for each number.
        damage: Whether the weights arrive with a byte changed.
        ranges: Whether a request may begin in the middle.
    """

    def __init__(self, files: dict[str, bytes], *, licence: str = "apache-2.0") -> None:
        self.files = files
        self.licence = licence
        self.asked: list[tuple[str, str]] = []
        self.break_after: list[int] = []
        self.damage = False
        self.ranges = True
        self.gated = False
        self.url = ""

    def loads(self) -> list[tuple[str, str]]:
        return [(path.rpartition("/")[2], span) for path, span in self.asked if "/resolve/" in path]

    def info(self) -> dict[str, Any]:
        siblings = []
        for name, content in self.files.items():
            facts: dict[str, Any] = {"rfilename": name, "size": len(content)}
            if name.endswith(".safetensors"):
                digest = hashlib.sha256(content).hexdigest()
                facts |= {"blobId": "0" * 40, "lfs": {"size": len(content), "sha256": digest, "pointerSize": 130}}
            else:
                git = hashlib.sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False)
                facts["blobId"] = git.hexdigest()
            siblings.append(facts)
        card = {"license": self.licence}
        return {"id": "owner/small", "modelId": "owner/small", "sha": COMMIT, "siblings": siblings, "cardData": card}


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: object) -> None: ...

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            hub.asked.append((path, self.headers.get("Range", "")))
            if path.startswith("/api/models/"):
                if not path.startswith("/api/models/owner/small"):
                    self._send(404, b'{"error":"Repository not found"}', {"X-Error-Code": "RepoNotFound"})
                elif hub.gated:
                    self._send(403, b'{"error":"gated"}', {"X-Error-Code": "GatedRepo"})
                elif path.endswith("/revision/nowhere"):
                    self._send(404, b'{"error":"no"}', {"X-Error-Code": "RevisionNotFound"})
                else:
                    self._send(200, json.dumps(hub.info()).encode(), {"Content-Type": "application/json"})
                return
            name = path.partition(f"/owner/small/resolve/{COMMIT}/")[2]
            if name not in hub.files:
                self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
                return
            content = hub.files[name]
            if hub.damage and name.endswith(".safetensors"):
                content = content[:-1] + bytes([content[-1] ^ 1])
            span = self.headers.get("Range", "")
            start = int(span.removeprefix("bytes=").partition("-")[0]) if span and hub.ranges else 0
            more = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
            self._send(206 if start else 200, content[start:], more, weights=name.endswith(".safetensors"))

        def _send(self, status: int, body: bytes, headers: dict[str, str], *, weights: bool = False) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if weights and hub.break_after:
                self.wfile.write(body[: hub.break_after.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
                return
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
