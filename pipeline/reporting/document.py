"""The frame of every HTML page: one file, its own style, no script, nothing from the network."""

from collections.abc import Mapping, Sequence
from importlib.resources import files

from pipeline.markup import contents, facts, paragraph, points, text


def document(
    title: str,
    heading: str,
    about: str,
    sentences: list[str],
    sections: Mapping[str, str],
    titles: Mapping[str, str],
    figures: Mapping[str, str] | None = None,
    styles: Sequence[str] = ("report.css",),
) -> str:
    """A page of sections, by name, in the order of `titles`; empty ones are left out.

    Parameters
    ----------
    about
        A line below the heading: what the page is of.
    sentences
        The verdict, most important first.
    titles
        How the list of contents calls each section.
    figures
        Large figures below the verdict, by what they count.
    styles
        Style sheets of this folder, the later ones over the earlier.
    """
    links = [(name, called) for name, called in titles.items() if sections[name]]
    body = "".join(sections[name] for name in titles)
    style = "".join(
        (files("pipeline.reporting") / name).read_text(encoding="utf-8") for name in styles
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{style}</style></head>"
        f"<body><header><h1>{text(heading)}</h1>"
        f'<div class="soft">{text(about)}</div>'
        f"{contents(links)}</header><main>"
        f'<section class="verdict">{paragraph(sentences[0])}'
        f"{points(sentences[1:])}{facts(figures) if figures else ''}</section>"
        f"{body}</main></body></html>\n"
    )
