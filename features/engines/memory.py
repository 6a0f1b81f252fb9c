"""How much memory there is, and how much a text such as 4GB says."""

from pathlib import Path

_UNITS = {letter: power for power, letter in enumerate("KMGT", 1)}


def free_memory() -> int:
    """Bytes that are free, as far as the system tells; 7 GB where it does not."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) << 10
    except (OSError, ValueError, StopIteration):
        return 7 << 30


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
