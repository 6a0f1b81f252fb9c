"""A Spark cluster of one machine: a master and workers on loopback, started and ended here."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DAEMON = "org.apache.spark.deploy"
MOST_SECONDS = 120


@dataclass(frozen=True)
class Cluster:
    """Where the master listens, what the daemons say, and the processes of the workers."""

    master: str
    said: Path
    workers: list[subprocess.Popen]
    environment: dict[str, str]

    def wait_for(self, text: str, times: int) -> None:
        """Until the daemons have said something so many times."""
        until = time.monotonic() + MOST_SECONDS
        while sum(file.read_text().count(text) for file in self.said.glob("*.log")) < times:
            assert time.monotonic() < until, f"not said: {text}"
            time.sleep(0.1)

    def lose(self, worker: int) -> None:
        """End a worker and its executor as a power cut would."""
        os.killpg(self.workers[worker].pid, signal.SIGKILL)
        self.workers[worker].wait()


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A standalone master with workers of one core each, whose files lie below a folder."""
    import pyspark

    home = Path(pyspark.__file__).parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_CONF_DIR": str(folder),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
    }
    defaults = ("spark.sql.shuffle.partitions 4", "spark.ui.enabled false")
    (folder / "spark-defaults.conf").write_text("\n".join(defaults) + "\n")
    with ExitStack() as stack:

        def start(name: str, kind: str, *words: str) -> subprocess.Popen:
            command = [home / "bin" / "spark-class", f"{DAEMON}.{kind}", "--host", "127.0.0.1"]
            command += ["--webui-port", "0", *words]
            said = stack.enter_context((folder / f"{name}.log").open("w"))
            done = subprocess.Popen(
                command, stdout=said, stderr=said, env=environment, start_new_session=True
            )
            stack.callback(end, done)
            return done

        master = f"spark://127.0.0.1:{port}"
        start("master", "master.Master", "--port", str(port))
        found = Cluster(master, folder, [], environment)
        found.wait_for("I have been elected leader", 1)
        for number in range(workers):
            limits = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"w{number}"))
            found.workers.append(start(f"worker{number}", "worker.Worker", *limits, master))
        found.wait_for("Registering worker", workers)
        yield found


def end(process: subprocess.Popen) -> None:
    """End a process and what it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
