"""A certificate authority of the tests' own, and servers that speak TLS with what it signs."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests import postgres
from tests.live.surroundings import eventually, free_port

START_SECONDS = 40


class Authority:
    """Signs certificates, and keeps them in files."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._builder(self._subject, self._key.public_key())
        certificate = certificate.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = directory / f"{name}.pem"
        self._write(self.file, certificate)

    def sign(self, host: str) -> tuple[Path, Path]:
        """Make a key and a certificate for a host; gives both files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "localhost":
            names.append(x509.IPAddress(ip_address("127.0.0.1")))
        builder = self._builder(subject, key.public_key())
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate, secret = (self.directory / f"{self.name}-{host}.{kind}" for kind in ("crt", "key"))
        self._write(certificate, builder)
        secret.touch(mode=0o600)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, secret

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._subject, subject, key, x509.random_serial_number())
        return builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))

    def _write(self, path: Path, builder: x509.CertificateBuilder) -> None:
        signed = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


@contextlib.contextmanager
def redis_with_tls(binary: str, authority: Authority, directory: Path, host: str = "localhost") -> Iterator[int | None]:
    """Run a Redis that speaks TLS alone and asks for a client's certificate; None where the binary has no TLS."""
    certificate, key = authority.sign(host)
    port = free_port()
    words = [binary, "--port", "0", "--tls-port", str(port), "--save", "", "--dir", str(directory)]
    words += ["--bind", "127.0.0.1", "--tls-ca-cert-file", str(authority.file)]
    words += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "yes"]
    with (directory / "redis.log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as process:
        try:
            text = eventually(lambda: _told(directory / "redis.log", process), START_SECONDS, "Redis has started")
            yield port if "Ready to accept connections" in text else None
        finally:
            process.send_signal(signal.SIGTERM)


@contextlib.contextmanager
def sentinel_with_tls(binary: str, authority: Authority, directory: Path, master: int) -> Iterator[int]:
    """Run a sentinel that speaks TLS alone, watches the server on a port over TLS, and names it by its address."""
    certificate, key = authority.sign("localhost")
    port = free_port()
    lines = [
        *("port 0", f"tls-port {port}", "bind 127.0.0.1", f"dir {directory}", "tls-replication yes"),
        *(f"tls-ca-cert-file {authority.file}", f"tls-cert-file {certificate}", f"tls-key-file {key}"),
        *("tls-auth-clients yes", f"sentinel monitor main 127.0.0.1 {master} 1"),
    ]
    (directory / "sentinel.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
    words = [binary, str(directory / "sentinel.conf"), "--sentinel"]
    with (directory / "sentinel.log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as process:
        try:
            eventually(lambda: "+monitor" in (directory / "sentinel.log").read_text(), START_SECONDS, "a sentinel")
            yield port
        finally:
            process.send_signal(signal.SIGTERM)


def _told(log: Path, process: "subprocess.Popen[bytes]") -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    return text if "Ready to accept connections" in text or process.poll() is not None else ""


@contextlib.contextmanager
def postgres_with_tls(binaries: Path, authority: Authority, host: str = "localhost") -> Iterator[int]:
    """Run a PostgreSQL that takes connections over TLS alone; gives its port."""
    directory = Path(tempfile.mkdtemp(prefix="carillon-pg-", dir="/tmp"))
    user = postgres.initialise(binaries, directory)
    for source, name in zip(authority.sign(host), ("server.crt", "server.key"), strict=True):
        target = directory / name
        shutil.copy(source, target)
        target.chmod(0o600)
        if user:
            shutil.chown(target, user, user)
    rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"
    (directory / "data" / "pg_hba.conf").write_text(rules, encoding="ascii")
    port = free_port()
    options = {**postgres.OPTIONS, "listen_addresses": "127.0.0.1", "port": str(port), "ssl": "on"}
    options |= {"ssl_cert_file": str(directory / "server.crt"), "ssl_key_file": str(directory / "server.key")}
    words = [str(binaries / "postgres"), "-D", str(directory / "data"), "-k", str(directory)]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen([*words, *postgres.words_of(options)], user=user, cwd=directory, stderr=log)
    try:
        postgres.create_database(directory, server, port)
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(START_SECONDS)
        shutil.rmtree(directory)
