"""RocksDB: how it is tuned for a log, how it is opened, and what becomes of one that can not be."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import msgspec
import structlog
from rocksdict import BlockBasedOptions, Cache, DBCompressionType, DBRecoveryMode, Options, Rdict, SliceTransform

from derailed.broker import LogInUse
from derailed.broker.record import PREFIX_BYTES

_MEMTABLE: Final = 2 << 20
"""Small, because a record is put in where its topic's hash says: in what the processor has near by, that is fast."""
_MEMTABLES_TO_A_FILE: Final = 8
_FILES: Final = 8
"""In level 0, of some 16 MiB, before they are merged."""
_ALL_MEMTABLES: Final = 64 << 20
_LEVELS: Final = 7
_WAL: Final = 64 << 20
"""Read again at start after a crash: some 0.3 s."""
CACHE: Final = 32 << 20
"""Blocks of files, all buckets together."""
_NO_STALL: Final = 1 << 20
"""Files in level 0 at which writes slow down: never, because a write is made on the event loop."""
_log = structlog.get_logger()


def tuned(cache: Cache) -> Options:
    """The options of the database and of each bucket in it."""
    tables = BlockBasedOptions()
    tables.set_block_cache(cache)
    tables.set_bloom_filter(10, block_based=False)
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_block_based_table_factory(tables)
    # the filter holds topics, not keys: an absent topic's tail is known without reading
    options.set_prefix_extractor(SliceTransform.create_fixed_prefix(PREFIX_BYTES))
    options.set_memtable_whole_key_filtering(False)
    options.set_compression_type(DBCompressionType.lz4())
    # what is new is soon merged, and compressed then
    options.set_compression_per_level([DBCompressionType.none(), *[DBCompressionType.lz4()] * (_LEVELS - 1)])
    options.set_write_buffer_size(_MEMTABLE)
    options.set_min_write_buffer_number_to_merge(_MEMTABLES_TO_A_FILE)
    options.set_max_write_buffer_number(8 * _MEMTABLES_TO_A_FILE)
    options.set_level_zero_file_num_compaction_trigger(_FILES)
    options.set_db_write_buffer_size(_ALL_MEMTABLES)
    options.set_max_total_wal_size(_WAL)
    options.set_level_zero_slowdown_writes_trigger(_NO_STALL)
    options.set_level_zero_stop_writes_trigger(_NO_STALL)
    options.set_soft_pending_compaction_bytes_limit(0)
    options.set_hard_pending_compaction_bytes_limit(0)
    options.set_max_background_jobs(2)
    options.set_keep_log_file_num(2)
    options.set_stats_dump_period_sec(0)
    # only a write that never returned may be torn; anything else missing is damage, and must be seen
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())
    return options


def open_database(folder: Path, options: Options) -> tuple[Rdict, list[str]]:
    """Open or make the database; its column families too. Raises LogInUse."""
    folder.mkdir(parents=True, exist_ok=True)
    names = ["default"]
    try:
        if (folder / "CURRENT").exists():
            names = Rdict.list_cf(str(folder), options)
        return Rdict(str(folder), options, column_families=dict.fromkeys(names, options)), names
    except Exception as error:
        if "/LOCK" in str(error):
            raise LogInUse(f"the log in {folder} is in use by another process") from None
        raise


def is_damage(error: Exception) -> bool:
    """The files are why it can not be opened; not a full disk or a missing permission, which are IO errors."""
    if isinstance(error, msgspec.DecodeError):
        return True
    text = str(error)
    return type(error) is Exception and (not text.startswith("IO error") or "No such file" in text)  # its one class


def about_damage(folder: Path, reason: str) -> str:
    """Which file it is, and what an operator can do."""
    named = re.search(r"[^\s:]*/\d+\.\w+|MANIFEST-\d+|CURRENT", reason)
    file = Path(named[0]).name if named else max((path.name for path in folder.glob("*.log")), default="its files")
    return (
        f"the log in {folder} is damaged: {file} ({' '.join(reason.split())}). Nothing was dropped. "
        f"Put the folder back from a copy, or move it away to begin an empty log: see docs/broker/operations.md"
    )


def set_aside(folder: Path, reason: str) -> None:
    """Keep what is damaged for whoever wants to look; only the latest, so that it can not fill the disk."""
    aside = folder.with_name(folder.name + ".damaged")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    _log.warning("log_set_aside", folder=str(folder), moved_to=str(aside), reason=reason)


def boot_id() -> str:
    """The name of this run of the machine; empty where the system has none."""
    source = Path("/proc/sys/kernel/random/boot_id")
    return source.read_text().strip() if source.exists() else ""
