#!/usr/bin/env bash
# httpx 0.28.1 (httpcore 1.0.9): `with client.stream(…) as answer: next(answer.iter_lines())`, the first event of a streamed
# answer, hangs up at once, though the `with` is still open: the iterator that nobody holds is collected, and with it goes
# the connection. Nothing is raised. A server that stops a model when its reader has gone stops it then, and the
# conversation is free for the next question. Held in a variable, the same iterator keeps the connection.
# Seen: the server cannot write any more within a second where the iterator is dropped, and can where it is held.
# Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9
cat > "$folder/show.py" <<'PYTHON'
import http.server
import sys
import threading
import time

import httpx

gone = threading.Event()


class Streaming(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for number in range(100):
                self.wfile.write(f"data: {number}\n\n".encode())
                self.wfile.flush()
                time.sleep(0.02)
        except OSError:
            gone.set()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Streaming)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}/"
found = []
for is_held in (False, True):
    gone.clear()
    with httpx.stream("GET", address) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        if not is_held:
            del lines  # as next(answer.iter_lines()) does
        found.append((first, gone.wait(1)))
print(found)
sys.exit(0 if found == [("data: 0", True), ("data: 0", False)] else "this has changed")
PYTHON
"$folder/venv/bin/python" "$folder/show.py"
