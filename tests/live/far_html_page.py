"""A page that asks for HTML, in another process than its answer."""

import asyncio

import pytest

from answers.engine.runtime import current_runtime
from answers.live.formatted_follower import FormattedFollower
from answers.live.renderings import Renderings
from tests.support.html_page import HtmlPage
from tests.support.remote_follower import RemoteFollower


class FarPage(HtmlPage):
    """`events` are those without text. It reads only while `reads` is set."""

    def __init__(self, source):
        super().__init__(str(source.row.pk))
        self.source, self.events = source, []
        self.changed, self.reads = asyncio.Event(), asyncio.Event()
        self.reads.set()
        self.reader = RemoteFollower(source.layer, self.send, FormattedFollower)

    async def follow(self, *, claims=None, **options):
        """From where it is, or from the position that it `claims`."""
        await self.reader.close()
        position = self.frame()["position"] if claims is None else claims
        await self.reader.follow(self.source.row.pk, position, 0, self.edition, **options)

    async def send(self, event):
        await self.reads.wait()
        if event["type"] in ("answer.text", "answer.finished"):
            self.add(event)
        else:
            self.events.append(event)
        self.changed.set()

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def shows(self, text):
        await self.until(lambda: self.text == text)

    async def ends(self):
        await self.until(lambda: self.end)
        return self.end


@pytest.fixture
async def open_page(source):
    """Pages of one answer, which are closed at the end. Nothing is left then."""
    pages = []

    async def open_one(text="", edition=0, **options):
        pages.append(page := FarPage(source))
        page.text, page.edition = text, edition
        await page.follow(**options)
        return page

    yield open_one
    for page in pages:
        await page.reader.close()
    assert current_runtime().part(Renderings)._latest == {}
    assert source.layer.groups == {}
