"""Q4 and P10: what depends on the process and must not (labels), and what does (first calls)."""

import tempfile

from contest import milliseconds
from fresh import in_fresh_process
from report import report

KINDS = ("RGB uint8", "gray uint8", "gray uint16", "5 channels float32")


def q4(options):
    """Labels with 1, 2 and 4 threads, and once more."""
    del options
    with report("Q4", "the same labels on any number of threads, and twice") as out:
        runs = [in_fresh_process("label_hashes", NUMBA_NUM_THREADS=str(threads)) for threads in (1, 2, 4, 4)]
        out.columns("job", "1 thread", "2 threads", "4 threads", "again", "")
        for job in runs[0]:
            hashes = [run[job] for run in runs]
            numpys = runs[0][job.removesuffix(", dask")]
            out.row(job, *hashes, "identical" if {*hashes} == {numpys} else "DIFFERENT")


def p10(options):
    """Import and first segmentation in a fresh process, without and with a cache of compiled kernels."""
    kinds = KINDS[:1] if options.quick else KINDS
    with report("P10", "first call in a fresh process, 512 × 512, k = 5") as out:
        out.columns("image", "import", "first call, no kernel cache", "first call, kernel cache", "second call")
        for kind in kinds:
            with tempfile.TemporaryDirectory() as folder:
                cold = in_fresh_process("first_call", kind, NUMBA_CACHE_DIR=folder)
                warm = in_fresh_process("first_call", kind, NUMBA_CACHE_DIR=folder)
            out.row(
                kind,
                *(milliseconds(t) for t in (warm["import"], cold["first"], warm["first"], warm["second"])),
            )
