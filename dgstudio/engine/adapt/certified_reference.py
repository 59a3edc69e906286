"""What certificates compare an answer with: the last version that protected something."""

from __future__ import annotations

from dgstudio.engine.facts.learning import NotCertified
from dgstudio.engine.runtime.events import EventQueue
from dgstudio.engine.serving.lane import Lane
from dgstudio.errors import BadInputError
from dgstudio.learning.learner.learner import Learner
from dgstudio.model.plan import Plan


class CertifiedReference:
    """Keeps the lane's reference up to date. Called by whoever may call the learner."""

    def __init__(self, lane: Lane, events: EventQueue) -> None:
        self._lane = lane
        self._events = events

    def follow(self, learner: Learner) -> None:
        """Let certificates compare with the last version that protected something."""
        version, reference = learner.certified_version, self._lane.reference
        if version is None:
            self._lane.reference = None
        elif reference is None or reference.snapshot.version != version:
            try:
                self._lane.reference = Plan(learner.recalled(version))
            except BadInputError as error:
                self._lane.reference = None
                self._events.say(NotCertified(str(error)))
