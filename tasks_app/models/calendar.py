"""Calendars: the days on which a person's tasks do not work."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

from tasks_app.models.ids import new_id
from tasks_app.recurrence.days_off import DaysOff, days_off


class Calendar(models.Model):
    """Days off: weekdays, the holidays of a country, and single days. `is_shared`: everybody may use it.

    `weekend` lists weekdays ("sat"). `days` lists objects with a `date` ("2027-05-14", or "12-24" for every year), a
    `name` and a `source` (typed, ical). The holidays of `country` and `subdivision` are computed and never stored.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendars", db_index=False
    )
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True, default="")
    country = models.CharField(max_length=10, blank=True, default="")
    subdivision = models.CharField(max_length=20, blank=True, default="")
    weekend = models.JSONField(default=list, blank=True)
    days = models.JSONField(default=list, blank=True)
    is_shared = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="calendar_name"),
            models.UniqueConstraint(fields=["name"], condition=models.Q(is_shared=True), name="calendar_shared_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def days_off(self) -> DaysOff:
        """The calendar as a set of days. Raises ValueError where what is stored cannot be read."""
        return days_off(
            weekend=self.weekend,
            days=[day["date"] for day in self.days],
            country=self.country,
            subdivision=self.subdivision,
        )
