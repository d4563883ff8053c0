"""The suites of the whole pipeline, by the names that `--suite` takes."""

from benchmarks.pipeline.backup import backup
from benchmarks.pipeline.contacts import contacts
from benchmarks.pipeline.latency import latency
from benchmarks.pipeline.linked import linked
from benchmarks.pipeline.recovery import recovery
from benchmarks.pipeline.scaling import scaling
from benchmarks.pipeline.sizes import sizes
from benchmarks.pipeline.takeover import takeover
from benchmarks.pipeline.throughput import throughput
from benchmarks.suites import Suite

PIPELINE: dict[str, Suite] = {
    "pipeline": throughput,
    "scaling": scaling,
    "latency": latency,
    "recovery": recovery,
    "takeover": takeover,
    "backup": backup,
    "contacts": contacts,
    "linked": linked,
    "sizes": sizes,
}
