from django.contrib import admin
from django.urls import include, path

from tests.embedding import views

urlpatterns = [
    path("ask/", views.ask, name="ask"),
    path("ask/<uuid:pk>/", views.ask, name="answer"),
    path("stream/", views.stream, name="stream"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
]
