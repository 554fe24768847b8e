"""The service: images in, what `tools.predict --json` says of them out."""

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from classifier.errors import InputError
from classifier.images import image_files
from classifier.surroundings import usable_cores
from tools.predict import Input, results
from tools.predictor import Predictor
from tools.serve import measures
from tools.serve.bounds import MAX_BYTES, Bounded

MAX_FILES = 64  # of a request
FIELD = "files"  # of a form
RAW_NAME = "-"  # of an image that comes without a name, as tools.predict calls it


class Version(BaseModel):
    """Which model answered: the MD5 of its file, as dvc.lock has it, and the commit, if known."""

    md5: str
    commit: str | None


class Seen(BaseModel):
    """What is on an image: as `tools.predict --json` says it, or why it cannot be read."""

    model_config = ConfigDict(extra="forbid")
    file: str
    label: str | None = None
    confidence: float | None = None
    runner_up: str | None = None
    runner_up_confidence: float | None = None
    outlier_score: float | None = None
    notes: list[str] | None = None
    error: str | None = None


class Answer(BaseModel):
    """One entry an image, in the order of the request."""

    model: Version
    images: list[Seen]


IMAGE = {"type": "string", "format": "binary"}
FORM = {"type": "object", "properties": {FIELD: {"type": "array", "items": IMAGE}}}
BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": FORM},
        "application/octet-stream": {"schema": IMAGE},
    },
}
REFUSALS = {
    408: {"description": "The request did not come in time"},
    413: {"description": f"More than {MAX_BYTES:,} bytes"},
    422: {"description": f"No image that can be read, or more than {MAX_FILES}"},
}


def application(predictor: Predictor, version: dict, page=None):
    """Return the ASGI application.

    Args:
        version: as `Version` has it.
        page: a `page.Page` for the root, if any.
    """
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # the client hears it
    threads = ThreadPoolExecutor(usable_cores())

    @contextlib.asynccontextmanager
    async def lifespan(app):
        async with page.lifespan() if page else contextlib.nullcontext():
            yield
        threads.shutdown()

    app = FastAPIOffline(title="What is it?", version=version["md5"][:10], lifespan=lifespan)
    app.add_middleware(Bounded)
    app.add_middleware(measures.Measured)

    described = {"responses": REFUSALS, "openapi_extra": {"requestBody": BODY}}

    @app.post("/predict", response_model=Answer, **described)
    async def predict(request: Request) -> JSONResponse:
        """Say what is on an image, the body itself, or on several, in a form's field `files`."""
        sent = await images_of(request)
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(threads, seen, predictor, sent)
        measures.count(rows)
        status = 200 if any("label" in row for row in rows) else 422
        return JSONResponse({"model": version, "images": rows}, status)

    @app.get("/health", response_model=Version)
    async def health() -> JSONResponse:
        """Say which model is ready."""
        return JSONResponse(version)

    @app.get("/metrics", include_in_schema=False)
    async def metrics():
        return measures.response()

    if page:
        app.mount("/", page.application)
    else:

        @app.get("/", include_in_schema=False)
        async def root():
            return RedirectResponse("/docs")

    return app


async def images_of(request: Request) -> list[tuple[str, bytes]]:
    """Return names and contents of the images of a request; raises HTTPException."""
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return [(RAW_NAME, await request.body())]
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
            files = form.getlist(FIELD)
            if not files or any(isinstance(file, str) for file in files):
                raise HTTPException(422, f"expected images in the field {FIELD}, received none")
            return [(file.filename or RAW_NAME, await file.read()) for file in files]
    except HTTPException as error:
        if error.status_code != 400:  # which Starlette has for a form that it cannot read
            raise
        raise HTTPException(422, f"expected a form, received: {error.detail}") from None


def seen(predictor: Predictor, sent: list[tuple[str, bytes]]) -> list[dict]:
    """Return a row for each image: as `tools.predict` has it, or `file` and `error`."""
    rows = [{"file": name} for name, _ in sent]
    inputs = {}
    for place, (name, content) in enumerate(sent):
        try:
            image = image_files.read(content, name, predictor.preparation)
            inputs[place] = Input(name, image.pixels, image.notes)
        except InputError as error:
            rows[place]["error"] = str(error)
    if inputs:
        for place, row in zip(inputs, results(predictor, list(inputs.values())), strict=True):
            rows[place] = row
    return rows
