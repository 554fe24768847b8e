"""Bounds of a request: how large it may be, and how long it may take to come."""

import asyncio

from starlette.exceptions import HTTPException

MAX_BYTES = 20 * 2**20  # of a request
MAX_SECONDS = 30  # until it has come


class Bounded:
    """Let an application read a request within its bounds; else 413, or 408 when it is late."""

    def __init__(self, app, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS):
        self.app = app
        self.max_bytes = max_bytes
        self.max_seconds = max_seconds

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        end = asyncio.get_running_loop().time() + self.max_seconds
        size = 0
        is_whole = False

        async def receive_within_bounds():
            nonlocal size, is_whole
            if is_whole:  # the application waits for the client to leave
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                expected = f"expected a request within {self.max_seconds:g} seconds"
                raise HTTPException(408, f"{expected}, received a part of one") from None
            size += len(message.get("body", b""))
            if size > self.max_bytes:
                expected = f"expected at most {self.max_bytes:,} bytes"
                raise HTTPException(413, f"{expected}, received more")
            is_whole = not message.get("more_body", False)
            return message

        await self.app(scope, receive_within_bounds, send)
