"""The URLs of the pages."""

from django.urls import path, register_converter

from answers.pages import ask, auto_delete, deletion, export, history, noscript, rating, sharing, text


class TokenConverter:
    """The token of a shared thread."""

    regex = "[A-Za-z0-9_-]{32}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TokenConverter, "token")

urlpatterns = [
    path("", ask.home, name="home"),
    path("ask/", noscript.ask, name="ask"),
    path("a/<uuid:pk>/", ask.answer, name="answer"),
    path("a/<uuid:pk>/stop/", noscript.stop, name="stop"),
    path("a/<uuid:pk>/rate/", rating.rate, name="rate"),
    path("a/<uuid:pk>/share/", sharing.share, name="share"),
    path("a/<uuid:pk>/delete/", deletion.delete_answer, name="delete_answer"),
    path("a/<uuid:pk>/text/", text.answer_text, name="answer_text"),
    path("a/<uuid:pk>/thread/delete/", deletion.delete_thread, name="delete_thread"),
    path("a/<uuid:pk>/thread.json", export.thread_json, name="thread_json"),
    path("a/<uuid:pk>/thread.md", export.thread_markdown, name="thread_markdown"),
    path("s/<token:token>/", sharing.shared, name="shared"),
    path("s/<token:token>/<uuid:pk>/text/", text.shared_text, name="shared_text"),
    path("history/", history.history, name="history"),
    path("history/answers.json", export.export_json, name="export_json"),
    path("history/answers.md", export.export_markdown, name="export_markdown"),
    path("history/auto-delete/", auto_delete.auto_delete, name="auto_delete"),
    path("history/delete/", deletion.delete_history, name="delete_history"),
]
