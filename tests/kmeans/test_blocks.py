"""Work on blocks: order, progress, cancellation, and threads that do not get in each other's way."""

import os
import subprocess
import sys
import threading
import time

import pytest

from napari_kseg.kmeans import block_length, map_blocks


def test_results_come_in_the_order_of_the_blocks():
    def work(block):
        time.sleep(0.002 * (block % 3 == 0))
        return block * block

    assert map_blocks(work, 40) == [block * block for block in range(40)]


def test_no_blocks_no_results():
    assert map_blocks(str, 0) == []


@pytest.mark.parametrize("n", [1, 2, 25])
def test_progress_is_told_after_every_block_in_the_calling_thread(n):
    calls, threads = [], set()

    def report(*call):
        calls.append(call)
        threads.add(threading.get_ident())

    map_blocks(str, n, stage="Counting", callback=report)
    assert list(dict.fromkeys(calls)) == [("Counting", done, n) for done in range(n + 1)]
    assert threads == {threading.get_ident()}


def test_an_exception_in_the_callback_stops_and_nothing_runs_afterwards():
    running = []

    def work(block):
        running.append(block)
        time.sleep(0.01)
        running.append(block)

    def stop(stage, done, total):
        if done == 2:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        map_blocks(work, 1000, callback=stop)
    seen = list(running)
    time.sleep(0.1)
    assert running == seen
    assert len(seen) < 100
    assert all(seen.count(block) == 2 for block in seen)  # what had started has ended
    assert map_blocks(str, 3) == ["0", "1", "2"]  # and the next run works


def test_an_exception_in_a_block_reaches_the_caller():
    def work(block):
        if block == 5:
            raise OSError("disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        map_blocks(work, 50)


def test_blocks_may_have_blocks_of_their_own():
    assert map_blocks(lambda i: sum(map_blocks(lambda j: i * j, 20)), 20) == [190 * i for i in range(20)]


def test_several_threads_may_ask_at_once():
    results = {}

    def ask(name):
        results[name] = map_blocks(lambda block: (name, block), 30)

    threads = [threading.Thread(target=ask, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == {name: [(name, block) for block in range(30)] for name in range(6)}


def test_blocks_are_large_and_depend_on_the_features_only():
    assert block_length(1) == 1 << 20
    assert block_length(3) * 3 <= 1 << 20
    assert block_length(10**9) >= 1024


FORK = """
import os, signal, warnings
from napari_kseg.kmeans import map_blocks
assert len(map_blocks(str, 10)) == 10
warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forking with threads, which is what is tested
child = os.fork()
if child == 0:
    signal.alarm(30)
    os._exit(0 if map_blocks(str, 10) == [str(i) for i in range(10)] else 3)
_, status = os.waitpid(child, 0)
raise SystemExit(0 if status == 0 else f"child ended with {status}")
"""

if hasattr(os, "fork"):  # not on Windows

    def test_a_forked_child_has_threads_of_its_own():
        env = {**os.environ, "NUMBA_NUM_THREADS": "2"}
        subprocess.run([sys.executable, "-c", FORK], env=env, check=True, timeout=60)
