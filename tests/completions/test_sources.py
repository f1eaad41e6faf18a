"""Sources: in every format, each once, in the order in which they appear, short, and only web addresses."""

from typing import Any

import pytest

from completions import Source
from completions.sources import MAX_SOURCES, TITLE_CHARS, URL_CHARS, read_source
from tests.support.known_replies import END, event
from tests.support.offline_replies import read_offline

A, B = Source("https://a.example/", "A"), Source("http://b.example/", "B")


def citation(source: Source) -> dict[str, Any]:
    return {"type": "url_citation", "url_citation": source._asdict() | {"start_index": 0}}


@pytest.mark.parametrize(
    "annotation",
    [
        citation(A),
        {"type": "url_citation", **A._asdict()},
        {"url_citation": A._asdict()},
        A._asdict(),
    ],
)
def test_a_citation_in_every_shape_is_a_source(annotation: Any) -> None:
    assert read_source(annotation) == A


@pytest.mark.parametrize(
    "annotation",
    [
        None,
        5,
        [],
        "",
        {},
        {"type": "file_citation", "url": "https://a.example/"},
        {"type": "url_citation", "url_citation": None},
        {"url": None},
        {"url": "ftp://a.example/"},
        {"url": "javascript:alert(1)//https://a.example"},
        {"url": "data:text/html,x"},
        {"url": "//a.example/"},
        {"url": "https://"},
        {"url": "https://a.example/ b"},
        {"url": "https://a.example/\nb"},
        {"url": "https://a.example/\0"},
        {"url": "https://a.example/\ud800"},
        {"url": "https://a.example/" + "x" * URL_CHARS},
    ],
)
def test_nothing_else_is_a_source(annotation: Any) -> None:
    assert read_source(annotation) is None


@pytest.mark.parametrize(
    ("sent", "title"),
    [
        (None, ""),
        (5, ""),
        ("  A\t page\r\n", "A page"),
        ("A\0\x1b\x85page", "A page"),
        ("\u202eA\u2066 page", "A page"),
        ("\ud83dA", "A"),
        ("Grüße 😀", "Grüße 😀"),
        ("x" * 10_000, "x" * TITLE_CHARS),
    ],
)
def test_titles_are_clean_and_short(sent: Any, title: str) -> None:
    assert read_source({"url": "HTTPS://a.example", "title": sent}) == Source("HTTPS://a.example", title)


def test_sources_of_a_stream_are_in_order_and_each_counts_once() -> None:
    reading = read_offline(
        event({"content": "One", "annotations": [citation(B)]}),
        event({"annotations": [citation(A), citation(B._replace(title="Again"))]}),
        event({"annotations": None}),
        END,
    )
    assert (reading.text, reading.sources) == ("One", (B, A))


def test_there_are_at_most_so_many_sources() -> None:
    many = [citation(Source(f"https://a.example/{number}", "")) for number in range(2 * MAX_SOURCES)]
    assert len(read_offline(event({"content": "One", "annotations": many}), END).sources) == MAX_SOURCES


def test_sources_of_a_whole_completion_are_read() -> None:
    body = b'{"choices": [{"message": {"content": "One", "annotations": [{"url": "https://a.example/"}]}}]}'
    assert read_offline(body).sources == (Source("https://a.example/", ""),)


def test_perplexitys_lists_are_read() -> None:
    chunk = (
        b'data: {"choices": [{"delta": {"content": "One"}}], "citations": ["https://a.example/", null, "x"],'
        b' "search_results": [{"title": "A", "url": "https://a.example/", "date": null}]}\n\n'
    )
    reading = read_offline(chunk, chunk, END)
    assert (reading.text, reading.sources) == ("OneOne", (A,))
