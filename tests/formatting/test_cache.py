"""The formatted texts that are kept."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from answers.formatting import cache, formatted, formatted_html
from answers.formatting.cache import Cache
from tests.support.measurements import assert_less

CODE = "```python\ndef f(x):\n    return x + 1\n```"
TEXT = f"# Heading\n\nSome **text** with `code`.\n\n- one\n- two\n\n{CODE}\n\n"


def counted(monkeypatch) -> list[str]:
    made: list[str] = []
    original = cache._formatted
    monkeypatch.setattr(cache, "_formatted", lambda text, prefix: made.append(text) or original(text, prefix))
    return made


def test_a_page_shows_the_blocks_of_the_whole_text():
    assert formatted_html(TEXT, "a-") == "".join(formatted(TEXT, "a-"))
    assert formatted_html("", "a-") == ""


def test_a_text_is_formatted_once_for_each_prefix(monkeypatch):
    made, kept = counted(monkeypatch), Cache(100_000)
    one, two = (kept.html("a[^1]\n\n[^1]: b", prefix) for prefix in ("a-", "b-"))
    assert 'id="a-n1"' in one
    assert 'id="b-n1"' in two
    assert kept.html("a[^1]\n\n[^1]: b", "a-") == one
    assert len(made) == 2


def test_what_was_used_last_stays_within_the_bytes(monkeypatch):
    kept = Cache(10_000)
    for number in range(50):
        kept.html(f"{number} " + "x" * 1_000, "a-")
        kept.html("often", "a-")
        assert kept.bytes <= 10_000
    made = counted(monkeypatch)
    kept.html("often", "a-")
    kept.html("49 " + "x" * 1_000, "a-")
    assert made == []
    kept.html("0 " + "x" * 1_000, "a-")
    assert len(made) == 1


def test_a_text_larger_than_the_cache_is_formatted_and_not_kept():
    kept = Cache(1_000)
    assert len(kept.html("x" * 5_000, "a-")) > 5_000
    assert kept.bytes == 0


@pytest.mark.parametrize("error", [ValueError, RecursionError, type("Panic", (BaseException,), {})])
def test_a_text_that_cannot_be_formatted_is_shown_as_it_is_and_logged_once(monkeypatch, caplog, error):
    def fail(growing):
        yield
        raise error("no")

    kept = Cache(10_000)
    monkeypatch.setattr(cache.Growing, "finish", fail)
    shown = '<p dir="auto">*a*<br>&lt;b&gt; \ufffd\ufffd &#x1f600;</p>'
    assert [kept.html("*a*\n<b> \ud800\0 \U0001f600", "a-") for _ in range(3)] == [shown] * 3
    assert len(caplog.records) == 1


def test_threads_may_use_it_at_the_same_time():
    kept = Cache(20_000)
    texts = [f"{TEXT} {number}" for number in range(30)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: kept.html(text, "a-"), texts * 5))
    assert found == ["".join(formatted(text, "a-")) for text in texts] * 5
    assert kept.bytes == sum(map(cache._size, kept._known.values()))


@pytest.mark.measures
async def test_the_event_loop_runs_while_a_page_is_formatted():
    """The median of its delays: of single ones, a busy machine has some in any case."""
    formatted_html(TEXT, "a-")  # loads the lexer
    done, delays = threading.Event(), []
    thread = threading.Thread(target=lambda: (formatted_html(TEXT * 200, "a-"), done.set()))
    thread.start()
    while not done.is_set():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        delays.append(time.perf_counter() - began - 0.001)
    thread.join()
    assert_less(sorted(delays)[len(delays) // 2], 0.004)
