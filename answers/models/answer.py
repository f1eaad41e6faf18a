"""One `Answer` row is one question and its answer.

A row goes from `queued` to `running` to exactly one end, and never back. Only `AnswerQuerySet` changes a
status. Only the saver writes the text and the reasoning of a running answer.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from answers.formatting import formatted_html, prefix_of
from answers.models.answer_queries import AnswerQuerySet
from answers.models.literal import Ending
from answers.models.process import Process
from answers.models.sources import ShownSource
from answers.models.status import Rating, Status

# Names from the API are cut to this length. LiteLLM's ids of responses have more than 450 characters.
MODEL_CHARS, FINISH_REASON_CHARS, API_ID_CHARS = 200, 40, 1_000
NOTE_CHARS = 500  # the longest comment on an answer
MEASURED_SECONDS = 0.2  # the shortest stream whose speed means something


class Answer(models.Model):
    """One question and its answer.

    `text` is what was shown, apart from the model's reasoning. Positions and lengths everywhere count code
    points, as `len(text)` does.
    `seconds` and `first_text_seconds` count from when the question was accepted, waiting included.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="answers",
        db_index=False,  # answer_by_user covers it
    )
    # No constraint, and no index over all rows: an answer names its process only while it runs. A process
    # that was declared dead may still add answers for a moment, until it notices and takes a new lease.
    process = models.ForeignKey(
        Process,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="answers",
        db_constraint=False,
        db_index=False,
        help_text="The process that runs it. Empty while it waits, and once it has ended.",
    )
    follows = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    thread = models.UUIDField(editable=False)  # the id of its first answer; its own if it is the first
    question = models.TextField()
    text = models.TextField("answer", blank=True)
    edition = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How often the text has started over; see completions/pieces.py.",
    )
    reasoning = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="The model's reasoning, as far as the API sends it.",
    )
    sources = models.JSONField(
        blank=True,
        default=list,
        db_default=models.Value([], models.JSONField()),
        help_text="Pages that the answer cites.",
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    turn = models.PositiveIntegerField(default=0, db_default=0, editable=False)  # answers/engine/queue.py

    model = models.CharField(max_length=MODEL_CHARS, blank=True, help_text="The model's name in the API.")
    model_label = models.CharField(
        max_length=MODEL_CHARS, blank=True, default="", db_default="", help_text="The label that was chosen."
    )
    finish_reason = models.CharField(max_length=FINISH_REASON_CHARS, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    cached_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="Prompt tokens that were in the API's cache."
    )
    reasoning_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="Completion tokens that were used for reasoning."
    )
    cost = models.DecimalField(
        max_digits=14,
        decimal_places=8,
        null=True,
        blank=True,
        help_text="As reported by the API, or computed from the price of the model.",
    )
    tokens_estimated = models.BooleanField(default=False, help_text="The API did not report the numbers.")
    response_id = models.CharField(
        max_length=API_ID_CHARS,
        blank=True,
        default="",
        db_default="",
        help_text="The API's id for the answer.",
    )
    request_id = models.CharField(
        max_length=API_ID_CHARS,
        blank=True,
        default="",
        db_default="",
        help_text="The API's id for the HTTP request.",
    )
    sent_turns = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How many earlier turns were sent with the question.",
    )
    error_code = models.CharField(max_length=20, blank=True)
    error_message = models.TextField("error", blank=True, help_text="The message that the person saw.")
    error_detail = models.TextField(blank=True, help_text="The API's own message, for operators only.")

    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    first_text_seconds = models.FloatField(null=True, blank=True)
    seconds = models.FloatField(null=True, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)

    rating = models.SmallIntegerField(choices=Rating, null=True, blank=True)
    rating_note = models.CharField(max_length=NOTE_CHARS, blank=True, help_text="The person's comment.")

    objects = AnswerQuerySet.as_manager()

    class Meta:
        # PostgreSQL has one more column, `search`, which is not in the model: answers/pages/search.py
        ordering = [F("asked_at").desc()]
        indexes = [
            # In the order of `newest_first`, id included, so that nothing has to be sorted.
            # With the thread, so that the history (answers/pages/thread_list.py) needs the index alone.
            models.Index(fields=["user", "-asked_at", "-id", "thread"], name="answer_by_user"),
            models.Index(fields=["user", "status", "-asked_at", "-id"], name="answer_by_status"),
            models.Index(fields=["-asked_at", "-id"], name="answer_by_time"),
            # For the filters of the admin, in the order of its list.
            models.Index(fields=["status", "-asked_at", "-id"], name="answer_all_by_status"),
            models.Index(fields=["model", "-asked_at", "-id"], name="answer_by_model"),
            models.Index(
                fields=["error_code", "-asked_at", "-id"],
                name="answer_by_error",
                condition=~Q(error_code=""),
            ),
            # For whoever has an id from the API's own log.
            models.Index(Ending("response_id"), name="answer_by_response", condition=~Q(response_id="")),
            models.Index(Ending("request_id"), name="answer_by_request", condition=~Q(request_id="")),
            # In the order of a thread, or SQLite would rather read all answers of the person.
            models.Index(fields=["thread", "user", "asked_at", "id"], name="answer_by_thread"),
            models.Index(
                fields=["process", "user", "turn"], name="answer_owned", condition=Q(process__isnull=False)
            ),
            # The status comes first, or SQLite would rather scan answer_by_status than search this one.
            models.Index(
                fields=["status", "turn", "asked_at", "id"],
                name="answer_queued",
                condition=Q(status=Status.QUEUED),
            ),
            models.Index(
                fields=["rating", "-asked_at", "-id"],
                name="answer_rated",
                condition=Q(rating__isnull=False),
            ),
        ]
        default_permissions = ["add", "view", "delete"]  # "add": who may ask, if a site decides so
        permissions = [
            ("read_answer", "Can read questions and answers"),
            ("export_answer", "Can export questions and answers"),
            ("stop_answer", "Can stop answers"),
        ]

    def __str__(self) -> str:
        """Without any of the question: Django keeps this in the admin's log, also of deleted answers."""
        return f"answer {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("answer", args=[self.pk])

    @property
    def shown_model(self) -> str:
        """The name that people see: the label, if they had a choice."""
        return self.model_label or self.model

    @property
    def shown_sources(self) -> list[ShownSource]:
        return [ShownSource.of(source) for source in self.sources]

    @property
    def is_thinking(self) -> bool:
        """Whether its reasoning has begun but its text has not."""
        return self.status == Status.RUNNING and bool(self.reasoning) and not self.text

    @property
    def html(self) -> SafeString:
        """The text, formatted: what a page shows that has followed it."""
        return mark_safe(formatted_html(self.text, prefix_of(self.pk)))  # noqa: S308

    def tokens_per_second(
        self, length: int | None = None, reasoning_length: int | None = None
    ) -> float | None:
        """How fast the text came, once it had begun. None if that is not known, or if all came at once.

        The lengths are those of text and reasoning, for a row without them.
        """
        if not self.completion_tokens or self.seconds is None or self.first_text_seconds is None:
            return None
        seconds = self.seconds - self.first_text_seconds
        tokens: float = self.completion_tokens
        if self.reasoning_tokens is not None:
            tokens -= self.reasoning_tokens
        else:  # an API that does not say so counts the reasoning all the same
            length = len(self.text) if length is None else length
            chars = length + (len(self.reasoning) if reasoning_length is None else reasoning_length)
            tokens *= length / chars if chars else 0
        return tokens / seconds if tokens > 0 and seconds >= MEASURED_SECONDS else None
