"""A browser and its system in words, for the list of a person's sessions.

A `User-Agent` names many browsers, for compatibility. The first rule that fits wins, so those come first that
also name the browser on which they are based. What no rule knows is shown as it is, but short.
"""

import re

from django.utils.translation import gettext as _

BROWSERS = [
    (r"\bEdg(?:e|A|iOS)?/", "Edge"),
    (r"\b(?:OPR|OPiOS|Opera)\b", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\bVivaldi/", "Vivaldi"),
    (r"\bYaBrowser/", "Yandex Browser"),
    (r"\bDuckDuckGo/", "DuckDuckGo"),
    (r"\b(?:Firefox|FxiOS)/", "Firefox"),
    (r"\bHeadlessChrome/", "Chrome"),
    (r"\bChromium/", "Chromium"),
    (r"\b(?:Chrome|CriOS)/", "Chrome"),
    (r"\bVersion/.* Safari/", "Safari"),
    (r"^(curl|Wget|python-requests)/", ""),  # as they call themselves
]
SYSTEMS = [
    (r"\bWindows Phone\b", "Windows Phone"),
    (r"\bWindows\b", "Windows"),
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bAndroid\b", "Android"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bMacintosh\b", "macOS"),
    (r"\bLinux\b", "Linux"),
]
SHOWN_CHARS = 60


def described(user_agent: str) -> str:
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:SHOWN_CHARS].strip() or _("Unknown browser")


def _first(rules: list[tuple[str, str]], user_agent: str) -> str:
    for pattern, name in rules:
        if found := re.search(pattern, user_agent):
            return name or found[1]
    return ""
