"""An export holds little memory, however many answers there are and however long they are."""

import tracemalloc
import uuid

import pytest

from accounts.models import User
from answers.admin.export_files import COLUMNS, Export, as_csv, as_json_lines
from answers.models import Answer, Status

pytestmark = pytest.mark.django_db


def fill(number, text):
    user, _ = User.objects.get_or_create(username="alice")
    answers = [
        Answer(user=user, thread=uuid.uuid4(), question="?", text=text, status=Status.COMPLETE)
        for _ in range(number)
    ]
    Answer.objects.bulk_create(answers, batch_size=50)


def export(format):
    """Return how many bytes the export has, and how many are held at once."""
    size = 0
    tracemalloc.start()
    try:
        for part in Export(format(COLUMNS), Answer.objects.all()).parts():
            size += len(part.encode())
        return size, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("format", [as_csv, as_json_lines])
def test_five_times_as_many_answers_need_no_more_memory(format):
    fill(1_500, "Short. " * 10)
    export(format)  # what is imported and cached at first
    _, few = export(format)
    fill(6_000, "Short. " * 10)
    size, many = export(format)
    assert size > 1_500_000
    assert many < few + 500_000


def test_long_answers_are_read_one_at_a_time():
    fill(40, "x" * 900_000)
    size, held = export(as_json_lines)
    assert size > 36_000_000
    assert held < 8_000_000
