from django.urls import path, register_converter

from answers import deletion, export, history, plain, rating, sharing, views


class TokenConverter:
    """The token of a shared thread."""

    regex = "[A-Za-z0-9_-]{32}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TokenConverter, "token")

urlpatterns = [
    path("", views.home, name="home"),
    path("ask/", plain.ask, name="ask"),
    path("a/<uuid:pk>/", views.answer, name="answer"),
    path("a/<uuid:pk>/stop/", plain.stop, name="stop"),
    path("a/<uuid:pk>/rate/", rating.rate, name="rate"),
    path("a/<uuid:pk>/share/", sharing.share, name="share"),
    path("a/<uuid:pk>/delete/", deletion.delete_answer, name="delete_answer"),
    path("s/<token:token>/", sharing.shared, name="shared"),
    path("history/", history.history, name="history"),
    path("history/answers.json", export.export_json, name="export_json"),
    path("history/answers.md", export.export_markdown, name="export_markdown"),
    path("history/delete/", deletion.delete_history, name="delete_history"),
    path("account/delete/", deletion.delete_account, name="delete_account"),
    path("healthz", views.healthz, name="healthz"),
]
