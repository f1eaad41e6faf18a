"""Colours of code."""

import re
import subprocess
import sys
import time
from html import unescape

import pytest

from answers.formatting.characters import escaped
from answers.formatting.code import MAX_CHARS, highlight
from answers.formatting.languages import LANGUAGES, NAMES
from tests.support.measurements import assert_less, within

SAMPLE = """# a "comment" // here
def f(x: int) -> str:  /* b */
    return 'é' + "s" + 17 - 0x1F <b class="c">&amp;</b> $HOME `x` @y
SELECT * FROM t WHERE a = 'b'; -- c
+ i
- d
"""


def html(code: str, language: str) -> str:
    *pauses, result = highlight(code, language)
    assert pauses == [None] * len(pauses)
    assert result is not None
    return result


@pytest.mark.parametrize("language", sorted({names.split()[0] for names in NAMES.values()}))
def test_colours_change_no_character(language):
    coloured = html(SAMPLE, language)
    assert unescape(re.sub(r'<span class="[a-z]">|</span>', "", coloured)) == SAMPLE
    assert html("", language) == ""


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        ("python", "def f():", '<span class="k">def</span> <span class="f">f</span>():'),
        ("python", "None # c", '<span class="b">None</span> <span class="c"># c</span>'),
        ("jsonc", '"a": // c', '<span class="t">"a"</span>: <span class="c">// c</span>'),
        ("diff", "-a\n+b\n c", '<span class="d">-a</span>\n<span class="i">+b</span>\n c'),
        ("console", "$ ls\nx", '<span class="c">$ </span>ls\nx'),
        ("html", "<p>", '&lt;<span class="t">p</span>&gt;'),
        ("Dockerfile", "FROM x", '<span class="k">FROM</span> <span class="s">x</span>'),
        ("c++", "int x = 'a';", '<span class="k">int</span> x = <span class="s">\'a\'</span>;'),
    ],
)  # fmt: skip
def test_code_has_the_colours_of_its_language(language, code, expected):
    assert html(code, language) == expected


def test_names_that_models_write_are_known():
    for name in [
        "py",
        "python3",
        "js",
        "ts",
        "sh",
        "bash",
        "zsh",
        "c++",
        "cpp",
        "c#",
        "cs",
        "jsonc",
        "console",
        "diff",
        "dockerfile",
        "yml",
        "rs",
        "golang",
        "tsx",
    ]:
        assert name in LANGUAGES


@pytest.mark.parametrize("language", ["", "text", "output", "mermaid", "no-such", "../python", "os.system"])
def test_a_language_is_never_guessed(language):
    assert html("def f(): <b>", language) == "def f(): &lt;b&gt;"


def test_long_code_stays_plain():
    assert "<span" in html("x = 1\n" * (MAX_CHARS // 6), "python")
    code = "x = 1\n" * (MAX_CHARS // 6 + 1)
    assert html(code, "python") == escaped(code)


@pytest.mark.timed
@pytest.mark.parametrize("code", ["\n" * 20_000, "<a " * 5_000, "x = 1\n" + " " * 300])
def test_code_that_nobody_writes_stays_plain(code):
    with within(0.5, time.thread_time):
        assert html(code, "c") == escaped(code)


def test_what_cannot_be_seen_is_shown_in_code_too():
    assert 'class="control">U+202E</span>' in html("x = '\u202e'", "python")
    assert "می\u200cخ" in html("می\u200cخ = 1", "python")


@pytest.mark.measures
def test_work_is_done_in_slices():
    html("x = 1", "python")  # imports the lexer, once for each process, which cannot be divided
    longest, began = 0.0, time.process_time()
    for _ in highlight("x = [1, 'two', f(3)]  # four\n" * 1_700, "python"):
        longest = max(longest, time.process_time() - began)
        began = time.process_time()
    assert_less(longest, 0.005)


def test_pygments_is_loaded_with_the_first_code_only():
    program = """if True:
        import sys
        from answers.formatting import formatted_html
        formatted_html("a\\n\\n```\\nx\\n```", "a")
        assert "pygments" not in sys.modules
        formatted_html("```py\\nx\\n```", "a")
        assert "pygments" in sys.modules
        assert "pygments.lexers.javascript" not in sys.modules
    """
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_a_server_loads_the_common_languages_when_it_starts():
    program = """if True:
        import sys
        from answers.formatting import load_languages
        load_languages()
        before = set(sys.modules)
        from answers.formatting.code import highlight
        assert "<span" in "".join(one or "" for one in highlight("let x = 1", "javascript"))
        assert before == set(sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
