"""A new champion, and the end: no request is lost by either."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Thread

import pytest

from features.errors import UserError
from pipeline.console import Progress
from pipeline.scoring import champion
from pipeline.serving.queue import FullError, Queue
from pipeline.serving.server import Reloader
from tests.pipeline.serving.conftest import serving

pytestmark = pytest.mark.slow


@pytest.fixture
def newer(scorer):
    """The same model under another version."""
    found = scorer.found
    manifest = found.model.manifest.model_copy(update={"digest": "f" * 64})
    return replace(found, model=replace(found.model, manifest=manifest), version="2", name="churn")


@pytest.mark.thorough
def test_a_new_champion_takes_over_while_requests_come(scorer, newer, orders):
    one = next(iter(orders.values()))
    with serving(scorer) as running:
        reloader = Reloader(running.queue, lambda: newer, Progress(quiet=True), seconds=0)
        done = Event()

        def client(_):
            seen = []
            while not done.is_set():
                code, answer = running.ask(body={"orders": one})
                assert code == 200
                seen.append(answer["model_version"])
            return seen

        def change():
            reloader.look()
            assert running.ask(body={"orders": one})[1]["model_version"] == "f" * 12
            done.set()

        with ThreadPoolExecutor(4) as clients:
            seen = clients.map(client, range(4))
            changing = Thread(target=change)
            changing.start()
            for versions in seen:
                assert set(versions) <= {scorer.model.manifest.version, "f" * 12}
                assert versions == sorted(versions), "never back to the one before"
            changing.join()


def test_what_cannot_be_loaded_changes_nothing(scorer, capsys):
    queue = Queue(scorer)

    def gone():
        raise UserError("The store is down.")

    reloader = Reloader(queue, gone, Progress(quiet=True), seconds=0)
    reloader.look()
    reloader.look()
    queue.stop()
    assert queue.scorer is scorer
    assert capsys.readouterr().err.count("The store is down.") == 1, "said once"


def test_another_model_in_the_same_folder_is_seen(scorer, tmp_path, trained):
    folder = tmp_path / "model"
    shutil.copytree(trained / "out" / "model", folder)
    queue = Queue(scorer)
    reloader = Reloader(queue, lambda: champion.find(str(folder)), Progress(quiet=True), 0)
    reloader.look()
    assert queue.scorer is scorer, "the same model is not loaded again"
    (folder / "manifest.json").write_text("{}")
    reloader.look()
    assert queue.scorer is scorer, "a damaged one answers nothing"
    queue.stop()


def test_who_is_stopped_answers_first_what_waits(scorer, orders, monkeypatch):
    begun, go_on = Event(), Event()
    answer = scorer.answer

    def slow(requests):
        begun.set()
        go_on.wait(30)
        return answer(requests)

    monkeypatch.setattr(scorer, "answer", slow)
    one = next(iter(orders.values()))
    with serving(scorer) as running, ThreadPoolExecutor(3) as clients:
        asked = [clients.submit(running.ask, body={"orders": one}) for _ in range(2)]
        assert begun.wait(30)
        stopping = clients.submit(running.stop)
        go_on.set()
        assert [future.result(30)[0] for future in asked] == [200, 200]
        stopping.result(30)
        with pytest.raises(OSError, match="refused"):
            running.ask("/health")


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_one_request_that_fails_takes_no_other_with_it(scorer, orders, monkeypatch, failure):
    ids = list(orders)[:2]
    answer = scorer.answer

    def broken(requests):
        if any(row["Customer ID"] == ids[0] for one in requests for row in one.rows):
            raise failure
        return answer(requests)

    monkeypatch.setattr(scorer, "answer", broken)
    queue = Queue(scorer)
    asked = [queue.ask(said) for said in map(asked_of, (orders[one] for one in ids))]
    with pytest.raises(RuntimeError):
        asked[0].result(30)
    assert len(asked[1].result(30).answer.scores) == 1
    queue.stop()
    with pytest.raises(FullError):
        queue.ask(asked_of(orders[ids[0]]))


def asked_of(rows):
    from pipeline.serving.asked import Asked

    return Asked(orders=rows)


def test_a_model_that_came_in_while_another_was_loaded_is_seen(scorer, newer, tmp_path):
    """The folder holds the next one already: what tells them apart is what was loaded."""
    one = replace(newer, folder=tmp_path)
    manifest = newer.model.manifest.model_copy(update={"digest": "e" * 64})
    other = replace(one, model=replace(newer.model, manifest=manifest))
    (tmp_path / "manifest.json").write_text(manifest.model_dump_json())
    queue, found = Queue(scorer), iter([one, other])
    reloader = Reloader(queue, lambda: next(found), Progress(quiet=True), 0)
    for digit in "fe":
        reloader.look()
        assert queue.scorer.model.manifest.version == 12 * digit
    queue.stop()


def test_a_store_that_is_down_is_told_once_each_time(scorer, capsys):
    up, down = scorer.found, replace(scorer.found, note="The store gives no answer.")
    queue, found = Queue(scorer), iter([down, down, up, down])
    reloader = Reloader(queue, lambda: next(found), Progress(), 0)
    for _ in range(4):
        reloader.look()
    queue.stop()
    assert queue.scorer is scorer
    assert capsys.readouterr().err.count("The store gives no answer.") == 2
