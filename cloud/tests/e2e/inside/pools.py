"""Say twice a second what a program in Python sees, and how many processes its pool has.

It makes the pool when it starts, as most programs do, and again when it is reloaded.
"""

import json
import multiprocessing
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

SAYS = Path('/run/pools.json')


def new_pool(*_: object) -> None:
    global pool
    if pool:
        pool.shutdown()
    pool = ProcessPoolExecutor()
    # It starts all its processes with its first task.
    pool.submit(os.getpid).result()


pool: ProcessPoolExecutor | None = None
new_pool()
signal.signal(signal.SIGHUP, new_pool)
while True:
    seen = {
        'os.cpu_count()': os.cpu_count(),
        'os.process_cpu_count()': os.process_cpu_count(),  # type: ignore[attr-defined]
        'len(os.sched_getaffinity(0))': len(os.sched_getaffinity(0)),
        'processes of a ProcessPoolExecutor': len(multiprocessing.active_children()),
    }
    aside = SAYS.with_suffix('.new')
    aside.write_text(json.dumps(seen) + '\n')
    aside.rename(SAYS)
    time.sleep(0.5)
