"""dualnet: write a network once, train it on PyTorch or TensorFlow, prove that they agree."""
