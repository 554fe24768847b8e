"""Serve the page: to its own requests, of bounded size, until a signal ends the process."""

import threading
from pathlib import Path
from socket import socket

import gradio as gr
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

from classifier.errors import InputError
from tools.demo.page import look
from tools.demo.private import HOST, KEPT_SECONDS, SWEEP_SECONDS, remove_old

NAMES = [HOST, "localhost"]  # of this machine, as requests call it
MAX_UPLOAD = 20 * 2**20  # bytes of a file
MAX_REQUEST = MAX_UPLOAD + 100_000  # with its headers in a form


class OwnRequests:
    """Let through what is no larger than an upload, and comes from this page or from no page.

    A browser says in `Origin` which page a request comes from. Without this, any web page that
    is open in a browser of this machine could send files.
    """

    def __init__(self, app, port: int):
        self.app = app
        suffix = "" if port == 80 else f":{port}"
        self.origins = {f"http://{name}{suffix}" for name in NAMES}

    async def __call__(self, scope, receive, send):
        refusal = None if scope["type"] == "lifespan" else self.refusal(Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send)

    def refusal(self, headers: Headers) -> PlainTextResponse | None:
        """Return the answer to a request that is refused; None for others."""
        if not set(headers.getlist("origin")) <= self.origins:
            return PlainTextResponse("Origin: expected this page", 403)
        if "transfer-encoding" in headers:  # its size is not known before its end
            return PlainTextResponse("Content-Length: expected, received none", 411)
        if int(headers.get("content-length", 0)) > MAX_REQUEST:
            return PlainTextResponse(f"expected at most {MAX_REQUEST:,} bytes", 413)
        return None


def application(page: gr.Blocks, port: int) -> Starlette:
    """Return what answers requests: the page, behind what refuses foreign ones.

    All that could make it public is off by default when a page is mounted so.
    """
    guards = [
        Middleware(TrustedHostMiddleware, allowed_hosts=NAMES, www_redirect=False),
        Middleware(OwnRequests, port=port),
    ]
    page.has_launched = True  # else Gradio takes any file of the disk for an upload
    return gr.mount_gradio_app(
        Starlette(middleware=guards),
        page,
        path="/",
        server_name=HOST,
        server_port=port,
        max_file_size=MAX_UPLOAD,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        run_history=False,
        pwa=False,
        footer_links=[],
        **look(),
    )


def serve(page: gr.Blocks, listener: socket, folder: Path) -> None:
    """Answer requests until a signal ends the process; remove old uploads meanwhile.

    In a thread, since Python's handlers of signals run between the steps of the main one. That
    waits for an event: a `join` that a signal ends would take the thread for ended.
    """
    port = listener.getsockname()[1]
    config = uvicorn.Config(application(page, port), log_level="critical", proxy_headers=False)
    server = uvicorn.Server(config)
    ended = threading.Event()

    def answer_requests():
        try:
            server.run([listener])
        finally:
            ended.set()

    threading.Thread(target=answer_requests, daemon=True).start()
    try:
        while not (server.started or ended.wait(0.01)):
            pass
        if not server.started:
            raise InputError(f"the page: expected to be served at port {port}, received an error")
        print(f"demo: http://{HOST}:{port} until Ctrl-C", flush=True)
        while not ended.wait(SWEEP_SECONDS):
            remove_old(folder / "uploads", KEPT_SECONDS)
    finally:
        server.should_exit = True
        ended.wait()
