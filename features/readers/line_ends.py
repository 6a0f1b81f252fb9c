"""One kind of line end for a delimited text, whatever breaks its quoted values hold."""

from collections.abc import Iterable, Iterator


def with_plain_line_ends(chunks: Iterable[str], delimiter: str | None) -> Iterator[str]:
    r"""Write every line end of a text as ``\n``, but for those inside a quoted value.

    A break in a quoted value is part of it: two ids that differ in nothing else are
    two customers. A quote begins such a value where a cell begins, blanks aside, as
    the engine has it; elsewhere it is a character like others.

    Parameters
    ----------
    chunks
        The text, cut anywhere.
    delimiter
        None: any run of blanks, and quotes mean nothing.

    Examples
    --------
    >>> "".join(with_plain_line_ends(['a,b\r\n"x\r', '\ny",1\r2" ,\r\n'], ","))
    'a,b\n"x\r\ny",1\n2" ,\n'
    """
    if delimiter is None:
        yield from (_plain(chunk) for chunk in _whole_line_ends(chunks))
        return
    padding = "" if delimiter == " " else " "
    starts = ("\n", delimiter)
    at_start, quoted, closed = True, False, False
    for chunk in _whole_line_ends(chunks):
        written = []
        for i, part in enumerate(chunk.split('"')):
            if i:  # A quote right after the one that closed is a doubled one, and goes on.
                quoted, closed = not quoted and (closed or at_start), quoted
                at_start = False
            if part and not quoted:
                part, closed = _plain(part), False
                if filled := part.rstrip(padding):
                    at_start = filled.endswith(starts)
            written.append(part)
        yield '"'.join(written)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _whole_line_ends(chunks: Iterable[str]) -> Iterator[str]:
    r"""The same text, cut nowhere between ``\r`` and ``\n``."""
    held = ""
    for chunk in chunks:
        text = held + chunk
        held = "\r" if text.endswith("\r") else ""
        yield text.removesuffix(held)
    yield held
