"""How much memory there is, how much of it to take, and how much a text such as 4GB says."""

import os
from pathlib import Path

_UNITS = {letter: power for power, letter in enumerate("KMGT", 1)}


def free_memory() -> int:
    """Bytes that are free, as far as the system tells; 7 GB where it does not."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) << 10
    except (OSError, ValueError, StopIteration):
        return 7 << 30


A_THREAD = 512 << 20
"""What DuckDB works with at full speed; with more it keeps what it need not, and gains nothing."""

AT_LEAST = 256 << 20


def usual_limit(threads: int | None = None) -> int:
    """Bytes that DuckDB may take unless told otherwise, before it goes on in the scratch folder.

    `A_THREAD` for each of its threads (one a processor), two at least, but not more than 60 % of
    what is free.
    """
    wanted = max(threads or os.cpu_count() or 1, 2) * A_THREAD
    return max(min(wanted, free_memory() * 6 // 10), AT_LEAST)


def bytes_of(text: str) -> int:
    """The number of bytes that a size says.

    Examples
    --------
    >>> bytes_of("1.5GB"), bytes_of("512 MiB")
    (1500000000, 536870912)
    """
    number = text.rstrip("KMGTiB ")
    unit = text[len(number) :].strip()
    return int(float(number) * (1024 if "i" in unit else 1000) ** _UNITS[unit[0]])
