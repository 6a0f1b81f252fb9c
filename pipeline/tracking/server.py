"""A light MLflow server on this machine only, opened on the leaderboard."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from features.errors import UserError
from pipeline.tracking import views
from pipeline.tracking.errors import TrackingError
from pipeline.tracking.processes import exit_on_terminate
from pipeline.tracking.store import connect

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LONGEST_START = 60.0
"""Seconds that a server may take to answer; three are usual."""

NAMED = "churn.localhost"
"""A second name of the address, for browsers: they lead any name under `localhost` to this machine,
other programs do not. Under it MLflow does not open its assistant over the page."""

# MLflow's defaults start four workers and seven job consumers, 3 GB; this is 0.25 GB.
LIGHT = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PYTHONWARNINGS": "ignore",
}


@contextmanager
def running(
    uri: str = "sqlite:///mlflow.db",
    experiment: str = "churn",
    host: str = "127.0.0.1",
    port: int | None = None,
) -> Iterator[str]:
    """Show a tracking store in the browser for as long as the block takes.

    Parameters
    ----------
    host : str
        A loopback address; MLflow asks nobody for a password.
    port : int, optional
        5000, or a free one when that is taken.

    Yields
    ------
    str
        The address of the leaderboard, which any program can open; `named` has the one for
        browsers. A store that is a server already is not served again: it is the address there.

    Raises
    ------
    UserError
        For a host that other machines reach, or a port that is taken.
    TrackingError
        When the store is not there, or the server does not come up.
    """
    if host not in LOOPBACK:
        raise UserError(
            "MLflow's server asks for no password, so it is started for this machine only "
            "(127.0.0.1). To share it, put it behind a proxy that signs people in; see "
            "docs/mlflow.md#sharing."
        )
    store = connect(uri, experiment)
    if store.uri.startswith("http"):
        yield views.url(store.uri, store.experiment_id)
        return
    port = _port(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    with tempfile.TemporaryFile() as log, exit_on_terminate():
        server = _start(store.uri, host, port, log.fileno())
        try:
            _wait(server, address, log)
            yield views.url(address, store.experiment_id)
        finally:
            _stop(server)


def named(address: str) -> str:
    """The same address by the name that browsers know; empty where it has none.

    >>> named("http://127.0.0.1:5000/#/experiments/1")
    'http://churn.localhost:5000/#/experiments/1'
    >>> named("https://mlflow.example.org")
    ''
    """
    usual = "http://127.0.0.1:"
    return address.replace(usual, f"http://{NAMED}:") if address.startswith(usual) else ""


def of_trainings(address: str) -> str:
    """The address of the table of all trainings, where `address` is the leaderboard's.

    >>> of_trainings(views.url("http://127.0.0.1:5000", "1"))[:37]
    'http://127.0.0.1:5000/#/experiments/1'
    """
    server, _, rest = address.partition("/#/experiments/")
    return views.url(server, rest.partition("/")[0], "trainings")


def wait_until_stopped() -> None:
    """Keep a server up until Ctrl-C."""
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


def _start(uri: str, host: str, port: int, log: int) -> subprocess.Popen[bytes]:
    # The address may hold a password: it goes by the environment, which `ps` does not show.
    environment = {**os.environ, **LIGHT, "MLFLOW_BACKEND_STORE_URI": uri}
    environment.pop("MLFLOW_TRACKING_URI", None)
    if uri.startswith("sqlite"):
        folder = Path(uri.partition(":///")[2]).parent / "mlartifacts"
        environment["MLFLOW_ARTIFACTS_DESTINATION"] = folder.as_uri()
    environment["MLFLOW_SERVER_ALLOWED_HOSTS"] = f"localhost:*,127.0.0.1:*,[[]::1]:*,{NAMED}:*"
    environment["MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"] = f"http://{NAMED}:*"
    words = ["server", "--host", host, "--port", str(port), "--workers", "1"]
    return subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        [sys.executable, "-m", "mlflow", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _wait(server: subprocess.Popen[bytes], address: str, log: IO[bytes]) -> None:
    """Return once the server answers."""
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until and server.poll() is None:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"{address}/health", timeout=2),  # noqa: S310 - loopback
        ):
            return
        time.sleep(0.1)
    log.seek(0)
    last = log.read().decode(errors="replace").strip().splitlines()[-1:]
    raise TrackingError(f"The MLflow server did not start. Its last words: {''.join(last)}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and the worker it started."""
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(patience)
            return


def _port(host: str, wanted: int | None) -> int:
    """The wanted port; 5000, or a free one, when none is wanted."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in [wanted] if wanted else [5000, 0]:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((host, port))
                return int(probe.getsockname()[1])
    raise UserError(f"Port {wanted} is taken. Choose another, or leave --port out.")
