"""The LSTM language model of lyrics."""
