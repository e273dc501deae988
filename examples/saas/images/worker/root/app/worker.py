"""The worker: takes a job from Redis, draws it, writes the result back.

A job moves from the list `queue` to the list `working` in one step and leaves it when it is done, so a worker that is killed
loses nothing: the next one to start puts what it finds in `working` back in the queue. Drawing twice does no harm.
"""
import os
import pathlib
import signal
import socket
import time

import redis

import flags

ALIVE = pathlib.Path("/tmp/alive")  # the liveness probe looks at its age
store = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True, socket_timeout=10, socket_connect_timeout=2)
palette = os.environ.get("PALETTE", "faded")
stopping = False


def stop(*_):
    global stopping
    stopping = True


def work(job):
    text = store.hget(f"job:{job}", "text")
    if text is None:  # expired while it waited
        return
    start = time.perf_counter()
    result = {"state": "done", "svg": flags.draw(text, palette), "words": " ".join(flags.spell(text)),
              "palette": palette, "done_by": socket.gethostname()}
    result["took_ms"] = (time.perf_counter() - start) * 1000
    store.hset(f"job:{job}", mapping=result)
    print(f"{job}: {text!r} in {result['took_ms']:.1f} ms")


def main():
    signal.signal(signal.SIGTERM, stop)
    print(f"hoist-worker with the {palette} palette")
    recovered = False
    while not stopping:
        ALIVE.touch()
        try:
            while not recovered and (left := store.lmove("working", "queue", "RIGHT", "RIGHT")):
                print(f"{left}: somebody left this behind, back into the queue")
            recovered = True
            job = store.blmove("queue", "working", 1, "RIGHT", "LEFT")
            if job:
                work(job)
                store.lrem("working", 1, job)
        except redis.RedisError as error:
            print(f"Redis does not answer ({type(error).__name__}); trying again")
            time.sleep(1)
    print("hoist-worker: bye")


main()
