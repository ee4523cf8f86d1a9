"""What every form of ours carries: Django's token against forgery, and beside it for whom the form was drawn.

It stands among the built-in tags in place of Django's own, so that no form lacks it.
"""

from typing import Any

from django import template
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tasks_app.web.signed_out import PERSON

register = template.Library()


@register.simple_tag(takes_context=True)
def csrf_token(context: template.Context) -> SafeString:
    """The token; a stranger's form is for whoever sends it."""
    token: Any = CsrfTokenNode().render(context)
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.is_authenticated:
        return SafeString(token)
    return format_html('{}<input type="hidden" name="{}" value="{}">', token, PERSON, user.pk)
