"""Exports from the admin's list of answers: how a test asks for one and reads it."""

import csv
import io
import json
import re

from asgiref.sync import async_to_sync
from django.urls import reverse

LIST = "/admin/answers/answer/"
BUTTON = re.compile(r'<button formaction="([^"]+)">([^<]+)</button>')


def address(choice, query=""):
    return reverse("admin:answers_answer_export", args=[choice]) + query


@async_to_sync
async def body(response):
    return b"".join([part async for part in response.streaming_content]).decode()


def export(client, choice, query=""):
    response = client.post(address(choice, query))
    assert response.status_code == 200
    return body(response)


def rows_of(text):
    assert text[0] == "\ufeff"
    return list(csv.DictReader(io.StringIO(text[1:], newline=""), strict=True))


def objects_of(text):
    return [json.loads(line) for line in text.splitlines()]


def buttons(page):
    return {name: path.replace("&amp;", "&") for path, name in BUTTON.findall(page.content.decode())}
