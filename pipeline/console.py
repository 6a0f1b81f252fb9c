"""What a person sees while a command works: progress on stderr, results on stdout."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from rich.console import Console


@dataclass
class Progress:
    """Says on stderr what is going on; a live line on a terminal, plain lines elsewhere."""

    quiet: bool = False
    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show `text` while the block runs, and how long it took when it is done."""
        started = monotonic()
        if self.quiet:
            yield
        elif self.console.is_terminal:
            with self.console.status(text):
                yield
            self.console.print(f"[green]✓[/green] {text} [dim]{monotonic() - started:.1f} s[/dim]")
        else:
            self.console.print(f"{text} ...")
            yield

    def tell(self, text: str) -> None:
        """Say how far a long step is; nothing when quiet."""
        if not self.quiet:
            self.console.print(text, style="dim", markup=False)

    def note(self, text: str) -> None:
        """Say something worth knowing, whatever the verbosity: a person may act on it."""
        # Not broken into lines: it may hold a command, to be pasted as it stands.
        self.console.print(text, style="yellow", markup=False, soft_wrap=True)


def output() -> Console:
    """The console of stdout, where results go; [brackets] and :colons: of a log are no markup."""
    wrap = not sys.stdout.isatty()
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=wrap)
