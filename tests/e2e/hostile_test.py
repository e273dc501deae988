#!/usr/bin/env python3
"""Clients that mean harm: every one is refused or ended, memory stays bounded, and others are served all the while."""
import http.client, socket, ssl, struct, sys, threading, time, unittest, warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import PATIENCE, Server, Slipway, wait

CAP = 120
POST = "/api/v1/namespaces/default/configmaps"
GROWTH_KB_MAX = 60 << 10  # of the whole server over all attacks: none keeps what it sent


def resident_kb(pid):
    return int(next(l for l in Path(f"/proc/{pid}/status").read_text().splitlines() if l.startswith("VmRSS")).split()[1])


class Bystander(threading.Thread):
    """Somebody who only wants to work: asks over a connection of his own and over fresh ones, and remembers what went wrong."""

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api, self.served, self.problems, self.stopped = api, 0, [], threading.Event()

    def run(self):
        kept = http.client.HTTPSConnection(self.api.host, self.api.port, timeout=30, context=self.api.context)
        while not self.stopped.wait(0.05):
            try:
                kept.request("GET", "/api/v1/namespaces/default")
                answer = kept.getresponse()
                answer.read()
                fresh = self.api.ask("get", "/readyz")[0]
                if (answer.status, fresh) != (200, 200):
                    raise AssertionError(f"{answer.status}, {fresh}")
                self.served += 1
            except Exception as problem:
                self.problems.append(repr(problem))
                kept.close()


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        warnings.simplefilter("ignore", ResourceWarning)  # sockets that were refused
        cls.slipway = Slipway("--connections-max", CAP, node="none").__enter__()
        cls.api = cls.slipway.api
        cls.strangers = ssl.create_default_context()  # no client certificate: nobody we know
        cls.strangers.check_hostname, cls.strangers.verify_mode = False, ssl.CERT_NONE
        cls.h2 = ssl.create_default_context()
        cls.h2.check_hostname, cls.h2.verify_mode = False, ssl.CERT_NONE
        cls.h2.set_alpn_protocols(["h2"])
        for _ in range(20):  # what the first requests allocate is no growth
            cls.api.ask("get", "/api/v1/namespaces")
        cls.before_kb = resident_kb(cls.slipway.process.pid)

    @classmethod
    def tearDownClass(cls):
        cls.slipway.close()

    def setUp(self):
        self.bystander = Bystander(self.api)
        self.bystander.start()

    def tearDown(self):
        wait("the bystander is served", lambda: self.bystander.served > 0 or self.bystander.problems, 30)
        self.bystander.stopped.set()
        self.bystander.join(60)
        self.assertEqual(self.bystander.problems, [])
        self.assertIsNone(self.slipway.process.poll())
        grown = resident_kb(self.slipway.process.pid) - self.before_kb
        print(f"  {self.id().split('.')[-1]}: {self.bystander.served} rounds served meanwhile, {grown} KB more resident", flush=True)
        self.assertLess(grown, GROWTH_KB_MAX)

    # ---- HTTP/1.1

    def connect(self, context=None, timeout=60):
        raw = socket.create_connection((self.api.host, self.api.port), timeout=timeout)
        return (context or self.api.context).wrap_socket(raw, server_hostname="localhost")

    def answer_to(self, data, context=None):
        """All that comes back until the server ends the connection."""
        with self.connect(context) as sock:
            try:
                sock.sendall(data)
            except OSError:  # refused before all was sent
                pass
            out = b""
            try:
                while piece := sock.recv(65536):
                    out += piece
            except OSError:
                pass
            return out

    def refused(self, data, status):
        """One answer of that status, and nothing that followed was taken for a request."""
        out = self.answer_to(data)
        self.assertTrue(out.startswith(b"HTTP/1.1 %d " % status), (data[:200], out[:300]))
        self.assertEqual(out.count(b"HTTP/1.1 "), 1, out)

    def test_smuggling(self):
        head = f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
        second = b"GET /api/v1/secrets HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for lines in (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
                      b"Content-Length: 4, 5\r\n\r\nabcd", b"Content-Length: +4\r\n\r\nabcd", b"Content-Length: 0x4\r\n\r\nabcd",
                      b"Content-Length: -1\r\n\r\n", b"Content-Length: 99999999999999999999\r\n\r\n", b"Content-Length : 4\r\n\r\nabcd",
                      b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                      b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
                      b"X: a\r\n b\r\n\r\n", b"X: a\x00b\r\n\r\n", b"X: a\rY: b\r\n\r\n", b"Host: elsewhere\r\nContent-Length: 0\r\n\r\n"):
            with self.subTest(lines=lines):
                out = self.answer_to(head + lines + second)
                self.assertRegex(out[:13], rb"^HTTP/1\.1 (400|501) ", lines)
                self.assertEqual(out.count(b"HTTP/1.1 "), 1, out)
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n"
        for chunks in (b"zz\r\n", b"-1\r\nx\r\n", b"5;\x00\r\nabcde\r\n0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n", b"3\nabc\n0\n\n", b"1" * 400 + b"\r\n",
                       b"fffffffffffffffff\r\nabc", b"0x3\r\nabc\r\n0\r\n\r\n"):
            with self.subTest(chunks=chunks[:40]):
                self.refused(chunked + chunks + second, 400)

    def test_too_large(self):
        get = b"GET /api HTTP/1.1\r\nHost: localhost\r\n"
        self.refused(get + b"X: " + b"a" * (200 << 10) + b"\r\n\r\n", 431)
        self.refused(get + b"".join(b"X-%d: a\r\n" % i for i in range(20000)) + b"\r\n", 431)
        self.refused(b"GET /" + b"a" * (200 << 10) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431)
        post = f"POST {POST} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
        self.refused(post + b"Content-Length: 10000000\r\n\r\n" + b" " * 10_000_000, 413)
        self.refused(post + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 160, 413)
        body = b'{"data":{"a":"' + b"\\u0000" * 400_000 + b'"}}'
        self.refused(post + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body, 422)
        nested = b'{"metadata":' * 200_000
        self.refused(post + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(nested) + nested, 400)
        protobuf = b"k8s\0\x12\xff\xff\xff\x0f" + b"\x0a\xff\xff\xff\x07" * 100_000
        typed = post.replace(b"application/json", b"application/vnd.kubernetes.protobuf")
        self.refused(typed + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(protobuf) + protobuf, 400)

    def test_slow_loris(self):
        silent = [socket.create_connection((self.api.host, self.api.port)) for _ in range(30)]  # no handshake at all
        slow = [self.connect(self.strangers) for _ in range(40)]
        head = b"GET /api HTTP/1.1\r\nHost: localhost\r\n" + b"X-Slow: 1\r\n" * 1000
        ended, end = set(), time.monotonic() + 60
        for at in range(10_000):
            for n, sock in enumerate(slow):
                if n in ended:
                    continue
                try:
                    sock.sendall(head[at:at + 1])
                except OSError:
                    ended.add(n)
            if len(ended) == len(slow) or time.monotonic() > end:
                break
            time.sleep(0.2)
        self.assertEqual(len(ended), len(slow))
        for sock in silent:
            sock.settimeout(60)
            self.assertEqual(sock.recv(1), b"")
        for sock in silent + slow:
            sock.close()

    # ---- HTTP/2

    def flood(self, frames, batch=200, of=100_000, context=None):
        """Sends frames until the server ends the connection; how many it took. `frames(n)` is the n-th."""
        sock = self.connect(context or self.h2)
        self.assertEqual(sock.selected_alpn_protocol(), "h2")
        sent = 0
        try:
            sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
            while sent < of:
                sock.sendall(b"".join(frames(sent + i) for i in range(batch)))
                sent += batch
        except OSError:
            return sent
        finally:
            sock.close()
        self.fail(f"{sent} frames, and still connected")

    def test_rapid_reset(self):
        self.flood(lambda n: headers(2 * n + 1) + frame(3, 0, 2 * n + 1, struct.pack(">I", 8)))

    def test_continuation_flood(self):
        self.flood(lambda n: headers(1, end=False) if n == 0 else frame(9, 0, 1, b"\x00\x01x\x01y" * 100))

    def test_header_bomb(self):
        block = b"\x40\x01x\x7f\x81\x1e" + b"a" * 4000  # into the table once, then a byte each
        self.flood(lambda n: headers(2 * n + 1, block + b"\xbe" * 12000), batch=1, of=5000)

    def test_settings_flood(self):
        self.flood(lambda n: frame(4, 0, 0, struct.pack(">HI", 4, 65535 - n % 2)))

    def test_ping_flood(self):
        self.flood(lambda n: frame(6, 0, 0, b"12345678"))

    def test_empty_frames(self):
        known = Server(self.slipway.kubeconfig).context  # whose body is waited for
        known.set_alpn_protocols(["h2"])
        self.flood(lambda n: headers(1, method=b"\x83", path=POST) if n == 0 else frame(0, 0, 1, b""), context=known)

    def test_priority_flood(self):
        self.flood(lambda n: frame(2, 0, 2 * n + 1, b"\x00\x00\x00\x00\x10"))

    def test_a_body_that_nobody_reads(self):
        """The window is what a client may have on its way: the rest does not enter."""
        sock = self.connect(self.h2)
        sock.settimeout(3)
        sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + headers(1, method=b"\x83"))
        try:
            for _ in range(2000):  # 32 MB
                sock.sendall(frame(0, 0, 1, b" " * 16384))
        except OSError:
            pass
        sock.close()

    def unread(self, path, connections):
        """Each asks 100 times for that, and takes nothing: its window is closed. The sockets."""
        known = Server(self.slipway.kubeconfig).context
        known.set_alpn_protocols(["h2"])
        opened = []
        for _ in range(connections):
            sock = self.connect(known)
            sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, struct.pack(">HI", 4, 0)))
            sock.sendall(b"".join(headers(stream, path=path) for stream in range(1, 201, 2)))
            opened.append(sock)
        return opened

    def most_kb(self, seconds):
        """The most that was resident in these seconds."""
        most, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            most = max(most, resident_kb(self.slipway.process.pid))
            time.sleep(0.05)
        return most

    def test_answers_that_nobody_reads(self):
        """2,000 answers and watches of 900 KB each would be 1.8 GB; connections that take nothing are ended before."""
        self.api.json("post", POST, {"metadata": {"name": "large"}, "data": {"a": "x" * 900_000}})
        self.addCleanup(self.api.ask, "delete", f"{POST}/large")
        for path in (f"{POST}/large", "/api/v1/configmaps?watch=true"):
            opened = self.unread(path, 20)
            for i in range(10):
                self.api.json("put", f"{POST}/large", {"metadata": {"name": "large"}, "data": {"a": "x" * 900_000 + str(i)}})
            most = self.most_kb(3) - self.before_kb
            print(f"  {path}: {most >> 10} MB more at most", flush=True)
            self.assertLess(most, 250 << 10 if PATIENCE == 1 else 800 << 10)  # a sanitizer keeps what was freed for a while
            for sock in opened:
                sock.close()
        wait("the memory is given back", lambda: resident_kb(self.slipway.process.pid) - self.before_kb < GROWTH_KB_MAX, 20)

    def test_many_who_ask_for_much_at_once(self):
        """200 lists of 9 MB: who has a short question waits for one piece of one of them, not for a piece of each."""
        with Slipway(node="none") as server:
            for i in range(10):
                server.api.json("post", POST, {"metadata": {"name": f"large-{i}"}, "data": {"a": "x" * 900_000}})
            before, pid, clients = resident_kb(server.process.pid), server.process.pid, []
            for _ in range(200):
                clients.append(server.api.context.wrap_socket(socket.create_connection((server.api.host, server.api.port), timeout=60), server_hostname="127.0.0.1"))
            for sock in clients:
                sock.sendall(b"GET " + POST.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            slowest = most = 0
            for _ in range(10):
                begun = time.monotonic()
                self.assertEqual(200, server.api.ask("get", "/readyz")[0])
                slowest, most = max(slowest, time.monotonic() - begun), max(most, resident_kb(pid) - before)
            print(f"\n  200 lists at once: /readyz after {slowest:.2f} s at the most, {most >> 10} MB more", flush=True)
            self.assertLess(slowest, 1 * PATIENCE)
            self.assertLess(most, 160 << 10 if PATIENCE == 1 else 500 << 10)
            for sock in clients:
                sock.close()

    # ---- connections

    def idle(self, api):
        """A connection that has asked once: it may be idle for minutes."""
        sock = self.strangers.wrap_socket(socket.create_connection((api.host, api.port), timeout=60))
        sock.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b"ok"):
            piece = sock.recv(4096)
            self.assertTrue(piece, answer)
            answer += piece
        return sock

    def test_the_oldest_idle_connection_makes_room(self):
        fresh = Slipway("--connections-max", CAP, node="none").__enter__()  # where nothing was freed that could be used again
        self.addCleanup(fresh.close)
        self.idle(fresh.api)
        before = resident_kb(fresh.process.pid)
        first = [self.idle(fresh.api) for _ in range(CAP // 2)]
        wait("the first half is open", lambda: all(not ended(s) for s in first), 5)
        each = (resident_kb(fresh.process.pid) - before) / len(first)
        second = [self.idle(fresh.api) for _ in range(CAP // 2 + 20)]
        wait("the oldest are closed", lambda: sum(map(ended, first)) >= 20, 30)
        self.assertEqual(sum(map(ended, second)), 0)
        oldest = [n for n, sock in enumerate(first) if ended(sock)]
        self.assertEqual(oldest, list(range(len(oldest))))
        print(f"  {each:.1f} KB for an idle connection", flush=True)
        self.assertLess(each, 60 if PATIENCE == 1 else 240)  # a sanitizer's shadow of it counts too
        for sock in first + second:
            sock.close()


def ended(sock):
    """Whether the other side has closed; what it has sent is left aside."""
    sock.setblocking(False)
    try:
        return sock.recv(65536) == b""
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    except OSError:
        return True


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def headers(stream, more=b"", end=True, method=b"\x82", path="/api"):
    """HEADERS of a GET (or what `method` indexes) of that path on that stream."""
    return frame(1, 4 if end else 0, stream, method + b"\x87\x04" + bytes([len(path)]) + path.encode() + b"\x41\x09localhost" + more)


if __name__ == "__main__":
    unittest.main(verbosity=2)
