from django.urls import path

from answers import views

urlpatterns = [
    path("", views.home, name="home"),
    path("a/<uuid:pk>/", views.answer, name="answer"),
    path("healthz", views.healthz, name="healthz"),
]
