"""The Django admin as an app: with our own site in place of the stock one."""

from django.contrib.admin.apps import AdminConfig


class CarillonAdminConfig(AdminConfig):
    """Names our site; everything else is Django's."""

    default_site = "scheduler_project.admin_site.CarillonAdminSite"
