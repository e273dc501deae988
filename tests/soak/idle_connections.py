#!/usr/bin/env python3
"""tests/soak/idle_connections.py [--connections N] [--cap N]: opens N idle TLS connections to a Slipway that takes at most `cap` at once.

Prints one line of figures: how many stayed, resident size before and with them, bytes for each. Exit code 1 when more than the cap
stay, another than the oldest was closed, a working client was not served, one costs more than 25 KB, or the whole is over 100 MB
(the release build's figures: SLIPWAY names the binary)."""
import argparse, os, resource, socket, ssl, sys, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import Slipway, wait


def resident_kb(pid):
    return int(next(l for l in Path(f"/proc/{pid}/status").read_text().splitlines() if l.startswith("VmRSS")).split()[1])


def connect(api, context):
    """A TLS connection that has asked once and is idle since; its keys are forgotten: only the socket is kept."""
    raw = socket.create_connection((api.host, api.port), timeout=60)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else the request waits 40 ms for the handshake's acknowledgement
    secured = context.wrap_socket(raw, server_hostname="localhost")
    secured.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while not answer.endswith(b"ok"):
        answer += secured.recv(4096)
    return socket.socket(fileno=secured.detach())


def is_open(sock):
    sock.setblocking(False)
    try:
        while piece := sock.recv(65536):
            pass
        return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--connections", type=int, default=10_000)
    options.add_argument("--cap", type=int, default=2_000)
    options = options.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(options.connections + 200, 1024), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with Slipway("--connections-max", options.cap, node="none") as slipway:
        pid, api = slipway.process.pid, slipway.api
        for _ in range(20):
            api.ask("get", "/api/v1/namespaces")
        before, start, served, sockets = resident_kb(pid), time.monotonic(), 0, []
        for number in range(options.connections):
            sockets.append(connect(api, context))
            if number % 500 == 499:
                served += api.ask("get", "/api/v1/namespaces/default")[0] == 200
        seconds = time.monotonic() - start
        expected = min(options.connections, options.cap)
        still = wait("no more than the cap stay", lambda: (n := sum(map(is_open, sockets))) <= expected and n, 60)
        oldest_first = all(is_open(s) for s in sockets[-still:])
        after = resident_kb(pid)
        each = (after - before) * 1024 / still
        good = [expected - 5 <= still <= expected, oldest_first, served == options.connections // 500, each <= 25 * 1024, after <= 100 * 1024]
        print(f"{options.connections} opened in {seconds:.0f} s, {still} stay of at most {options.cap}; {before / 1024:.1f} MB before, "
              f"{after / 1024:.1f} MB with them, {each / 1024:.1f} KB each; a client was served {served} times meanwhile")
        return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
