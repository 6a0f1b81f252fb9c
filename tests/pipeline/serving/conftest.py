"""A server in this process, asked over loopback: what it says is what a client sees."""

from __future__ import annotations

import csv
import http.client
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from pipeline.command_line import main as cli
from pipeline.scoring import champion
from pipeline.serving import server
from pipeline.serving.queue import Queue
from pipeline.serving.scorer import Scorer


class Running(NamedTuple):
    port: int
    queue: Queue
    stop: Callable[[], None]

    def ask(self, path="/scores", body: Any = None, headers=(), method=None):
        """Status and parsed answer of one request; a body that is no bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        told = {"Content-Type": "application/json", **dict(headers)}
        connection.request(method or ("GET" if body is None else "POST"), path, sent, told)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        plain = not answer.headers["content-type"].startswith("application/json")
        return answer.status, text.decode() if plain else json.loads(text)


@contextmanager
def serving(scorer: Scorer, token: str | None = None) -> Iterator[Running]:
    with server.running(scorer, "127.0.0.1", 0, token) as (running, queue, address):
        thread = Thread(target=running.run)
        thread.start()

        def stop() -> None:
            running.should_exit = True
            thread.join(30)
            assert not thread.is_alive()

        try:
            yield Running(int(address.rpartition(":")[2]), queue, stop)
        finally:
            stop()


@pytest.fixture(scope="session")
def scorer(trained: Path) -> Scorer:
    return Scorer(champion.find(str(trained / "out" / "model")))


@pytest.fixture(scope="session")
def served(scorer: Scorer) -> Iterator[Running]:
    with serving(scorer) as running:
        yield running


@pytest.fixture(scope="session")
def orders(trained: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of the log by customer."""
    found = defaultdict(list)
    with (trained / "orders.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["Customer ID"]].append(row)
    return dict(found)


@pytest.fixture(scope="session")
def scores(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What `churn score` writes of the same log, by customer, as JSON has it."""
    out = tmp_path_factory.mktemp("scored") / "scores.parquet"
    model = trained / "out" / "model"
    arguments = ["score", str(trained / "orders.csv"), "--model", str(model), "--out", str(out)]
    cache = ["--set", f"cache.folder={out.parent / 'cache'}"]
    assert cli.run([*arguments, *cache, "--quiet"]) == 0
    found = pq.read_table(out).to_pylist()
    return {row["customer_id"]: json.loads(json.dumps(row, default=str)) for row in found}
