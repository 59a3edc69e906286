"""The output: a text file with the present answer, for a program that shows it. `--out answerfile:FILE`."""

from pathlib import Path

from dgstudio.errors import BadInputError
from dgstudio.streams.sinks.sink import SinkKind
from dgstudio.streams.source import address_in


class AnswerFile:
    def __init__(self, request):
        self._path = Path(address_in(request.name, "answerfile") or "")
        if not self._path.name:
            raise BadInputError("Name the file of the answer, as in --out answerfile:answer.txt.")
        self.name, self._names, self._written, self._changes = f"the file {self._path}", request.names, None, 0

    def __call__(self, reading):
        word = "unsure" if reading.top is None else self._names().get(reading.top, "")
        if word != self._written:
            self._path.write_text(word, encoding="utf-8")
            self._written, self._changes = word, self._changes + 1

    def close(self):
        pass

    @property
    def figure(self):
        return "changes of the answer file", self._changes


def _claims(typed):
    return address_in(typed, "answerfile") is not None


KIND = SinkKind("answerfile", "answerfile:FILE", "A text file that holds the present answer.", _claims, AnswerFile)
