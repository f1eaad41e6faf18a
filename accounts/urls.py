from django.urls import include, path

from accounts import views

urlpatterns = [
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("oidc/sso/login/", views.single_sign_on),
    path("", include("allauth.urls")),
]
