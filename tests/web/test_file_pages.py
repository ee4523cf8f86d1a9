"""The files page: what stands there for whom, and what its buttons do."""

from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from scheduler_project import storage_url
from tasks_app.models import StoredFile
from tasks_app.services.files import file_store
from tests.runs import make_run, make_task
from tests.web.conftest import signed_in
from tests.web.reading import errors, text

OF_A_FILE = ["file-share", "file-delete", "file-download"]


def store(owner: User | None, *, content: bytes = b"a,b\r\n", **fields: Any) -> StoredFile:
    """A stored file with a row of this kind."""
    values = {"name": "runs.csv", "content_type": "text/csv", "run_id": None, "expires_at": None, **fields}
    owner_id = owner.pk if owner else None
    return file_store(path=f"x/{uuid4()}", owner_id=owner_id, write=lambda stream: stream.write(content), **values)


def send(client: Client, name: str = "prices.csv", content: bytes = b"x", kind: str = "text/csv") -> Any:
    return client.post(reverse("file-upload"), {"file": SimpleUploadedFile(name, content, kind)}, follow=True)


def test_a_file_without_an_end_is_not_taken_for_deleted(as_alice: Client, alice: User) -> None:
    store(alice)
    page = text(as_alice.get(reverse("file-list")))
    assert "Kept until" in page
    assert "it is deleted" in page


def test_an_empty_page_says_what_will_stand_there(as_alice: Client) -> None:
    page = text(as_alice.get(reverse("file-list")))
    assert "No files yet" in page
    assert "Upload a file" in page


def test_a_file_stands_there_with_what_made_it(as_alice: Client, alice: User) -> None:
    task = make_task(alice, name="Nightly report")
    run = make_run(alice, task)
    store(alice, run_id=str(run.pk), task_id=str(task.pk), expires_at=timezone.now() + timedelta(days=3))
    response = as_alice.get(reverse("file-list"))
    page = text(response)
    assert "runs.csv" in page
    assert "Nightly report" in page
    assert "Your files take 5" in page
    assert reverse("run-detail", args=[run.pk]) in response.content.decode()


def test_people_see_their_own_files_and_staff_all(as_alice: Client, as_charlie: Client, as_staff: Client) -> None:
    send(as_alice, "of alice.csv")
    assert "of alice.csv" not in text(as_charlie.get(reverse("file-list")))
    page = text(as_staff.get(reverse("file-list")))
    assert "of alice.csv" in page
    assert "· alice" in page


def test_who_may_only_see_a_file_is_offered_no_more(alice: User, bob: User, as_staff: Client) -> None:
    """Operators see everybody's files and change their own."""
    theirs, own = store(alice), store(bob)
    offered = signed_in(bob).get(reverse("file-list")).content.decode()
    for name in ("file-share", "file-delete"):
        assert reverse(name, args=[own.pk]) in offered
        assert reverse(name, args=[theirs.pk]) not in offered
        assert signed_in(bob).get(reverse(name, args=[theirs.pk])).status_code == 403
        assert reverse(name, args=[theirs.pk]) in as_staff.get(reverse("file-list")).content.decode()


def test_a_runs_page_offers_a_link_to_its_file_to_those_alone_who_may_make_one(alice: User, bob: User) -> None:
    run = make_run(alice, make_task(alice))
    file = store(alice, run_id=str(run.pk))
    for person, is_offered in ((alice, True), (bob, False)):
        page = signed_in(person).get(reverse("run-detail", args=[run.pk])).content.decode()
        assert reverse("file-download", args=[file.pk]) in page
        assert (reverse("file-share", args=[file.pk]) in page) is is_offered


@pytest.mark.parametrize("name", OF_A_FILE)
def test_alices_file_does_not_exist_for_charlie(as_charlie: Client, client: Client, alice: User, name: str) -> None:
    address = reverse(name, args=[store(alice).pk])
    assert as_charlie.get(address).status_code == 404
    assert as_charlie.post(address).status_code in (404, 405)
    assert client.get(address)["Location"].startswith("/sign-in/")
    assert StoredFile.objects.count() == 1


def test_a_backup_is_for_staff_and_nobody_links_to_it(as_alice: Client, as_staff: Client, alice: User) -> None:
    backup = store(alice, purpose="backup", name="night.dump")
    assert "night.dump" not in text(as_alice.get(reverse("file-list")))
    for name in OF_A_FILE:
        assert as_alice.get(reverse(name, args=[backup.pk])).status_code == 404
    assert "night.dump" in text(as_staff.get(reverse("file-list")))
    assert as_staff.get(reverse("file-share", args=[backup.pk])).status_code == 404
    assert as_staff.post(reverse("file-share", args=[backup.pk]), {"days": "1"}).status_code == 404


def test_an_upload_lands_in_the_list(as_alice: Client, alice: User) -> None:
    response = send(as_alice, content=b"x" * 3_000_000)
    assert "Uploaded" in text(response)
    file = StoredFile.objects.get()
    assert (file.name, file.size, file.owner, file.purpose) == ("prices.csv", 3_000_000, alice, "upload")


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml"])
def test_an_uploaded_page_is_never_shown(as_alice: Client, kind: str) -> None:
    send(as_alice, "page.html", b"<script>1</script>", kind)
    with closing(as_alice.get(reverse("file-download", args=[StoredFile.objects.get().pk]))) as response:
        headers = response.headers
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_name_is_text_on_the_page(as_alice: Client) -> None:
    send(as_alice, "<b onclick=x>.csv")
    html = as_alice.get(reverse("file-list")).content.decode()
    assert "<b onclick" not in html
    assert "&lt;b onclick" in html


def test_what_is_wrong_is_said_at_the_field(as_alice: Client, settings: Settings) -> None:
    assert errors(as_alice.post(reverse("file-upload")), "file") == "Choose a file first."
    assert errors(send(as_alice, content=b""), "file") == "The file is empty."
    settings.UPLOAD_MAX_BYTES = 2048
    response = send(as_alice, content=b"x" * 2049)
    assert (response.status_code, errors(response, "file")) == (400, "A file may have at most 2 kB.")
    assert not StoredFile.objects.exists()


def test_a_link_is_shown_once_and_works_without_signing_in(as_alice: Client, client: Client, alice: User) -> None:
    address = reverse("file-share", args=[store(alice).pk])
    assert "without signing in" in text(as_alice.get(address))
    response = as_alice.post(address, {"days": "30"})
    link = response.content.decode().split('id="link">')[1].split("<")[0].strip()
    download: Any = client.get("/" + link.split("/", 3)[3])
    assert b"".join(download.streaming_content) == b"a,b\r\n"
    assert link not in as_alice.get(address).content.decode()


@pytest.mark.parametrize("days", ["", "0", "91", "365", "-1", "7.5", "x"])
def test_only_the_offered_lifetimes_are_taken(as_alice: Client, alice: User, days: str) -> None:
    response = as_alice.post(reverse("file-share", args=[store(alice).pk]), {"days": days})
    assert (response.status_code, errors(response, "days")) == (400, "Choose one of these.")


def test_a_link_ends_with_the_account_of_its_owner(as_alice: Client, client: Client, alice: User) -> None:
    response = as_alice.post(reverse("file-share", args=[store(alice).pk]), {"days": "7"})
    link = response.content.decode().split('id="link">')[1].split("<")[0].strip()
    alice.is_active = False
    alice.save()
    assert client.get("/" + link.split("/", 3)[3]).status_code == 404


def test_deleting_asks_first(as_alice: Client, alice: User) -> None:
    file = store(alice)
    address = reverse("file-delete", args=[file.pk])
    assert "Links to it end" in text(as_alice.get(address))
    assert StoredFile.objects.count() == 1
    assert "is deleted" in text(as_alice.post(address, follow=True))
    assert not StoredFile.objects.exists()


def test_what_changes_something_needs_the_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    file = store(alice)
    assert client.post(reverse("file-delete", args=[file.pk])).status_code == 403
    assert client.post(reverse("file-share", args=[file.pk]), {"days": "7"}).status_code == 403
    assert client.post(reverse("file-upload"), {"file": SimpleUploadedFile("x", b"x")}).status_code == 403
    assert StoredFile.objects.count() == 1


def test_the_list_is_searched_and_goes_on_by_page(as_alice: Client, alice: User) -> None:
    for number in range(51):
        store(alice, name=f"report {number:02}.csv")
    first = as_alice.get(reverse("file-list"))
    assert "report 50.csv" in text(first)
    assert "report 00.csv" not in text(first)
    older = first.content.decode().split('rel="next" href="')[1].split('"')[0]
    assert "report 00.csv" in text(as_alice.get(reverse("file-list") + older))
    found = text(as_alice.get(reverse("file-list"), {"search": "REPORT 07"}))
    assert "report 07.csv" in found
    assert "report 08.csv" not in found
    assert "No file matches" in text(as_alice.get(reverse("file-list"), {"search": "\0%_"}))


def test_a_run_shows_its_files(as_alice: Client, alice: User) -> None:
    run = make_run(alice)
    file = store(alice, run_id=str(run.pk))
    store(alice, run_id=str(run.pk), purpose="backup", name="night.dump")
    response = as_alice.get(reverse("run-detail", args=[run.pk]))
    assert reverse("file-download", args=[file.pk]) in response.content.decode()
    assert "night.dump" not in text(response)


def test_a_storage_that_is_away_is_said_and_nothing_is_lost(alice: User, settings: Settings) -> None:
    file, client = store(alice), signed_in(alice)
    gone = storage_url.storage("s3://KEY:HIDDEN@127.0.0.1:9/reports?tls=0")
    settings.STORAGES = {**settings.STORAGES, "default": gone}
    download = client.get(reverse("file-download", args=[file.pk]))
    assert (download.status_code, "does not answer" in text(download)) == (503, True)
    assert "does not answer" in errors(send(client), "file")
    assert "does not answer" in text(client.post(reverse("file-delete", args=[file.pk]), follow=True))
    assert StoredFile.objects.count() == 1


def test_a_task_chooses_among_its_owners_files(as_alice: Client, alice: User, charlie: User) -> None:
    mine, other = store(alice, name="letter.pdf"), store(charlie, name="of charlie.pdf")
    backup = store(alice, purpose="backup", name="night.dump")
    html = as_alice.get("/tasks/new/?type=send_email").content.decode()
    assert f'value="{mine.pk}"' in html
    assert "letter.pdf, " in html
    assert str(other.pk) not in html
    assert str(backup.pk) not in html
