"""Values that are wrong in many fields."""

from typing import Any

NUL, HALF = "a\x00b", "a\ud800b"
BLANKS = ["", "   ", "\t", "\u200b", "\ufeff", "\u2060\u200d", "\u00a0\u3000"]
CONTROLS = [NUL, HALF, "\udc00", "bell\x07", "esc\x1b[31m", "del\x7f", "c1\x9b", "back\x08"]
TWO_LINES = ["a\nb", "a\r\nb", "a\u2028b", "a\tb"]
NOT_A_TEXT: list[Any] = [5, 0, True, 1.5, [], ["x"], {}, {"x": 1}]
NOT_A_NUMBER: list[Any] = ["5", "", "x", True, 1.5, [], [5], {}, "５", "0x5", "1e3"]
NOT_AN_OBJECT: list[Any] = [[], "x", "{}", 5, True, 1.5, [{}]]
BIG_NUMBERS = [2**31, 2**53, -(2**53), 10**15]
FOREIGN_ZONES = [
    "Mars/Phobos", "utc+3", "+03:00", "GMT+25", "UTC+2", "CEST!", "Europe", "Europe/", "/Berlin", "Europe/Berlin;x",
    "berlin/europe", "Etc/GMT+99", "posix/Europe/Berlin/..", "right/UTC/x", "12345",
]  # fmt: skip
ZONE_PATHS = [
    "../../etc/passwd", "/etc/passwd", "/etc/localtime", "..", ".", "../zoneinfo/UTC", "Europe/../../etc/passwd",
    "C:\\Windows", "file:///etc/passwd", "~/.ssh/id_rsa", "zone.tab", "tzdata.zi", "localtime", "posixrules",
]  # fmt: skip
INNER_URLS = [
    "http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://a.localhost/",
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://017700000001/", "http://0177.0.0.1/",
    "http://127.1/", "http://0/", "http://012.0.0.1/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://ⓛocalhost/",
    "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2001::1]/", "http://[fe80::1%25lo]/",
    "http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://224.0.0.1/", "http://255.255.255.255/",
    "https://x.com\\@127.0.0.1/", "https://user:pw@example.org/", "https://user@example.org/", "ftp://example.org/",
    "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)", "//example.org/", "example.org", "", " ",
    "http://", "http:///x", "https://exa mple.org/", "https://example.org/\x00", "https://example.org/\r\nX: y",
    "http://[::1", "http://[v1.x]/", "https://.org/", "https://a..org/", "http://192.168.1.1%2f@example.org/",
]  # fmt: skip
