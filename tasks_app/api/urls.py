"""The addresses of the API. The middleware has taken a trailing slash off, so none has one here."""

from django.urls import URLPattern, path

from tasks_app.api import (
    api_keys,
    history,
    me,
    queues,
    run_actions,
    runs,
    schedule,
    schema,
    stats,
    task_actions,
    task_types,
    tasks,
    upcoming,
    workers,
)

app_name = "api"
urlpatterns: list[URLPattern] = [
    path("schema", schema.Schema.as_view(), name="schema"),
    path("docs", schema.Docs.as_view(), name="docs"),
    path("me", me.Me.as_view(), name="me"),
    path("tasks", tasks.TaskList.as_view(), name="task-list"),
    path("tasks/history", history.TasksHistory.as_view(), name="tasks-history"),
    path("tasks/by-key/<path:key>", tasks.TaskByKey.as_view(), name="task-by-key"),
    path("tasks/<uuid:task_id>", tasks.TaskObject.as_view(), name="task-detail"),
    path("tasks/<uuid:task_id>/history", history.TaskHistory.as_view(), name="task-history"),
    path("tasks/<uuid:task_id>/run-now", task_actions.TaskRunNow.as_view(), name="task-run-now"),
    path("tasks/<uuid:task_id>/pause", task_actions.TaskPause.as_view(), name="task-pause"),
    path("tasks/<uuid:task_id>/resume", task_actions.TaskResume.as_view(), name="task-resume"),
    path("tasks/<uuid:task_id>/cancel", task_actions.TaskCancel.as_view(), name="task-cancel"),
    path("tasks/<uuid:task_id>/duplicate", task_actions.TaskDuplicate.as_view(), name="task-duplicate"),
    path("runs", runs.RunList.as_view(), name="run-list"),
    path("runs/<uuid:run_id>", runs.RunObject.as_view(), name="run-detail"),
    path("runs/<uuid:run_id>/logs", runs.RunLogs.as_view(), name="run-logs"),
    path("runs/<uuid:run_id>/cancel", run_actions.RunCancel.as_view(), name="run-cancel"),
    path("runs/<uuid:run_id>/retry", run_actions.RunRetry.as_view(), name="run-retry"),
    path("runs/<uuid:run_id>/dismiss", run_actions.RunDismiss.as_view(), name="run-dismiss"),
    path("schedule/preview", schedule.SchedulePreview.as_view(), name="schedule-preview"),
    path("task-types", task_types.TaskTypeList.as_view(), name="task-type-list"),
    path("api-keys", api_keys.KeyList.as_view(), name="api-key-list"),
    path("api-keys/<uuid:key_id>", api_keys.KeyObject.as_view(), name="api-key-detail"),
    path("queues", queues.QueueList.as_view(), name="queue-list"),
    path("queues/<str:name>/pause", queues.QueuePause.as_view(), name="queue-pause"),
    path("queues/<str:name>/resume", queues.QueueResume.as_view(), name="queue-resume"),
    path("workers", workers.WorkerList.as_view(), name="worker-list"),
    path("stats", stats.StatsView.as_view(), name="stats"),
    path("upcoming", upcoming.UpcomingList.as_view(), name="upcoming"),
]
