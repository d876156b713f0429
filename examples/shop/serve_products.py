"""The shop's products as an HTTP API on this machine, page by page: python serve_products.py [PORT]; Ctrl-C ends it.

GET /products?page=1&limit=100 answers {"items": [...], "total": 300}.
"""

from __future__ import annotations

import contextlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

PRODUCTS = Path(__file__).parent / "data" / "products.json"


class Products(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = dict(parse_qsl(asked.query))
        if asked.path != "/products":
            self.send_error(404)
            return
        items = json.loads(PRODUCTS.read_text(encoding="utf-8"))
        size = min(100, int(query.get("limit", 100)))
        start = (int(query.get("page", 1)) - 1) * size
        body = json.dumps({"items": items[start : start + size], "total": len(items)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet: whoever starts it in the background wants its terminal."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8765
    with ThreadingHTTPServer(("127.0.0.1", port), Products) as server:
        print(f"products on http://127.0.0.1:{port}/products", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
