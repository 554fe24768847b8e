"""What the service counts, as Prometheus reads it."""

import os
import time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from starlette.responses import Response

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0)
REQUESTS = Histogram(
    "request_seconds", "Seconds that a request took", ["path", "status"], buckets=SECONDS
)
IMAGES = Counter("images", "Images, by the label that they were given", ["label"])
OUTLIERS = Counter("images_unlike_training", "Images that are unlike the training images")
UNREADABLE = Counter("images_unreadable", "Images that could not be read")
PATHS = ("/predict", "/health", "/metrics")  # others are counted together


class Measured:
    """Note how long each request took, and how it ended."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def note_status(message):
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, note_status)
        finally:
            path = scope["path"] if scope["path"] in PATHS else "others"
            REQUESTS.labels(path, status).observe(time.perf_counter() - start)


def count(rows: list[dict]) -> None:
    """Count the images of an answer."""
    for row in rows:
        if "error" in row:
            UNREADABLE.inc()
            continue
        IMAGES.labels(row["label"]).inc()
        if row["outlier_score"] > 1:
            OUTLIERS.inc()


def response() -> Response:
    """Return all that was counted, by all processes together."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
