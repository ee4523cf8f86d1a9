"""What a browser calls itself, in words: as much as helps somebody to recognise their own."""

_BROWSERS = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser", "Samsung Internet"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("crios", "Chrome"),
    ("chrome", "Chrome"),
    ("safari", "Safari"),
)
_SYSTEMS = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("cros", "ChromeOS"),
    ("mac os x", "macOS"),
    ("linux", "Linux"),
)
_LONGEST = 40


def device_words(agent: str) -> str:
    """Say browser and system: "Firefox on Windows"; a program by the first word of what it calls itself."""
    said = agent.lower()
    browser, system = _first(_BROWSERS, said), _first(_SYSTEMS, said)
    if browser and system:
        return f"{browser} on {system}"
    program = agent.partition(" ")[0].partition("/")[0][:_LONGEST]
    return browser or system or program or "An unknown browser"


def _first(known: tuple[tuple[str, str], ...], said: str) -> str:
    return next((name for sign, name in known if sign in said), "")
