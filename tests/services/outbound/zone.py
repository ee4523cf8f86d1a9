"""A name server of the tests' own: aliases, and answers that change from one question to the next."""

from collections.abc import Sequence

Answers = str | Sequence[str | Sequence[str]]


class Zone:
    """What each name leads to: another name, or addresses; a list of lists gives one answer after another."""

    def __init__(self, **names: Answers) -> None:
        self._names = {f"{name.replace('_', '-')}.example": answers for name, answers in names.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        """Answer as `getaddrinfo` does: with the addresses at the end of all aliases."""
        self.asked.append(host)
        return self._addresses(host, self.asked.count(host) - 1)

    def _addresses(self, host: str, turn: int) -> list[str]:
        answers = self._names.get(host)
        if answers is None:
            raise OSError("no such host")
        if isinstance(answers, str):
            return self._addresses(answers, turn)
        turns = [answer for answer in answers if not isinstance(answer, str)]
        if turns:
            return list(turns[min(turn, len(turns) - 1)])
        return [answer for answer in answers if isinstance(answer, str)]
