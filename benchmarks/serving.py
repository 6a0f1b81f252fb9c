"""How fast `churn serve` answers, over loopback: one customer at a time, and a thousand at once.

    python -m benchmarks.serving out/model orders.csv --rate 20 50 100 --seconds 20

Starts a server, asks about customers of the log at an even rate whether or not earlier answers have
come, and prints quantiles of the time to the answer and the server's processor time. Then one by
one, and 1,000 in one request. On a machine that others use, `chrt -f 50` before it lets server and
clients go first: what remains is what an idle machine does.
"""

import argparse
import csv
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from pipeline.model_files.artifact import verify


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--rate", type=float, nargs="+", default=[50.0], help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    manifest = verify(asked.model)
    bodies = customers(asked.log, manifest.settings["log"]["columns"]["customer_id"])
    day = manifest.cutoffs[-1].isoformat()
    one = [json.dumps({"as_of": day, "orders": rows}).encode() for rows in bodies[:500]]
    many = [row for rows in bodies[:1000] for row in rows]
    words = "from pipeline.command_line.main import main; main()"
    serve = ["serve", "--model", str(asked.model), "--port", "0", "--reload-seconds", "0"]
    with subprocess.Popen(
        [sys.executable, "-c", words, *serve], stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            port = int(server.stdout.readline().split("http://127.0.0.1:")[1].split()[0])
            for body in one[:20]:
                ask(port, body)
            begun = spent(server.pid)
            for body in one[:60]:
                ask(port, body)
            print(f"processor time of a customer alone: {(spent(server.pid) - begun) / 60:.1f} ms")
            for rate in asked.rate:
                begun = spent(server.pid)
                print(steady(port, one, rate, asked.seconds), end="; ")
                each = (spent(server.pid) - begun) / (rate * asked.seconds)
                print(f"{each:.1f} ms of processor time each")
            whole = json.dumps({"as_of": day, "orders": many}).encode()
            ratio(port, one[:60], whole, len(bodies[:1000]))
        finally:
            server.send_signal(signal.SIGTERM)
    print(f"exit code of the server: {server.returncode}")


def customers(log: Path, column: str) -> list[list[dict[str, str]]]:
    """The rows of each customer of a CSV file."""
    found = defaultdict(list)
    with log.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            found[row[column]].append(row)
    return list(found.values())


def spent(process: int) -> float:
    """Processor time of a process so far, in ms: what does not depend on who else is at work."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask(port: int, body: bytes) -> float:
    """Seconds until the answer is here."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/scores", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, answer.status
    return time.perf_counter() - begun


def steady(port: int, bodies: list[bytes], rate: float, seconds: float) -> str:
    """Ask at an even rate, each request from its own moment on."""
    took: list[float] = []
    clients = []
    begun = time.perf_counter()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        body = bodies[number % len(bodies)]
        client = threading.Thread(target=lambda body=body: took.append(ask(port, body)))
        client.start()
        clients.append(client)
    for client in clients:
        client.join()
    p50, p99 = np.quantile(took, [0.5, 0.99]) * 1000
    return (
        f"{len(took):,} requests at {rate:g} a second: p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
        f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    )


def ratio(port: int, single: list[bytes], many: bytes, number: int) -> None:
    """Time per customer, one by one and so many together."""
    alone = 1000 * float(np.median([ask(port, body) for body in single]))
    together = 1000 * float(np.median([ask(port, many) for _ in range(5)]))
    print(
        f"one by one {alone:.1f} ms a customer; {number:,} in one request {together:.0f} ms, "
        f"{together / number:.2f} ms a customer: {alone * number / together:.0f} times cheaper"
    )


if __name__ == "__main__":
    main()
