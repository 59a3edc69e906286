"""The figures of a running engine, collected from its parts into one copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dgstudio.types import EngineStats, Mode

if TYPE_CHECKING:
    from dgstudio.engine.engine import Engine


def collect(engine: Engine) -> EngineStats:
    """Counters and percentiles at this moment. Any thread; each counter has one writer, so none is half a number."""
    recording = engine.recorder.figures
    counts, learn, receipts = engine.lane.counts, engine.learn.counts, engine.learn.receipts
    lately, unsure = counts.lately.copy(), counts.unsure_lately.copy()
    serve_p50, serve_p99 = counts.latency.percentile(50, 99)
    answer_p50, answer_p99 = counts.delay.percentile(50, 99)
    learner_state = "failed" if engine.learn.failed else engine.learn.state
    stats = EngineStats(
        samples=engine.ring.total,
        lost_samples=engine.infer.lost_samples,
        hops=engine.infer.hops,
        skipped_hops=engine.infer.skipped,
        repaired_values=engine.features.repaired,
        serve_p50_us=serve_p50,
        serve_p99_us=serve_p99,
        answer_p50_ms=answer_p50,
        answer_p99_ms=answer_p99,
        examples=engine.book.total,
        learned=engine.learn.learned,
        publishes=learn.publishes,
        rejections=learn.rejections,
        roll_backs=learn.roll_backs,
        reads=counts.reads,
        torn=receipts.torn,
        unpublished=receipts.unpublished,
        unattributed=receipts.unattributed,
        receipts_checked=receipts.checked,
        receipts_wrong=receipts.wrong,
        audited=learn.audited,
        protected=engine.learn.protected,
        protected_bits_changed=learn.bits_changed,
        certified=counts.certified,
        novelty=engine.learn.drift.novelty,
        room=engine.learn.room.newest,
        coverage=sum(lately) / len(lately) if lately else None,
        unsure=counts.unsure,
        unsure_share=sum(unsure) / len(unsure) if unsure else None,
        truth_seen=counts.truth_seen,
        truth_right=counts.truth_right,
        stream_state=engine.input.state,
        learner_state="off" if engine.learner.mode is Mode.OFF else learner_state,
        saved=engine.store.saved,
        recording=recording.on,
        recorded_s=recording.seconds,
        recorded_bytes=recording.bytes,
        recording_lost=recording.lost_samples + recording.lost_answers,
        recording_failing=recording.failing,
    )
    if engine.twin is not None:
        twin = engine.twin.counts
        stats.twin_reads = twin.reads
        stats.twin_torn = twin.torn
        stats.twin_unpublished = twin.unpublished
        stats.twin_unattributed = twin.unattributed
        stats.twin_flips = twin.flips
        stats.twin_max_delta = twin.max_delta
    return stats
