"""Links of answers."""

import time

import pytest

from answers.formatting.links import find_addresses, link_end, link_start, safe_address, shown_host
from tests.support.measurements import within


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("http://a.example", "http://a.example"),
        ("HTTPS://A.Example:443/x y?q=ä#f", "https://a.example:443/x%20y?q=ä#f"),
        ("ht\ttp://a.example/\n", "http://a.example/"),
        ("https://bank.example@evil.example/", "https://evil.example/"),
        ("https://a:b@c@evil.example", "https://evil.example"),
        ("https://e\u200bvil.example/\u202ea", "https://evil.example/a"),
        ("https://\u0430\u0440\u0440\u04cf\u0435.com/x", "https://xn--80ak6aa92e.com/x"),
        ("https://faß.de", "https://xn--fa-hia.de"),
        ("https://例え。テスト/", "https://xn--r8jz45g.xn--zckzah/"),
        ("https://127.0.0.1:8000/", "https://127.0.0.1:8000/"),
        ("https://[::1]/", "https://[::1]/"),
        ('https://a.example/"<>\\`', "https://a.example/%22%3C%3E%5C%60"),
    ],
)
def test_addresses_of_web_pages_are_linked(address, safe):
    assert safe_address(address) == safe
    assert safe_address(safe) == safe


NO_WEB_PAGES = """javascript:alert(1) JaVaScRiPt:alert(1) java\0script:alert(1) data:text/html,x vbscript:x
file:///etc/passwd /a/1/delete/ //evil.example/a #page ?q mailto:a@b.example ftp://a.example https:a.example
https:/a.example https:///a.example https://:80/ https://a..b/ https://a%2eb/ https://a.example:99999/
https://0x7f.1/ https://2130706433/ https://127.1/ https://bank.example\\@evil.example/ https://a\0b.example/
https://[x]/ https://a|b/ javascript://a.example/%0aalert(1)"""


@pytest.mark.parametrize("address", NO_WEB_PAGES.split())
def test_anything_else_leads_nowhere(address):
    assert safe_address(address) is None
    assert "href" not in link_start(safe_address(address), "title")


def test_an_address_has_a_bound():
    assert safe_address("https://a.example/" + "x" * 5_000) is None
    assert safe_address(f"https://{'a' * 64}.example") is None
    assert safe_address(f"https://{'a.' * 200}example") is None


@pytest.mark.parametrize(
    ("address", "text", "host"),
    [
        ("https://a.example/x", "this page", "a.example"),
        ("https://a.example/x", "https://a.example/x", ""),
        ("https://www.a.example/", "A.example", ""),
        ("https://evil.example/", "https://bank.example", "evil.example"),
        ("https://evil.example/", "bank.example at evil.example", "evil.example"),
        ("https://a.example/", "a.example.evil", "a.example"),
        ("https://a.example/", "https://a.example@evil.example/", "a.example"),
        ("https://xn--80ak6aa92e.com/", "https://\u0430\u0440\u0440\u04cf\u0435.com/", "xn--80ak6aa92e.com"),
        ("https://a.example:81/", "\u202ea.example", "a.example:81"),
    ],
)
def test_the_host_is_shown_where_the_text_does_not_show_it(address, text, host):
    assert shown_host(address, text) == host
    assert link_end(address, text) == (f'</a> <bdi class="host">{host}</bdi>' if host else "</a>")


def test_a_link_opens_in_a_new_tab_and_its_title_is_text():
    start = link_start("https://a.example/?a=1&b=2", 't" onclick="alert(1)\u202e')
    assert start == (
        '<a href="https://a.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer nofollow ugc"'
        ' title="t&quot; onclick=&quot;alert(1)">'
    )


def test_bare_addresses_are_found_without_what_follows_them():
    text = (
        "www.no.example http://a.example/x. (https://b.example/(c)) ftp://x a@no.example xhttps://no.example "
        "javascript://no.example/%0a 见https://c.example/b。然后 **https://d.example** [https://e.example] "
        "'https://f.example', "
        "https://g.example/?a=1&b=2! http:// https://1.2 <https://h.example>"
    )
    assert [text[start:end] for start, end in find_addresses(text)] == [
        "http://a.example/x",
        "https://b.example/(c)",
        "https://c.example/b",
        "https://d.example",
        "https://e.example",
        "https://f.example",
        "https://g.example/?a=1&b=2",
        "https://h.example",
    ]


@pytest.mark.measures
@pytest.mark.parametrize(
    "unit", ["https://", "https://a.b/(", "https://a)", "https://a.b ", "http://a/&amp;"]
)
def test_finding_addresses_takes_linear_time(unit):
    with within(2, time.process_time):
        find_addresses(unit * (1_000_000 // len(unit)))
