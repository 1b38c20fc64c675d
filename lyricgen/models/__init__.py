"""Models: n-gram, LSTM language model, MusicVAE; trained in Keras, run in NumPy."""
