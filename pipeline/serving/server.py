"""Runs the application: who may reach it, which model answers, and how it ends."""

import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from features.errors import UserError
from pipeline.console import Progress
from pipeline.scoring.champion import Found
from pipeline.serving.app import app
from pipeline.serving.queue import Queue
from pipeline.serving.scorer import Scorer, refusal

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TOKEN = "CHURN_SERVE_TOKEN"  # noqa: S105 -- the variable's name
SHORTEST_TOKEN = 16
PATIENCE = 20
"""Seconds that requests under way have when the server is told to stop."""

MOST_CONNECTIONS = 1_000


def check_reach(host: str, token: str | None) -> None:
    """Refuse to be reached by others without a token, before any work is done.

    Raises
    ------
    UserError
        For a host beyond this machine without a token, or a token that can be guessed.
    """
    if token is not None and (len(token) < SHORTEST_TOKEN or not token.isascii()):
        raise UserError(
            f"{TOKEN} has fewer than {SHORTEST_TOKEN} characters, or others than ASCII. "
            f"This makes one: export {TOKEN}=$(openssl rand -hex 32)"
        )
    if token is None and not is_loopback(host):
        raise UserError(
            f"--host {host} can be reached from other machines, so requests must carry a token. "
            f"This makes one: export {TOKEN}=$(openssl rand -hex 32)"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def running(
    scorer: Scorer, host: str, port: int, token: str | None = None
) -> Iterator[tuple[uvicorn.Server, Queue, str]]:
    """A server that is bound but does not answer yet: its `run` does; its queue; its address.

    Raises
    ------
    UserError
        When the port is taken or the host is not this machine's.
    """
    check_reach(host, token)
    listening = _bound(host, port)
    queue = Queue(scorer)
    hosts = () if token else (*LOOPBACK, host)
    logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
    web: Any = app(queue, token, hosts)
    config = uvicorn.Config(
        web,
        log_config=None,
        log_level=logging.CRITICAL,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=PATIENCE,
    )
    server = _Server(config, listening)
    try:
        shown, number = listening.getsockname()[:2]
        yield server, queue, f"http://{f'[{shown}]' if ':' in shown else shown}:{number}"
    finally:
        listening.close()
        queue.stop()


class _Server(uvicorn.Server):
    """Answers on a socket that is bound already, until it is told to stop."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config)
        self._listening = listening

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal to end; that signal was heeded then, and is no error."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        main = threading.current_thread() is threading.main_thread()
        try:
            if main:  # uvicorn raises a signal once more when it has stopped for it
                for number in before:
                    signal.signal(number, lambda *_: None)
            super().run([self._listening])
        finally:
            if main:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise UserError(
            f"{host}, port {port}: {error.strerror or 'cannot be used'}. Choose another by --host "
            "and --port; --port 0 takes a free one."
        ) from None
    return listening


class Reloader:
    """Looks now and then whether another model stands where this one came from, and takes it.

    What cannot be loaded changes nothing: the model before goes on answering, and a line says so.
    """

    def __init__(
        self, queue: Queue, find: Callable[[], Found], progress: Progress, seconds: float
    ) -> None:
        self._queue, self._find, self._progress, self._seconds = queue, find, progress, seconds
        self._seen = mark(queue.scorer.found)
        self._said = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="reloading")

    def __enter__(self) -> "Reloader":
        """Begin to look."""
        if self._seconds > 0:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()

    def _work(self) -> None:
        while not self._stop.wait(self._seconds):
            self.look()

    def look(self) -> None:
        """Look once."""
        try:
            found = self._find()
            seen = mark(found)
            if seen != self._seen:
                self._queue.scorer = Scorer(found, self._queue.scorer)
                self._seen = seen
                self._say(f"{found.named} answers now.")
            elif found.note:
                self._say(found.note)
            else:
                self._said = ""
        except Exception as error:
            self._say(f"{refusal(error)} {self._queue.scorer.found.named} goes on answering.")

    def _say(self, text: str) -> None:
        if text != self._said:
            self._progress.note(text)
        self._said = text


def mark(found: Found) -> str:
    """What tells a model from another one in the same place: of what was loaded, not of the disk.

    The folder may hold the next one by now.
    """
    return found.model.manifest.digest
