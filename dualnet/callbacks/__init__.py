"""What watches a training run: history, stopping, checkpoints, rates, logs."""

from dualnet.callbacks.averages import SwapEMAWeights
from dualnet.callbacks.backup import BackupAndRestore
from dualnet.callbacks.base import Callback, CallbackList, LambdaCallback
from dualnet.callbacks.checkpoints import ModelCheckpoint
from dualnet.callbacks.display import ProgbarLogger, ProgressBar
from dualnet.callbacks.history import History
from dualnet.callbacks.logging import CSVLogger, RemoteMonitor
from dualnet.callbacks.rates import LearningRateScheduler, ReduceLROnPlateau
from dualnet.callbacks.stopping import EarlyStopping, TerminateOnNaN
from dualnet.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ProgressBar",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
