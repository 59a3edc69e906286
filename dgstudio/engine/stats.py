"""The figures of a running engine, collected from its parts into one copy."""

from __future__ import annotations

from dgstudio.engine.adapt.learn_worker import LearnWorker
from dgstudio.engine.labels.label_book import LabelBook
from dgstudio.engine.recording.recorder import StreamRecorder
from dgstudio.engine.runtime.rings import SampleRing
from dgstudio.engine.runtime.store_queue import StoreQueue
from dgstudio.engine.serving.infer_worker import InferWorker
from dgstudio.engine.serving.lane import Lane
from dgstudio.engine.serving.source_worker import SourceWorker
from dgstudio.learning.learner.learner import Learner
from dgstudio.records import dataclass
from dgstudio.streams.features import Features
from dgstudio.types import EngineStats, LearnerActivity, Mode


@dataclass(frozen=True, slots=True)
class CountedParts:
    """What of an engine counts."""

    ring: SampleRing
    input: SourceWorker
    features: Features
    infer: InferWorker
    lane: Lane
    book: LabelBook
    queue: StoreQueue
    recorder: StreamRecorder
    learner: Learner
    learn: LearnWorker


def collect(parts: CountedParts) -> EngineStats:
    """Counters and percentiles at this moment. Any thread; each counter has one writer, so none is half a number."""
    recording = parts.recorder.figures
    counts, learn, receipts = parts.lane.counts, parts.learn.counts, parts.learn.receipts
    lately, unsure = counts.lately.copy(), counts.unsure_lately.copy()
    serve_p50, serve_p99 = counts.latency.percentile(50, 99)
    answer_p50, answer_p99 = counts.delay.percentile(50, 99)
    learner_state = LearnerActivity.FAILED if parts.learn.failed else parts.learn.state
    return EngineStats(
        samples=parts.ring.total,
        lost_samples=parts.infer.lost_samples,
        hops=parts.infer.hops,
        skipped_hops=parts.infer.skipped,
        repaired_values=parts.features.repaired,
        serve_p50_us=serve_p50,
        serve_p99_us=serve_p99,
        answer_p50_ms=answer_p50,
        answer_p99_ms=answer_p99,
        examples=parts.book.total,
        learned=parts.learn.learned,
        sealed=parts.learn.sealed,
        publishes=learn.publishes,
        rejections=learn.rejections,
        roll_backs=learn.roll_backs,
        published_ever=parts.learn.history.published,
        rejected_ever=parts.learn.history.rejected,
        reads=counts.reads,
        torn=receipts.torn,
        unpublished=receipts.unpublished,
        unattributed=receipts.unattributed,
        receipts_checked=receipts.checked,
        receipts_wrong=receipts.wrong,
        audited=learn.audited,
        protected=parts.learn.protected,
        protected_bits_changed=learn.bits_changed,
        certified=counts.certified,
        novelty=parts.learn.drift.novelty,
        room=parts.learn.room.newest,
        coverage=sum(lately) / len(lately) if lately else None,
        unsure=counts.unsure,
        unsure_share=sum(unsure) / len(unsure) if unsure else None,
        truth_seen=counts.truth_seen,
        truth_right=counts.truth_right,
        stream_state=parts.input.state,
        learner_state=LearnerActivity.OFF if parts.learner.mode is Mode.OFF else learner_state,
        saved=parts.queue.saved,
        recording=recording.on,
        recorded_s=recording.seconds,
        recorded_bytes=recording.bytes,
        recording_lost=recording.lost_samples + recording.lost_answers,
        recording_failing=recording.failing,
    )
