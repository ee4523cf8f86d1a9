"""A QR code as an SVG, drawn here: what it says is a secret, and goes to no other service."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]  # it has no types
from qrcode.main import QRCode  # type: ignore[import-untyped]  # it has no types


def qr_svg(text: str) -> SafeString:
    """Draw it, black on white whatever the theme: scanners need that."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    rows = code.get_matrix()
    dark = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="QR code for your authenticator app">'
        '<rect width="{0}" height="{0}" fill="#fff"></rect><path d="{1}" fill="#000"></path></svg>',
        len(rows),
        dark,
    )
