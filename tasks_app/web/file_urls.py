"""Addresses of downloads; included at the root, because mails hold these links."""

from django.urls import path

from tasks_app.web.files import file_download, file_link

urlpatterns = [
    path("files/<uuid:file_id>/", file_download, name="file-download"),
    path("files/link/<str:token>/", file_link, name="file-link"),
]
