"""Models: n-gram, LSTM language model, MusicVAE; each in Keras to train and in NumPy to run."""
