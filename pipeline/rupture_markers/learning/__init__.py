"""How the machine guesses: estimator, training, evaluation, selection of segments, model registry."""
