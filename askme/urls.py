from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("answers.urls")),
    path("admin/", admin.site.urls),
]
