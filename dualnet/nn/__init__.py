"""Networks as values: layers, layers made of layers, and how to write one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualnet import constraints, initializers, regularizers
from dualnet.errors import no_attribute
from dualnet.nn import activations
from dualnet.nn.activation_layers import ELU, LeakyReLU, PReLU, ReLU, Softmax
from dualnet.nn.activity import ActivityRegularization
from dualnet.nn.attention import AdditiveAttention, Attention
from dualnet.nn.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from dualnet.nn.containers import Graph, Sequential
from dualnet.nn.contraction import EinsumDense
from dualnet.nn.conv_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from dualnet.nn.convolution import Conv1D, Conv2D, Conv3D
from dualnet.nn.core import Activation, Dense, Embedding, Identity
from dualnet.nn.depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
)
from dualnet.nn.functions import Lambda
from dualnet.nn.graph import Input
from dualnet.nn.key_value_cache import KVCache
from dualnet.nn.layer import Layer
from dualnet.nn.masks import Masked, Masking, Unmask, passed
from dualnet.nn.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from dualnet.nn.multi_head import GroupedQueryAttention, MultiHeadAttention
from dualnet.nn.native import Native
from dualnet.nn.normalization import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    RMSNorm,
    UnitNormalization,
)
from dualnet.nn.padding import (
    Cropping1D,
    Cropping2D,
    Cropping3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from dualnet.nn.pooling import (
    AdaptiveAvgPool1D,
    AdaptiveAvgPool2D,
    AdaptiveAvgPool3D,
    AdaptiveMaxPool1D,
    AdaptiveMaxPool2D,
    AdaptiveMaxPool3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
)
from dualnet.nn.positions import PositionalEncoding, RotaryEmbedding
from dualnet.nn.recurrent import GRU, LSTM, RNN, SimpleRNN
from dualnet.nn.regularization import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from dualnet.nn.reparametrization import SpectralNormalization, WeightNormalization
from dualnet.nn.reshaping import Flatten, Permute, RepeatVector, Reshape
from dualnet.nn.resizing import Resizing, UpSampling1D, UpSampling2D, UpSampling3D
from dualnet.nn.reversible import ReversibleEmbedding
from dualnet.nn.ternary import TernaryDense
from dualnet.nn.transposed import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
from dualnet.nn.wrappers import Bidirectional, TimeDistributed, Wrapper

__all__ = [
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveAvgPool1D",
    "AdaptiveAvgPool2D",
    "AdaptiveAvgPool3D",
    "AdaptiveMaxPool1D",
    "AdaptiveMaxPool2D",
    "AdaptiveMaxPool3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNorm",
    "BatchNormalization",
    "Bidirectional",
    "Cell",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "ELU",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRU",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "Graph",
    "GroupNorm",
    "GroupNormalization",
    "GroupQueryAttention",
    "GroupedQueryAttention",
    "Identity",
    "Input",
    "InstanceNorm",
    "KVCache",
    "LSTM",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNorm",
    "LayerNormalization",
    "LeakyReLU",
    "Masked",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Native",
    "PReLU",
    "Permute",
    "PositionalEncoding",
    "RMSNorm",
    "RMSNormalization",
    "RNN",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Resizing",
    "ReversibleEmbedding",
    "RotaryEmbedding",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "Sequential",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "Subtract",
    "TernaryDense",
    "TimeDistributed",
    "UnitNormalization",
    "Unmask",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "WeightNormalization",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "activations",
    "constraints",
    "initializers",
    "passed",
    "regularizers",
]

# Keras's long names.
AdaptiveAveragePooling1D = AdaptiveAvgPool1D
AdaptiveAveragePooling2D = AdaptiveAvgPool2D
AdaptiveAveragePooling3D = AdaptiveAvgPool3D
AdaptiveMaxPooling1D = AdaptiveMaxPool1D
AdaptiveMaxPooling2D = AdaptiveMaxPool2D
AdaptiveMaxPooling3D = AdaptiveMaxPool3D
AveragePooling1D = AvgPool1D
AveragePooling2D = AvgPool2D
AveragePooling3D = AvgPool3D
BatchNormalization = BatchNorm
Convolution1D = Conv1D
Convolution1DTranspose = Conv1DTranspose
Convolution2D = Conv2D
Convolution2DTranspose = Conv2DTranspose
Convolution3D = Conv3D
Convolution3DTranspose = Conv3DTranspose
GlobalAveragePooling1D = GlobalAvgPool1D
GlobalAveragePooling2D = GlobalAvgPool2D
GlobalAveragePooling3D = GlobalAvgPool3D
GlobalMaxPooling1D = GlobalMaxPool1D
GlobalMaxPooling2D = GlobalMaxPool2D
GlobalMaxPooling3D = GlobalMaxPool3D
GroupNormalization = GroupNorm
GroupQueryAttention = GroupedQueryAttention
LayerNormalization = LayerNorm
MaxPooling1D = MaxPool1D
MaxPooling2D = MaxPool2D
MaxPooling3D = MaxPool3D
RMSNormalization = RMSNorm
SeparableConvolution1D = SeparableConv1D
SeparableConvolution2D = SeparableConv2D

if not TYPE_CHECKING:  # which would take every name for one that is there

    def __getattr__(name: str) -> Any:
        """Whoever asks for a name that is not here is told of the nearest."""
        raise no_attribute(__name__, name, __all__)
