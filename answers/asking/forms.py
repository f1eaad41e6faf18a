"""The form for a question, however it is sent."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from answers.engine.model_options import offered


class QuestionField(forms.CharField):
    """Text as typed, but NUL and lone surrogates, which no database stores, become U+FFFD as in answers."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        # UTF-16 joins a pair of surrogates that arrived as two characters.
        return text.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class QuestionForm(forms.Form):
    question = QuestionField(strip=False, error_messages={"required": _("Please type a question first.")})
    model = forms.ChoiceField(
        choices=lambda: [(one.key, one.label) for one in settings.ASKME_MODELS],
        required=False,
        error_messages={"invalid_choice": _("This model is no longer available. Please choose another.")},
    )

    def clean_model(self) -> str:
        """The model's name in the API; empty if the site offers no choice."""
        return self.cleaned_data["model"] or next(iter(offered()), "")

    def clean_question(self) -> str:
        question: str = self.cleaned_data["question"]
        if not question.strip():
            raise forms.ValidationError(self.fields["question"].error_messages["required"], code="required")
        limit = settings.ASKME_QUESTION_CHARS
        if limit and len(question) > limit:
            numbers = {"chars": len(question), "limit": limit}
            raise forms.ValidationError(
                _("Your question has %(chars)s characters. The limit is %(limit)s."),
                code="max_length",
                params={name: number_format(value, force_grouping=True) for name, value in numbers.items()},
            )
        return question
