"""Does what other programs ask for by messages, in Wekinator's words and in our own, and says what became of it."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dgstudio.engine.engine import Engine
from dgstudio.engine.facts.event import Event
from dgstudio.engine.facts.learning import RebuildOffered
from dgstudio.engine.remote.arguments import names, one_whole, only_output, output_and_name, text, whole
from dgstudio.engine.remote.model_names import ModelNames
from dgstudio.engine.remote.output_wishes import Changes, OutputWishes
from dgstudio.engine.remote.reports import Reports
from dgstudio.errors import BadInputError, DgstudioError
from dgstudio.session.restore import FEATURES, SIGNAL, signal_of
from dgstudio.streams.osc.control_queue import OURS, WEKINATOR, ControlMessage, ControlQueue
from dgstudio.streams.plugins.own_features import features_of
from dgstudio.streams.sinks.osc import OscSink, class_of, number_of

log = logging.getLogger(__name__)

ACK, ERROR = "/dgstudio/ack", "/dgstudio/error"
STATE, CLASS = "/dgstudio/state", "/dgstudio/class"
DONE_TRAINING = "/wekinator/status/done-training"
REMOTE = "remote control"
"""Session setting: what other programs have set that outlives a run."""
MOST_CLASSES = 64
"""The highest number of a class that a message may make: each one before it is made as well."""
PATIENCE_S = 5.0
"""How long a message waits for the answers to the inputs that came before it."""
ELSEWHERE = frozenset({"startDtwRecording", "stopDtwRecording", "selectInputsForOutput", "runNewProject"})
"""Messages of Wekinator's that have no meaning here."""
Handler = Callable[[ControlMessage], bool | None]
"""Does what a message says; False: it is not over yet, and is acknowledged later."""


class RemoteControl:
    """One thread calls: the one that owns the engine's commands.

    A label set by a message holds for the inputs that came after it, and a take for those between its two messages:
    each message waits until the inputs before it are answered. What of the answers is sent changes with the first input
    after a message, however soon that comes. Whoever sends hears `/dgstudio/ack` and the address of
    his message when it is done, or `/dgstudio/error`, the address and a sentence.

    Parameters
    ----------
    engine
        Not yet started.
    controls
        Where messages come from.
    sinks
        Whose answers are started, stopped and chosen by messages.
    reports
        Where answers to messages go.
    learns
        Whether messages may label and delete.

    Attributes
    ----------
    performing : whether what is only to be looked at should rest (`enablePerformanceMode`).
    """

    def __init__(
        self, engine: Engine, controls: ControlQueue, sinks: Sequence[OscSink], reports: Reports, *, learns: bool
    ) -> None:
        self.performing = False
        self._engine, self._controls, self._reports = engine, controls, reports
        self._wishes = OutputWishes([sink.switched for sink in sinks], lambda: engine.input.first)
        self._learns = learns
        self._models = ModelNames(engine)
        self._waiting: deque[ControlMessage] = deque()
        self._since: float | None = None
        """Since when the first of them waits."""
        self._label = 1
        self._recording, self._recorded = False, True
        """Whether inputs are to be labelled, and whether the output takes part in that."""
        self._taking = self._labelled = False
        """Whether a take is open; and whether there was one since everything was deleted: it may not be saved yet."""
        self._training: list[ControlMessage] = []
        self._rebuilding = False
        self._handlers = self._wekinators() | self._ours()
        self._take_up()
        controls.attend(self._wishes.hear)

    @property
    def busy(self) -> bool:
        """Whether something waits that may be done any moment."""
        return bool(self._waiting or self._training)

    @property
    def recording(self) -> bool:
        """Whether inputs are labelled at the moment."""
        return self._taking

    def turn(self, events: Sequence[Event] = ()) -> None:
        """Do what can be done by now; `events` are those since the last call."""
        self._waiting.extend(self._controls.take())
        while self._waiting and self._ready(self._waiting[0]):
            self._do(self._waiting.popleft())
        if self._training and self._learned():
            self._training.clear()
            self._reports.send(DONE_TRAINING)
        for address, why in self._models.over(tuple(events)):
            self._answer(address, why)
        self._go_on_rebuilding(events)
        self._reports.turn(events)

    # -- one message ----------------------------------------------------------------------------------------------

    def _ready(self, message: ControlMessage) -> bool:
        """Whether the inputs that came before it are answered, or that takes too long."""
        infer, now = self._engine.infer, time.monotonic()
        self._since = now if self._since is None else self._since
        behind = message.after is not None and infer.done < self._engine.input.first + message.after
        behind = behind and not infer.failed
        if behind and now - self._since < PATIENCE_S:
            return False
        self._since = None
        return True

    def _do(self, message: ControlMessage) -> None:
        handler = self._handlers.get(message.address)
        try:
            if handler is None:
                raise BadInputError(_unknown(message.address))
            if handler(message) is not False:
                self._answer(message.address)
        except DgstudioError as error:
            self._answer(message.address, str(error))
        except Exception as error:
            # What others send must not end whoever carries it out.
            log.warning("a message to %s could not be carried out", message.address[:80], exc_info=True)
            self._answer(message.address, f"Something unforeseen went wrong: {error!r}")

    def _answer(self, address: str, why: str = "") -> None:
        if why:
            self._reports.send(ERROR, address, why)
        else:
            self._reports.send(ACK, address)

    def _wekinators(self) -> dict[str, Handler]:
        learning: dict[str, Handler] = {
            "startRecording": self._start_recording,
            "stopRecording": self._stop_recording,
            "train": self._train,
            "cancelTrain": self._cancel_training,
            "deleteAllExamples": self._delete_all,
            "deleteExamplesForOutput": self._delete_of_output,
            "enableModelRecording": lambda message: self._record_output(message, True),
            "disableModelRecording": lambda message: self._record_output(message, False),
        }
        others: dict[str, Handler] = {
            "outputs": self._set_label,
            "setInputNames": self._name_inputs,
            "loadModelFromFile": self._load_model,
            "saveModelToFile": self._save_model,
            "enablePerformanceMode": lambda message: self._perform(True),
            "disablePerformanceMode": lambda message: self._perform(False),
        }
        found = {name: self._of_learning(handler) for name, handler in learning.items()} | others
        found = {f"{WEKINATOR}{name}": handler for name, handler in found.items()}
        return found | dict.fromkeys(self._wishes.addresses, self._switched)

    def _ours(self) -> dict[str, Handler]:
        learning: dict[str, Handler] = {
            "deleteExamplesForClass": self._delete_of_class,
            "setClassName": self._name_class,
            "undo": lambda message: self._engine.labels.undo(),
            "redo": lambda message: self._engine.labels.redo(),
            "protect": lambda message: self._engine.model.protect_now(),
        }
        others: dict[str, Handler] = {
            "enableLog": lambda message: self._log(True),
            "disableLog": lambda message: self._log(False),
        }
        found = {f"control/{name}": self._of_learning(handler) for name, handler in learning.items()}
        found |= {f"control/{name}": handler for name, handler in others.items()}
        found["query/state"] = lambda message: self._tell_state()
        return {f"{OURS}{name}": handler for name, handler in found.items()}

    def _of_learning(self, handler: Handler) -> Handler:
        """What is refused where nothing may be learned."""

        def handle(message: ControlMessage) -> bool | None:
            if not self._learns:
                raise BadInputError("This run does not learn: start it with --learn.")
            return handler(message)

        return handle

    # -- labels ---------------------------------------------------------------------------------------------------

    def _at(self, message: ControlMessage) -> float:
        """The stream time of a message: its own, or now, where inputs do not come from the same sender one by one."""
        if message.moment is None:
            return self._engine.clock.now()
        # Times of a source are its own; below 0 it is before all of its inputs.
        return message.moment + (self._engine.input.shift if message.moment >= 0 else 0.0)

    def _set_label(self, message: ControlMessage) -> None:
        if len(message.values) != 1:
            raise BadInputError(f"wrong number of outputs: {len(message.values)}, expected 1")
        number = whole(message.values[0], "A class")
        if not 1 <= number <= MOST_CLASSES:
            raise BadInputError(f"There is no class {number}: classes are numbered from 1 to {MOST_CLASSES}.")
        changed, self._label = number != self._label, number
        if self._taking and changed:
            self._begin_take(message)

    def _start_recording(self, message: ControlMessage) -> None:
        if not self._taking and self._recorded:
            self._begin_take(message)
        self._recording = True

    def _stop_recording(self, message: ControlMessage) -> None:
        self._recording = False
        self._end_take(message)

    def _record_output(self, message: ControlMessage, on: bool) -> None:
        only_output(message.values)
        self._recorded = on
        if not on:
            self._end_take(message)
        elif self._recording and not self._taking:
            self._begin_take(message)

    def _begin_take(self, message: ControlMessage) -> None:
        self._taking = False
        self._engine.labels.begin_take(self._class(self._label), self._at(message))
        self._taking = self._labelled = True

    def _end_take(self, message: ControlMessage) -> None:
        if self._taking:
            self._engine.labels.end_take(self._at(message))
        self._taking = False

    def _class(self, number: int) -> int:
        """The class of that number; it is made, with all before it, where there is none yet."""
        classes = self._engine.classes
        while class_of(number) > max((info.id for info in classes.every()), default=-1):
            next_number = number_of(max((info.id for info in classes.every()), default=-1) + 1)
            self._engine.labels.add_class(_free_name(f"class {next_number}", {info.name for info in classes.living()}))
        info = classes.get(class_of(number))
        if not info.living:
            raise BadInputError(f"The class {number} has been removed: its number is not given again.")
        return info.id

    def _known_class(self, number: int) -> int:
        known = {number_of(info.id): info.id for info in self._engine.classes.living()}
        if number not in known:
            raise BadInputError(
                f"There is no class {number}; there are {', '.join(map(str, sorted(known))) or 'none'}."
            )
        return known[number]

    def _name_class(self, message: ControlMessage) -> None:
        if len(message.values) != 2:
            raise BadInputError("Two values are needed: the number of the class, and its name.")
        class_id = self._known_class(whole(message.values[0], "A class"))
        self._engine.labels.edit_class(class_id, name=text(message.values[1], "The name of a class"))

    def _delete_of_class(self, message: ControlMessage) -> None:
        class_id = self._known_class(one_whole(message.values, "A class"))
        self._end_take(message)
        self._rebuilding = True
        self._engine.labels.delete_examples([example.id for example in self._engine.book.of_class(class_id)])

    def _delete_of_output(self, message: ControlMessage) -> None:
        only_output(message.values)
        self._delete_all(message)

    def _delete_all(self, message: ControlMessage) -> None:
        self._end_take(message)
        self._rebuilding, self._labelled = True, False
        self._engine.labels.delete_every_example()

    def _go_on_rebuilding(self, events: Sequence[Event]) -> None:
        """What was sealed goes by a rebuild: nobody sits here who could be asked."""
        candidates = self._engine.candidates
        for event in events:
            if self._rebuilding and isinstance(event.fact, RebuildOffered):
                candidates.plan_rebuild(event.fact.example_ids)
        if self._rebuilding and candidates.rebuild is not None:
            candidates.accept()

    # -- training and running -------------------------------------------------------------------------------------

    def _train(self, message: ControlMessage) -> None:
        engine = self._engine
        if engine.learn.failed:
            raise DgstudioError("The learner has failed, and learns no more in this run.")
        if not engine.book.total and not self._labelled:
            raise BadInputError("There is nothing to learn from yet: record examples first.")
        if engine.learner.store.pinned is not None:
            engine.model.unpin()
        self._training.append(message)

    def _cancel_training(self, message: ControlMessage) -> None:
        if not self._training:
            raise BadInputError("Nothing is being trained.")
        self._training.clear()

    def _learned(self) -> bool:
        """Whether all that was labelled is learned, or was rejected for good."""
        engine = self._engine
        return engine.store.idle and (engine.learn.idle or engine.learn.failed)

    def _switched(self, message: ControlMessage) -> None:
        """It holds since it was heard: the session is told."""
        self._wishes.changes_of(message)
        self._keep()

    def _log(self, on: bool) -> None:
        self._reports.log = on

    def _perform(self, on: bool) -> None:
        self.performing = on

    # -- models and names -----------------------------------------------------------------------------------------

    def _save_model(self, message: ControlMessage) -> bool:
        self._models.save(output_and_name(message.values), message.address)
        return False

    def _load_model(self, message: ControlMessage) -> None:
        self._models.serve(output_and_name(message.values))

    def _name_inputs(self, message: ControlMessage) -> None:
        """They stand in the session, and in all that is opened on it from now on."""
        spec = self._engine.spec
        spec = replace(spec, channels=names(message.values, len(spec.channels), "input"))
        features = list(features_of(spec).names)

        def write(session: Any) -> None:
            session.set_config(FEATURES, features)
            session.set_config(SIGNAL, signal_of(spec))

        self._engine.queue.write(write)

    # -- how it stands --------------------------------------------------------------------------------------------

    def _tell_state(self) -> None:
        """Send how it stands, as pairs of a word and a value, then each class."""
        engine = self._engine
        stats, condition = engine.stats(), engine.input.condition()
        switches = self._wishes.newest
        pairs: tuple[tuple[str, float | int | str], ...] = (
            ("source", condition.lamp.value),
            ("rate", float(condition.rate or 0.0)),
            ("inputs", len(engine.spec.channels)),
            ("recording", int(self._taking)),
            ("label", self._label),
            ("training", int(bool(self._training))),
            ("running", int(switches is not None and switches.running)),
            ("version", engine.learner.store.serving.version),
            ("examples", stats.examples),
            ("learned", stats.learned),
            ("protected", stats.protected),
            ("bits changed", stats.protected_bits_changed),
            ("skipped", stats.skipped_hops),
        )
        self._reports.send(STATE, *(value for pair in pairs for value in pair))
        for info in engine.classes.living():
            self._reports.send(CLASS, number_of(info.id), info.name, engine.book.labels(info.id)[0])

    def _take_up(self) -> None:
        """Be as the session remembers; a new one waits for `startRunning`, as Wekinator does."""
        kept = self._engine.session.config(REMOTE)
        kept = kept if isinstance(kept, dict) else {}
        begin: Changes = {name: kept.get(name) is True for name in ("running", "probabilities")}
        if isinstance(kept.get("output"), str):
            begin["name"] = kept["output"]
        self._wishes.change(None, begin)

    def _keep(self) -> None:
        switches = self._wishes.newest
        if switches is not None:
            kept = {"running": switches.running, "probabilities": switches.probabilities, "output": switches.name}
            self._engine.queue.write(lambda session: session.set_config(REMOTE, kept))


def _free_name(name: str, taken: set[str]) -> str:
    known, tried, count = {other.casefold() for other in taken}, name, 1
    while tried.casefold() in known:
        count += 1
        tried = f"{name} ({count})"
    return tried


def _unknown(address: str) -> str:
    if address.removeprefix(WEKINATOR) in ELSEWHERE:
        return f"{address} has no meaning here: docs/osc.md says what differs from Wekinator."
    return f"{address[:80]} is no message that is known here."
