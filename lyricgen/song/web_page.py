"""A song as one web page: player, score, words and files, without the internet."""

from __future__ import annotations

import functools
import html
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

from lyricgen.player import to_base64
from lyricgen.show import GLOSS_SOURCE
from lyricgen.song import recording
from lyricgen.song.lead_sheet import LeadSheet, Syllable

SVG = "http://www.w3.org/2000/svg"

# What the page may load: what stands in itself
POLICY = (
    "default-src 'none'; img-src data:; media-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)

# The red of show.PALETTE marks what sounds. Serif fonts: first those with the third
# tone's ǎ, then those with Chinese.
STYLE = """
:root { color-scheme: light; }
body { margin: 0; color: #1a1a1a; background: #f4f2ee;
  font: 1.05rem/1.5 "Times New Roman", "DejaVu Serif", "Noto Serif CJK SC", "Songti SC",
    SimSun, "WenQuanYi Zen Hei", serif; }
main { max-width: 62rem; margin: 0 auto; padding: 0 1rem 2rem; }
h1 { margin: 1rem 0 0; font-size: 2rem; line-height: 1.2; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.25rem; }
.subtitle { margin: 0 0 0.5rem; color: #555; font-size: 1.2rem; }
.player { position: sticky; top: 0; z-index: 1; padding: 0.5rem 0; background: #f4f2ee; }
audio { display: block; width: 100%; }
.score { padding: 0.5rem; background: white; }
.score svg { display: block; width: 100%; height: auto; }
[data-on] { cursor: pointer; }
.lit { color: #D55E00; fill: #D55E00; }
.verse.silent { color: black; fill: black; }
.verses { display: flex; flex-wrap: wrap; gap: 1.5rem 4rem; }
.line { margin: 0.8rem 0 0; font-size: 1.3rem; }
.line:lang(zh) { font-size: 1.7rem; line-height: 1.7; }
.line:lang(zh) span { margin-right: 0.25em; }
rt { font-size: 0.5em; padding: 0 0.15em; }
.gloss { margin: 0; color: #555; font-style: italic; }
.made { white-space: pre-line; }
small { color: #555; }
a { color: #0060a0; }
@media print { .player, .files { display: none; } body { background: white; } }
"""

# The kinds of files that a page can hold, by the ends of their names
KINDS = {
    ".mid": "audio/midi",
    ".mp3": "audio/mpeg",
    ".musicxml": "application/vnd.recordare.musicxml+xml",
    ".svg": "image/svg+xml",
    ".txt": "text/plain;charset=utf-8",
}


def to_html(
    sheet: LeadSheet,
    svg: str,
    mp3: bytes,
    *,
    count_in: bool = False,
    files: Mapping[str, bytes] | None = None,
) -> str:
    """Returns a song as one web page, which plays it and lights what sounds.

    It has a player, the score, the words with readings and glosses, how the song was
    made, and links that save its files. It asks for nothing from outside.

    svg: by `engraving.engrave`, with the sheet's tempo.
    mp3: by `recording.song_mp3`, and count_in what that was given.
    files: names and contents of what the page saves besides; a name's end is one of
        KINDS. The MP3 need not be among them: a player saves what it plays.

    Raises: ValueError where the score has no times, or for a file of another kind.
    """
    if "data-on" not in svg:
        raise ValueError("The score has no times: engrave needs the tempo.")
    language = recording.language(sheet)
    name = " ".join(filter(None, (sheet.title, sheet.subtitle)))
    lead_in = recording.bar_seconds(sheet) if count_in else 0.0
    audio = (
        f'<audio controls preload="auto" aria-label="{html.escape(name, quote=True)}" '
        f'src="data:audio/mpeg;base64,{to_base64(mp3)}"></audio>'
    )
    parts = [
        f'<h1 lang="{language}">{html.escape(sheet.title)}</h1>',
        _subtitle(sheet, language),
        f'<div class="player">{audio}</div>',
        f'<div class="score">{_score(svg)}</div>',
        f"<h2>Words</h2>{_words(sheet, language)}",
        _made(sheet),
        _links(files or {}),
    ]
    times = (
        f'data-lead-in="{lead_in:.3f}" data-verse-seconds="{recording.verse_seconds(sheet):.3f}" '
        f'data-verses="{len(sheet.verses)}"'
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(name)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body {times}>\n<main>\n" + "\n".join(filter(None, parts)) + "\n</main>\n"
        f"<script>\n{_script()}</script>\n</body>\n</html>\n"
    )


@functools.cache
def _script() -> str:
    """Returns the script of the page."""
    return Path(__file__).with_suffix(".js").read_text("utf-8")


def _subtitle(sheet: LeadSheet, language: str) -> str:
    """Returns the subtitle, which is the title's pinyin where that is Chinese."""
    if not sheet.subtitle:
        return ""
    code = "zh-Latn" if language == "zh" else language
    return f'<p class="subtitle" lang="{code}">{html.escape(sheet.subtitle)}</p>'


def _score(svg: str) -> str:
    """Returns the score, named for screen readers instead of by a tooltip."""
    page = ElementTree.fromstring(svg)
    named = []
    for tag in ("title", "desc"):
        element = page.find(f"{{{SVG}}}{tag}")
        if element is not None:
            named.append(element.text or "")
            page.remove(element)
    page.set("role", "img")
    page.set("aria-label", ": ".join(filter(None, named)))
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    return ElementTree.tostring(page, encoding="unicode")


def _words(sheet: LeadSheet, language: str) -> str:
    """Returns the verses, each syllable with its times, each line with its gloss."""
    notes = recording.repeated(sheet, recording.melody(sheet))[: len(sheet.notes)]
    times = [
        f'data-on="{onset:.3f}" data-off="{onset + duration:.3f}"'
        for onset, duration, _, _ in notes.tolist()
    ]
    ends = (*sheet.lines[1:], len(sheet.notes))
    verses = []
    for number, verse in enumerate(sheet.verses):
        shown = []
        for k, (first, end) in enumerate(zip(sheet.lines, ends)):
            sung = zip(verse[first:end], times[first:end])
            syllables = "".join(_syllable(syllable, when, number) for syllable, when in sung)
            shown.append(f'<p class="line" lang="{language}">{syllables}</p>')
            if sheet.glosses and sheet.glosses[number][k]:
                shown.append(f'<p class="gloss">{html.escape(sheet.glosses[number][k])}</p>')
        verses.append(f"<div>{''.join(shown)}</div>")
    source = f"<p><small>{GLOSS_SOURCE}</small></p>" if sheet.glosses else ""
    return f'<div class="verses">{"".join(verses)}</div>{source}'


def _syllable(syllable: Syllable, times: str, verse: int) -> str:
    """Returns a syllable with its reading above it and a space after a word."""
    text = html.escape(syllable.text)
    if syllable.reading:
        text = f"<ruby>{text}<rt>{html.escape(syllable.reading)}</rt></ruby>"
    after = "" if syllable.joined or syllable.reading else " "
    return f'<span data-verse="{verse}" {times}>{text}</span>{after}'


def _made(sheet: LeadSheet) -> str:
    """Returns how the song was made, or nothing."""
    if not sheet.made:
        return ""
    return f'<h2>How it was made</h2><p class="made">{html.escape(sheet.made)}</p>'


def _links(files: Mapping[str, bytes]) -> str:
    """Returns links that save files, which the page holds itself."""
    items = []
    for name, data in files.items():
        ending = Path(name).suffix
        if ending not in KINDS:
            raise ValueError(f"A page holds files that end in {', '.join(KINDS)}, not {name!r}.")
        source = f"data:{KINDS[ending]};base64,{to_base64(data)}"
        shown = html.escape(name, quote=True)
        size = f"{len(data) / 1000:.0f} kB" if len(data) >= 1000 else f"{len(data)} bytes"
        items.append(f'<li><a download="{shown}" href="{source}">{shown}</a>, {size}</li>')
    if not items:
        return ""
    return f'<div class="files"><h2>Files</h2><ul>{"".join(items)}</ul></div>'
