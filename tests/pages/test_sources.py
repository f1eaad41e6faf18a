"""Which addresses of sources become links, and the host that is shown beside them."""

import pytest

from answers.models.sources import ShownSource


@pytest.mark.parametrize(
    ("url", "link", "host"),
    [
        ("http://example.org", "http://example.org", "example.org"),
        ("https://Example.org:8443/A?b#c", "https://example.org:8443/A?b#c", "example.org"),
        ("https://bücher.example/x", "https://xn--bcher-kva.example/x", "xn--bcher-kva.example"),
        ("https://straße.example/", "https://xn--strae-oqa.example/", "xn--strae-oqa.example"),
        ("https://аpple.com/", "https://xn--pple-43d.com/", "xn--pple-43d.com"),
        ("https://example.org?@evil.example", "https://example.org?@evil.example", "example.org"),
    ],
)
def test_a_web_page_is_linked_with_its_host_in_ascii(url, link, host):
    assert ShownSource.of({"url": url, "title": " Title "}) == ("Title", link, host)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org/",
        "//example.org/",
        "https:example.org",
        "https://",
        "https:///example.org",
        "https://user@example.org/",
        "https://user:password@example.org/",
        "https://bank.example\\@evil.example/",
        "https://bank.example%2f@evil.example/",
        "https://bank.example／evil.example/",  # NFKC makes it a slash
        "https://exam\tple.org/",
        "https://exam%70le.org/",
        "https://[::1]/",
        "https://example.org:x/",
        f"https://{'a' * 64}.example/",
        "https://example..org/",
        "",
        " https://example.org/",
        "https://example.org/\nx",
    ],
)
def test_everything_else_is_text(url):
    assert ShownSource.of({"url": url, "title": "Title"}) == ("Title", "", "")


def test_a_source_without_a_title_shows_its_address():
    assert ShownSource.of({"url": "javascript:x", "title": "\n"}).title == "javascript:x"
