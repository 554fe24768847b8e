"""Does the same with many things by several threads, in order, a few ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

THREADS = 2
MOST_AHEAD = 16  # of what is done and not yet taken


def in_order(function: Callable, things: Iterable) -> Iterator[tuple]:
    """Yield each thing with what `function` makes of it."""
    waiting = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for thing in things:
            waiting.append((thing, pool.submit(function, thing)))
            if len(waiting) > MOST_AHEAD:
                first, made = waiting.popleft()
                yield first, made.result()
        for thing, made in waiting:
            yield thing, made.result()
