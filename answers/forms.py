"""What may be asked, looked for, and said of an answer."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from answers.models import Answer, Status

CHOOSE_A_THUMB = _("Please choose thumb up or thumb down.")


class QuestionField(forms.CharField):
    """Kept as typed. NUL and lone surrogates, which no store holds, become U+FFFD as in an answer."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        # Through UTF-16 a pair of surrogates that arrived as two becomes its one character.
        return text.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class QuestionForm(forms.Form):
    question = QuestionField(strip=False, error_messages={"required": _("Please type a question first.")})
    model = forms.ChoiceField(
        choices=lambda: list(settings.ASKME_MODELS.items()),
        required=False,
        error_messages={"invalid_choice": _("This model is not offered any more. Please choose another.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if limit := settings.ASKME_QUESTION_CHARS:
            message = _("Your question has %(show_value)s characters; at most %(limit_value)s can be asked.")
            self.fields["question"].validators.append(MaxLengthValidator(limit, message))

    def clean_model(self) -> str:
        """The API's name; none, where the site offers no choice."""
        return self.cleaned_data["model"] or next(iter(settings.ASKME_MODELS), "")

    def clean_question(self) -> str:
        question: str = self.cleaned_data["question"]
        if not question.strip():
            raise forms.ValidationError(self.fields["question"].error_messages["required"], code="required")
        return question


class DateInput(forms.DateInput):
    input_type = "date"

    def format_value(self, value: date | str | None) -> str | None:
        return value.isoformat() if isinstance(value, date) else value  # a browser takes no other


class HistoryForm(forms.Form):
    """Which of one's own answers to show. Every field may be empty."""

    q = forms.CharField(
        label=_("Words"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Search questions and answers")}),
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
            self.add_error("until", _("The last day lies before the first."))
        return cleaned


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
