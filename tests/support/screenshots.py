"""The pictures in docs/: `make screenshots`. A real site, a stand-in for the API and Chromium take them.

Each state of the page is one picture with four looks: wide and on a phone, light and dark. Those of the admin
are in admin_screenshots.py. Names of states as arguments take only their pictures again.
"""

import base64
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import admin_screenshots
from tests.support.api_behaviours import Dictation, answer, refuse
from tests.support.api_server import ApiServer
from tests.support.browser import ARGUMENTS
from tests.support.sites import ROOT, Site

FOLDER = ROOT / "docs" / "screenshots"
WIDE, PHONE = {"width": 1000, "height": 760}, {"width": 390, "height": 760}
SCALE = 0.62  # of the looks in a picture

QUESTION = "Why is the sky blue?"
BEGINNING = """\
Sunlight contains **all colours**. On its way through the air, it meets molecules that are much smaller than \
its wavelength, and they scatter short waves far more than long ones:

1. Blue light goes off in all directions, so it reaches us from the whole sky.
2. Red light mostly goes straight on, which is why the setting sun"""
REASONING = """\
The person asks about Rayleigh scattering. I should name the law, give a number, and say why the sky is not \
violet, since that is what people ask next."""
WHOLE = """\
## Rayleigh scattering

Molecules of the air scatter short waves far more than long ones. The intensity follows the fourth power:

$$I \\propto \\frac{1}{\\lambda^4} \\qquad \\sum_{k} \\lambda_k$$

| Colour | Wavelength | Scattered, next to red |
|---|---:|---:|
| Red | 700 nm | 1.0 |
| Green | 530 nm | 3.0 |
| Blue | 450 nm | 5.9 |

```python
def scattered(wavelength: float, reference: float = 700) -> float:
    \"\"\"How much more than at the reference, both in nanometres.\"\"\"
    return (reference / wavelength) ** 4
```

> The sky isn't violet, because sunlight has less of it and our eyes see it less well.[^1]

[^1]: See [Smith, 2005](https://aapt.example/colour-vision).
"""


@contextmanager
def looks(browser: Browser) -> Iterator[list[Page]]:
    """A page for each look, each with a browser profile of its own."""
    contexts = [
        browser.new_context(
            viewport=size, color_scheme=scheme, is_mobile=size is PHONE, has_touch=size is PHONE
        )
        for size in (WIDE, PHONE)
        for scheme in ("light", "dark")
    ]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def ask(page: Page, url: str, question: str = QUESTION) -> None:
    page.goto(url)
    page.locator("#question-box").fill(question)
    page.locator("#ask").click()
    page.locator("article").wait_for()


def is_over(page: Page) -> None:
    page.locator("article[data-status]:not([data-status=queued], [data-status=running])").last.wait_for()


def first_question(page: Page, site: Site) -> None:
    page.goto(site.url)


def queue(page: Page, site: Site) -> None:
    site.api.when("busy", Dictation())
    ask(page, site.url, "Keep the model busy")
    page.locator("article[data-status=running]").wait_for()
    for question in ("Keep it busy after that", QUESTION):
        ask(page, site.url, question)
        page.locator("article[data-status=queued]").wait_for()
    page.locator(".ahead").last.wait_for()


def thinking(page: Page, site: Site) -> None:
    site.api.when(QUESTION, thought := Dictation())
    ask(page, site.url)
    thought.think(REASONING)
    page.get_by_text("what people ask next").wait_for()


def streaming(page: Page, site: Site) -> None:
    site.api.when(QUESTION, told := Dictation())
    ask(page, site.url)
    told.say(BEGINNING)
    page.get_by_text("the setting sun").wait_for()


def whole(page: Page, site: Site) -> None:
    site.api.when(QUESTION, answer([WHOLE]))
    ask(page, site.url)
    is_over(page)
    page.reload()


def formatted(page: Page, site: Site) -> None:
    whole(page, site)
    page.locator(".formula").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.querySelector('.text').offsetTop - 20)")


def error(page: Page, site: Site) -> None:
    site.api.when(QUESTION, refuse(401, {"message": "Incorrect API key", "code": "invalid_api_key"}))
    ask(page, site.url)
    is_over(page)


def history(page: Page, site: Site) -> None:
    for question in (QUESTION, "How do glaciers move?", "What is a leap second?"):
        site.api.when(question, answer([WHOLE]))
        ask(page, site.url, question)
        is_over(page)
    page.goto(f"{site.url}/history/?q=scattering")


def shared(page: Page, site: Site) -> None:
    whole(page, site)
    page.get_by_role("link", name="Share").click()
    page.locator("form button.primary").click()
    page.goto(page.locator("#link").input_value())


def noscript(page: Page, site: Site) -> None:
    whole(page, site)
    url, cookies = page.url, page.context.cookies()
    size, browser = page.viewport_size, page.context.browser
    scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    assert browser is not None
    context = browser.new_context(viewport=size, color_scheme=scheme, java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page.close()
    context.new_page().goto(url)


STATES: dict[str, Callable[[Page, Site], None]] = {
    "first-question": first_question,
    "queue": queue,
    "thinking": thinking,
    "streaming": streaming,
    "formatted": formatted,
    "error": error,
    "history": history,
    "shared": shared,
    "without-javascript": noscript,
    **admin_screenshots.STATES,
}
SETTINGS = {"queue": {"ASKME_THREADS": "1", "ASKME_RUNNING_PER_USER": "1"}}
SETTINGS |= dict.fromkeys(admin_screenshots.STATES, admin_screenshots.SETTINGS)


def picture(browser: Browser, shots: list[bytes]) -> bytes:
    """The looks side by side, each as wide as in its window, times `SCALE`."""
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}" style="height:{760 * SCALE}px">'
        for shot in shots
    )
    page = browser.new_page(viewport={"width": 1780, "height": 510})
    page.set_content(f'<body style="margin:8px;display:flex;gap:8px;background:#888">{images}')
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    shot = page.screenshot()
    page.close()
    return shot


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        for name in sys.argv[1:] or STATES:
            arrange = STATES[name]
            with tempfile.TemporaryDirectory() as folder, looks(browser) as pages:
                shots = []
                for number, page in enumerate(pages):
                    with ApiServer() as api:
                        home = Path(folder) / str(number)
                        home.mkdir()
                        site = Site(home, api, **SETTINGS.get(name, {})).start()
                        context = page.context
                        others = {id(one) for one in browser.contexts}
                        arrange(page, site)
                        new = [one for one in browser.contexts if id(one) not in others]
                        page = (new or [context])[-1].pages[-1]
                        page.wait_for_timeout(500)
                        shots.append(page.screenshot(animations="disabled"))
                        api.release()
                        site.stop()
                (FOLDER / f"{name}.png").write_bytes(picture(browser, shots))
        browser.close()


if __name__ == "__main__":
    main()
