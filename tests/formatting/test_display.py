"""What a reader sees of a growing answer: what was shown stays, and open syntax is shown as closed."""

import random

import pytest

from answers.formatting import Growing
from tests.formatting.reading import PREFIX, grown, run, visible
from tests.formatting.snippets import CONSTRUCTS, UNFINISHED

START = "Start.\n\n"
ANSWER = """# Lists and *code*

Here is **how it works**, in `short`, with [a link](https://docs.example/page "title") and a note[^1].
A second line; see https://bare.example/path_x and ![an image](https://i.example/i.png)!

1. **First:** do this
   ```python
   def f(x):
       return x * 2
   ```
2. Then \\(x^2\\), costs $5

   - nested _item_ & more
   - [x] ~~done~~

- [ ] task

| Name | `Type` |
|------|-------:|
| **a** | `int | None` |
| b |

> Quoted **text
> over** lines
***
```js
let x = "**not bold**";
```
Setext
------
\\[
E = mc^2
\\]

<details>&amp; &lt;b&gt; a\\
b</details>

[^1]: The note.
"""

# (what has come, what is seen, what is in the HTML of the last block)
OPEN = [
    ("some **bold", "some bold", "<strong>bold</strong>"),
    ("some *it", "some it", "<em>it</em>"),
    ("***both", "both", "<em><strong>both</strong></em>"),
    ("~~gone", "gone", "<s>gone</s>"),
    ("run `code *x", "run code *x", "<code>code *x</code>"),
    ("**bold `code", "bold code", "<strong>bold <code>code</code></strong>"),
    ("a [text](https://ex", "a text", "<a>text</a>"),
    ("a [**text**](https://ex", "a text", "<a><strong>text</strong></a>"),
    ("a ![alt](https://ex", "a alt", '<a class="image">alt</a>'),
    ("# Head **bold", "Head bold", "<h3"),
    ("- one **two", "one two", "<li"),
    ("| a | **b", "a b", "<th"),
    ("| a | b |\n|---|---|\n| x | **y", "a b x y", "<strong>y</strong>"),
    ("```python\nx = 1", "python x = 1", "<code>x = 1</code>"),
    ("> - `x", "x", "<code>x</code>"),
    ("in \\(x^2 + y", "in x^2 + y", '<code class="tex">x^2 + y</code>'),
    ("\\[\nx\n= y", "x = y", 'class="formula"'),
    ("2 * 3 and snake_case and 2**3", "2 * 3 and snake_case and 2**3", ""),
    ("\\*not and \\*x", "*not and *x", "*not and *x"),
]
# (what has come, what is seen): the rest waits for the next character
HELD = [
    ("a\n\n-", "a"),
    ("a\n\n2", "a"),
    ("a\n\n2.", "a"),
    ("a\n-", "a"),
    ("a\n==", "a"),
    ("a\n\n#", "a"),
    ("a\n\n> ", "a"),
    ("a\n\n|", "a"),
    ("a\n\n- [", "a"),
    ("a\n\n- [x] ", "a"),
    ("a\n\n```py", "a"),
    ("| a | b |\n|--", "a b"),
    ("some **", "some"),
    ("some **bold*", "some bold"),
    ("AT&T &am", "AT&T"),
    ("a <b", "a"),
    ("a\\", "a"),
    ("see [te", "see"),
    ("see [text]", "see"),
    ("see [^1", "see"),
    ("[a]: https://x", ""),
    ("a\r", "a"),
]


@pytest.mark.parametrize(("text", "seen", "html"), OPEN)
def test_open_syntax_is_closed_for_display(text, seen, html):
    growing = grown([START, text])
    assert visible(growing.blocks) == f"Start. {seen}".strip()
    assert html in growing.blocks[-1]


@pytest.mark.parametrize(("text", "seen"), HELD)
def test_what_is_undecided_is_held_back(text, seen):
    assert visible(grown([START, text]).blocks) == f"Start. {seen}".strip()


@pytest.mark.parametrize("step", [1, 2, 3, 7, 20])
def test_what_was_shown_is_never_taken_back(step):
    _assert_only_grows(ANSWER, step)


TAKES_BACK = {
    "**unclosed and *more\n",  # it was expected to close
    "a | b\n--|--:\n1 | `x|y`\n",  # a table without outer bars is not expected
    "| no | table |\nbut a paragraph\n",  # a table was expected
    "snake_case_name and 2*3*4 and **\n",  # three in the middle is emphasis, as CommonMark has it
}


@pytest.mark.parametrize("text", [c for c in CONSTRUCTS if c not in UNFINISHED and c not in TAKES_BACK])
def test_what_was_shown_of_each_construct_is_never_taken_back(text):
    _assert_only_grows(f"{START}{text}\n\nEnd.\n", 1)


def test_a_real_answer_is_shown_without_any_marker():
    seen = visible(grown([ANSWER]).blocks)
    assert "**" not in seen.replace('"**not bold**"', "")
    assert "|" not in seen.replace("int | None", "")
    assert "[" not in seen


def _assert_only_grows(text, step):
    growing, before = Growing(PREFIX), ""
    for start in range(0, len(text), step):
        growing.feed(text[start : start + step])
        run(growing.render())
        seen = visible(growing.blocks, without_maths=True)
        assert seen.startswith(before), text[max(0, start - 30) : start + step]
        before = seen


def test_open_syntax_that_never_closes_is_text_at_the_end():
    growing = grown([START, "**bold and `co", "de"])
    assert "<strong>" in growing.blocks[1]
    run(growing.finish())
    assert growing.blocks[1] == '<p dir="auto">**bold and `code</p>'


def test_an_open_fence_only_appends():
    growing, pieces = grown(["```python\n"]), random.Random(7)
    code = "".join(pieces.choice(["x", " ", "\n", "`", "*a*", "é"]) for _ in range(400)) + "y\n"
    for start in range(0, len(code), 7):
        before = growing.blocks[0].removesuffix("</code></pre></div>")
        growing.feed(code[start : start + 7])
        run(growing.render())
        assert growing.blocks[0].startswith(before)
