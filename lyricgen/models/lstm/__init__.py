"""The LSTM: its cell and gradient in NumPy, and a layer for Keras."""
