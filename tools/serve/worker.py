"""A process that answers: what it is told, and what it makes of that."""

import importlib.util
import json
import os
from pathlib import Path
from typing import NamedTuple

VARIABLE = "CLASSIFIER_SERVE"  # by which uvicorn's processes hear of the settings


class Settings(NamedTuple):
    """What a process is to serve.

    Attributes:
        model, described: paths of an ONNX file and of what its training images look like.
        page_port: the port at which a page is wanted, if at all.
    """

    model: str
    described: str
    page_port: int | None

    def put(self) -> None:
        """Leave them for this process and those that it starts."""
        os.environ[VARIABLE] = json.dumps(self)


def make():
    """Return the ASGI application of this process."""
    settings = Settings(*json.loads(os.environ[VARIABLE]))
    from tools.predictor import Predictor
    from tools.serve.application import application
    from tools.serve.version import version_of

    predictor = Predictor(Path(settings.model), Path(settings.described))
    page = None
    if settings.page_port and importlib.util.find_spec("gradio"):
        from tools.serve.page import Page

        page = Page(predictor, settings.page_port)
    return application(predictor, version_of(Path(settings.model)), page)
