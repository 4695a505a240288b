"""One row per public callback: what it was checked against, and the test that does it."""

from __future__ import annotations

from dataclasses import dataclass

from dualnet import callbacks


@dataclass(frozen=True)
class Row:
    """A callback, what decides whether it is right, and where that is tested."""

    callback: type[callbacks.Callback]
    against: str
    test: str


ROWS = [
    Row(
        callbacks.BackupAndRestore,
        "the run never interrupted, bit for bit",
        "test_backup.test_goes_on_bit_for_bit",
    ),
    Row(callbacks.CSVLogger, "the history", "test_callbacks.test_csv"),
    Row(
        callbacks.CallbackList,
        "the order of calls by hand",
        "test_callbacks.test_hooks_in_order",
    ),
    Row(
        callbacks.EarlyStopping,
        "keras.callbacks.EarlyStopping",
        "test_callback_rules.test_early_stopping_is_that_of_keras",
    ),
    Row(callbacks.History, "the run never interrupted", "test_backup.test_goes_on_bit_for_bit"),
    Row(
        callbacks.LambdaCallback,
        "the order of calls by hand",
        "test_callbacks.test_functions_as_hooks",
    ),
    Row(
        callbacks.LearningRateScheduler,
        "keras.callbacks.LearningRateScheduler",
        "test_callback_rules.test_scheduler_is_that_of_keras",
    ),
    Row(
        callbacks.ModelCheckpoint,
        "keras.callbacks.ModelCheckpoint",
        "test_callback_rules.test_checkpoints_are_made_when_keras_makes_them",
    ),
    Row(callbacks.ProgressBar, "the lines by hand", "test_callbacks.test_lines_in_a_log"),
    Row(
        callbacks.ReduceLROnPlateau,
        "keras.callbacks.ReduceLROnPlateau",
        "test_callback_rules.test_plateaus_are_those_of_keras",
    ),
    Row(
        callbacks.RemoteMonitor,
        "what an HTTP server receives",
        "test_callbacks.test_measures_are_sent",
    ),
    Row(
        callbacks.SwapEMAWeights,
        "the average by its formula, in NumPy",
        "test_callback_rules.test_averages_are_swapped",
    ),
    Row(
        callbacks.TensorBoard,
        "TensorFlow's reader of event files",
        "test_event_files.test_what_tensorflow_reads",
    ),
    Row(
        callbacks.TerminateOnNaN,
        "keras.callbacks.TerminateOnNaN",
        "test_callback_rules.test_nan_ends_where_keras_ends",
    ),
]
