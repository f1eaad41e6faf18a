"""The forms for the history and for ratings."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from answers.models import Answer, Status

CHOOSE_A_THUMB = _("Please choose thumbs up or thumbs down.")


class DateInput(forms.DateInput):
    input_type = "date"

    def format_value(self, value: date | str | None) -> str | None:
        return value.isoformat() if isinstance(value, date) else value  # the only format that browsers accept


class HistoryForm(forms.Form):
    """Which answers to show. Every field is optional."""

    q = forms.CharField(
        label=_("Search questions and answers"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
        error_messages={"max_length": _("Please search for at most %(limit_value)d characters.")},
    )
    status = forms.ChoiceField(
        label=_("Status"),
        choices=[("", _("Any status")), *Status.choices],
        required=False,
        error_messages={"invalid_choice": _("There is no such status.")},
    )
    since = forms.DateField(label=_("From"), required=False, widget=DateInput)
    until = forms.DateField(label=_("To"), required=False, widget=DateInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", _("The last day is before the first."))
        return cleaned

    @property
    def has_details(self) -> bool:
        """Whether a field other than the words is filled in, rightly or not."""
        return any(self[name].value() for name in ("status", "since", "until"))


class RatingForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Answer
        fields = ["rating", "rating_note"]
        error_messages = {
            "rating": {"invalid_choice": CHOOSE_A_THUMB},
            "rating_note": {"max_length": _("Please use at most %(limit_value)d characters.")},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rating"].required = True
        self.fields["rating"].error_messages["required"] = CHOOSE_A_THUMB
