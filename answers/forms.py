"""What may be asked."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxLengthValidator


class QuestionField(forms.CharField):
    """Kept as typed. NUL and lone surrogates, which no store holds, become U+FFFD as in an answer."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        # Through UTF-16 a pair of surrogates that arrived as two becomes its one character.
        return text.replace("\0", "�").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class QuestionForm(forms.Form):
    question = QuestionField(strip=False, error_messages={"required": "Please type a question first."})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if limit := settings.ASKME_QUESTION_CHARS:
            message = "Your question has %(show_value)s characters; at most %(limit_value)s can be asked."
            self.fields["question"].validators.append(MaxLengthValidator(limit, message))

    def clean_question(self) -> str:
        question: str = self.cleaned_data["question"]
        if not question.strip():
            raise forms.ValidationError(self.fields["question"].error_messages["required"], code="required")
        return question
