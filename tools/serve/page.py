"""The page of `tools.demo`, as a part of the service."""

import contextlib

from tools.demo.private import private_folder, set_environment
from tools.predictor import Predictor


class Page:
    """What answers requests for the page, while it is open."""

    def __init__(self, predictor: Predictor, port: int):
        self.opened = contextlib.ExitStack()
        folder = self.opened.enter_context(private_folder())
        set_environment(folder)
        from tools.demo.page import build
        from tools.demo.server import application

        self.application = application(build(predictor, folder), port)

    @contextlib.asynccontextmanager
    async def lifespan(self):
        """Let it work, and remove what was uploaded at the end."""
        with self.opened:
            async with self.application.router.lifespan_context(self.application):
                yield
