"""The API: takes a text, queues it, tells how it is going. All it knows is in Redis, so any number of copies may run.

POST /api/jobs {"text": "Ahoy"}   queues a hoist: 202 and where to look
GET  /api/jobs/ID[?wait=SECONDS]  the job; with wait, as soon as it is done
GET  /api/jobs/ID/hoist.svg       the drawing
GET  /api/jobs                    the latest ones
GET  /healthz, /readyz            am I alive; can I reach Redis
"""
import json
import os
import re
import secrets
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import redis

LENGTH_MAX = int(os.environ.get("TEXT_LENGTH_MAX", "60"))
GREETING = os.environ.get("GREETING", "")
store = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, socket_timeout=5, socket_connect_timeout=2)


def queue(text):
    job = secrets.token_hex(4)
    entry = {"id": job, "text": text, "state": "queued", "queued_at": time.time(), "taken_by": socket.gethostname()}
    with store.pipeline() as all_or_nothing:
        all_or_nothing.hset(f"job:{job}", mapping=entry)
        all_or_nothing.expire(f"job:{job}", 7 * 24 * 3600)
        all_or_nothing.lpush("latest", job)
        all_or_nothing.ltrim("latest", 0, 11)
        all_or_nothing.lpush("queue", job)
        all_or_nothing.execute()
    return entry


def look_up(job, wait_seconds=0.0):
    deadline = time.monotonic() + min(wait_seconds, 20)
    while True:
        entry = store.hgetall(f"job:{job}")
        if not entry or entry["state"] == "done" or time.monotonic() >= deadline:
            return entry
        time.sleep(0.03)


def shown(entry):
    view = {key: value for key, value in entry.items() if key != "svg"}
    for key in ("queued_at", "took_ms"):
        if key in view:
            view[key] = round(float(view[key]), 3)
    if "words" in view:
        view["words"] = view["words"].split()
    view["url"] = f"/api/jobs/{entry['id']}"
    if entry["state"] == "done":
        view["drawing"] = f"/api/jobs/{entry['id']}/hoist.svg"
    return view


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "hoist-api"
    sys_version = ""

    def answer(self, status, body, kind="application/json"):
        data = body.encode() if kind != "application/json" else json.dumps(body, indent=1).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refuse(self, status, why):
        self.answer(status, {"error": why})

    def guarded(self, work):
        try:
            work()
        except redis.RedisError as error:
            self.refuse(503, f"Redis does not answer: {type(error).__name__}")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_GET(self):
        self.guarded(self.get)

    do_HEAD = do_GET

    def get(self):
        place = urlsplit(self.path)
        if place.path == "/healthz":
            return self.answer(200, {"alive": True})
        if place.path == "/readyz":
            return self.answer(200, {"ready": store.ping()})
        if place.path == "/api/jobs":
            entries = [store.hgetall(f"job:{job}") for job in store.lrange("latest", 0, -1)]
            return self.answer(200, {"greeting": GREETING, "jobs": [shown(entry) for entry in entries if entry]})
        found = re.fullmatch(r"/api/jobs/([0-9a-f]{8})(/hoist\.svg)?", place.path)
        if not found:
            return self.refuse(404, f"nothing at {place.path}; try /api/jobs")
        try:
            wait = float(parse_qs(place.query).get("wait", ["0"])[0])
        except ValueError:
            return self.refuse(400, "wait is a number of seconds")
        entry = look_up(found.group(1), wait)
        if not entry:
            return self.refuse(404, f"no job {found.group(1)}")
        if not found.group(2):
            return self.answer(200, shown(entry))
        if entry["state"] != "done":
            return self.refuse(409, f"job {entry['id']} is {entry['state']}; add ?wait=5")
        return self.answer(200, entry["svg"], "image/svg+xml")

    def do_POST(self):
        self.guarded(self.post)

    def post(self):
        length = int(self.headers.get("Content-Length") or 0)
        if length > 10_000:
            self.close_connection = True
            return self.refuse(413, "at most 10 kB")
        body = self.rfile.read(length)
        if urlsplit(self.path).path != "/api/jobs":
            return self.refuse(404, "POST goes to /api/jobs")
        try:
            text = json.loads(body)["text"].strip()
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.refuse(400, 'expected {"text": "something to hoist"}')
        if not re.search("[A-Za-z0-9]", text) or len(text) > LENGTH_MAX:
            return self.refuse(400, f"text needs a letter or a digit, and at most {LENGTH_MAX} characters")
        return self.answer(202, shown(queue(text)))

    def log_message(self, form, *values):
        if not self.path.startswith(("/healthz", "/readyz")):
            print(f"{self.command} {self.path} -> {values[1] if len(values) > 1 else '?'}")


def main():
    server = ThreadingHTTPServer(("", int(os.environ.get("PORT", "3000"))), Handler)
    server.daemon_threads = True
    # as process 1 of a container nothing stops us by default: a rolling update would wait its whole grace period
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"hoist-api on :{server.server_port}")
    server.serve_forever(poll_interval=0.1)
    print("hoist-api: bye")


main()
