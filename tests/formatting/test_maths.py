"""Formulas: where they are found, and what becomes of them."""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from answers.formatting import maths
from answers.formatting.mathml import ATTRIBUTES, ELEMENTS, checked
from answers.formatting.maths import find_formulas, mathml
from answers.formatting.tex import ARGUMENTS, MAX_CHARS, MAX_TOKENS, SYMBOLS, prepared
from tests.support.measurements import within

DEEP = "tests.formatting.deep_formulas"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a $x$, \\(y\\) b", [("x", False), ("y", False)]),
        ("$$x$$ and \\[y\\]", [("x", True), ("y", True)]),
        ("\\[\na\nb\n\\]", [("\na\nb\n", True)]),
        ("> $$\n> x > y\n> $$", [("\nx > y\n", True)]),
        ("价格$x$的", [("x", False)]),
        ("$5 + 3 = 8$ and $10$", [("5 + 3 = 8", False), ("10", False)]),
        ("\\(a\\\\\\) b", [("a\\\\", False)]),
        ("| $a|b$ | $c$ |", [("a|b", False), ("c", False)]),
    ],
)
def test_formulas_are_found(source, found):
    assert [(one.tex, one.is_display) for one in find_formulas(source)] == found
    assert all(source[one.start] in "$\\" and source[one.end - 1] in "$)]" for one in find_formulas(source))


@pytest.mark.parametrize(
    "source",
    [
        "It costs $5 and $10, or US$3 to HK$4; $HOME/$USER; $990/mo",
        "$100 million (US$) or 5$",
        "costs $5 or 10$",
        "**$5**/**$6**, ($5)($10), ${A}/${B}, $$$, $20-$30",
        "$a $ b$",
        "\\$x$ a\\\\(b\\\\)",
        "$a\nb$",
        "$$a\n\nb$$ \\[a\n\nb\\]",
        "`$x$` and `` ` \\(x\\) ``",
        "```\n$x$\n```\n\n~~~tex\n\\(x\\)\n",
        "- ```\n  $x$\n  ```",
        "https://a.example/?a=$x$&b",
    ],
)
def test_money_code_and_addresses_are_no_formulas(source):
    assert find_formulas(source) == []


@pytest.mark.parametrize("source", ["a $x + ", "a \\(x", "\\[\nx", "$$\nx"])
def test_in_a_growing_text_the_last_formula_may_be_open(source):
    assert [one.is_open for one in find_formulas(source, is_growing=True)] == [True]
    assert find_formulas(source) == []


def test_an_amount_that_grows_is_no_formula():
    assert find_formulas("It costs $5 or", is_growing=True) == []
    assert find_formulas("$x and\nmore", is_growing=True) == []


@pytest.mark.measures
@pytest.mark.parametrize(
    "unit", ["$", "$a ", "\\(", "\\[", "`", "$$a ", "\\", "\n```\n~~~", "\\(\n\n", "> ", "``` `\n"]
)
def test_finding_formulas_takes_linear_time(unit):
    with within(2, time.process_time):
        find_formulas("$x$ " + unit * (300_000 // len(unit)))


def test_a_formula_becomes_mathml():
    assert mathml("x^2", True) == '<math display="block"><msup><mi>x</mi><mn>2</mn></msup></math>'
    assert mathml("\\mathbf{x}", False) == "<math><mi>&#x1d431;</mi></math>"
    assert "<mspace></mspace>" in mathml("\\operatorname{f}", False)


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        ("\\begin{align}a&=b\\end{align}", '<mtd class="right flush-right">'),
        ("\\begin{cases}a & b\\end{cases}", 'class="left flush-right gap"'),
        ("\\begin{array}{c|c}a&b\\end{array}", 'class="line-right"'),
        ("\\boxed{x}", '<mrow class="box">'),
        ("\\text{\\textbf{a}}", "<strong>a</strong>"),
        ("\\sum_{\\substack{a\\\\b}}", "<mtable"),
        ("50% + 5\\%", "<mi>%</mi><mo"),
        ("\\hspace{-999em}x", "<mspace></mspace>"),
        ("\\textcolor{red}{x}", "<mrow><mi>x</mi></mrow>"),
        ("\\operatorname{</math><script>}", "&lt;/math&gt;&lt;script&gt;"),
    ],
)
def test_what_models_write_is_understood_and_has_no_style(tex, part):
    html = mathml(tex, True)
    assert part in html
    assert " style=" not in html
    assert "(1)" not in html


@pytest.mark.parametrize(
    "tex",
    [
        "\\href{javascript:alert(1)}{x}",
        "\\includegraphics{https://evil.example/x.png}",
        "\\def\\a{\\a\\a}\\a",
        "\\newcommand{\\a}{b}\\a",
        "\\let\\a=b",
        "\\begin{equation}x\\label{page}\\end{equation}",
        "\\eqref{a}",
        "x\\tag{1}",
        "#1",
        "\\text{<img src=x onerror=alert(1)>&amp;}",
        "\\unknown{x}",
        "\u202ex",
        "a\u200bb",
        "x" * (MAX_CHARS + 1),
        "\\alpha " * (MAX_TOKENS // 2) + "{x}" * (MAX_TOKENS // 4 + 1),
        "{" * 31 + "}" * 31,
        "}{",
        "(" * 30,
        "\\kern99999em x",
    ],
)
def test_anything_else_is_shown_as_its_source(tex):
    assert mathml(tex, True).startswith('<code class="tex">')
    assert "<img" not in mathml(tex, True)


def test_the_gate_lets_long_formulas_pass():
    assert prepared("\\frac{1}{2} + " * 60 + "1")
    assert prepared(
        "\\begin{aligned}" + "x_i^2 &= \\sqrt{\\alpha_i} + \\hat{\\beta} \\\\ " * 30 + "\\end{aligned}"
    )
    assert prepared("\\alpha\\beta\\gamma" * 60)
    assert prepared(
        "a \\leftarrow b \\rightarrow \\bigcap_{i} c \\left\\{ \\frac{d}{e} \\right\\rangle \\bigl( f \\bigr)"
    )


def test_the_converter_sees_only_what_passed_the_gate(monkeypatch):
    class Converter:
        def convert_with_local_state(self, tex, *, displaystyle):
            seen.append(tex)
            return "<math></math>"

    seen = []
    monkeypatch.setattr(maths, "converter", Converter)
    for tex in ("{" * 100_000, "\\sqrt" * 100_000, "\\def\\b{}", "y" + "^{x" * 40 + "}" * 40):
        assert maths.mathml.__wrapped__(tex, True).startswith("<code")
    assert seen == []


@pytest.mark.parametrize(
    "html",
    [
        '<math><a href="#x">',
        '<mi id="x">',
        "<script>",
        "<mi>a>b</mi>",
        '<mi onclick="x">',
        '<mspace width="9999em"/>',
        "<mi",
        "<MI>",
    ],
)
def test_unknown_output_is_refused(html):
    assert checked(html) is None


def test_every_known_command_gives_listed_elements_only():
    known = 0
    for name in sorted(ARGUMENTS | SYMBOLS):
        html = mathml(f"\\{name}{{x}}{{y}}" if name in ARGUMENTS else f"\\{name}", True)
        known += html.startswith("<math")
        for tag, attributes in re.findall(r"<([a-z]+)([^>]*)>", html):
            assert tag in {*ELEMENTS, "code", "strong", "em"}
            assert set(re.findall(r"([a-z]+)=", attributes)) <= {*ATTRIBUTES, "class"}
    assert known > 0.95 * len(ARGUMENTS | SYMBOLS)


def test_no_formula_that_passes_overflows_a_small_stack():
    """Nor takes long: with unclosed brackets the converter's time would double with each."""
    command = [sys.executable, "-m", DEEP, "7", "150", "256"]
    assert subprocess.run(command, timeout=120).returncode == 0


def test_without_the_gate_a_formula_does_overflow_it():
    assert subprocess.run([sys.executable, "-m", DEEP, "7", "0", "256", "open"], timeout=120).returncode < 0


def test_threads_may_convert_at_the_same_time():
    formulas = [f"\\frac{{x_{{{number}}}}}{{y}}" for number in range(500)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda tex: maths.mathml.__wrapped__(tex, False), formulas * 2))
    assert found == [mathml(tex, False) for tex in formulas] * 2
