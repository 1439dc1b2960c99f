"""One trial: trains one neural network on scikit-learn's handwritten digits."""

import os

# Two trials run side by side; each keeps to one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import nni
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

EPOCHS = 5


def train(parameters):
    """Yields the share of the unseen digits that are read rightly, each epoch."""
    images, digits = load_digits(return_X_y=True)
    # A few digits to learn from, many to be judged by: so there is room for a
    # better choice.
    learned, judged, learned_digits, judged_digits = train_test_split(
        images, digits, train_size=0.2, stratify=digits, random_state=0
    )
    scale = {
        "none": FunctionTransformer(),
        "standard": StandardScaler(),
        "minmax": MinMaxScaler(),
    }[parameters["scale"]]
    learned, judged = scale.fit_transform(learned), scale.transform(judged)
    network = MLPClassifier(
        hidden_layer_sizes=[int(parameters["hidden_units"])],
        activation=parameters["activation"],
        solver=parameters["solver"],
        learning_rate_init=parameters["learning_rate"],
        momentum=parameters["momentum"],
        alpha=parameters["weight_decay"],
        batch_size=parameters["batch_size"],
        random_state=0,
    )
    for _ in range(EPOCHS):
        try:
            network.partial_fit(learned, learned_digits, classes=range(10))
        except ValueError:  # the weights have grown beyond all numbers
            yield 0.1  # as good as guessing
            return
        yield network.score(judged, judged_digits)


def main():
    accuracy = 0.0
    for accuracy in train(nni.get_next_parameter()):
        nni.report_intermediate_result(accuracy)
    nni.report_final_result(accuracy)


if __name__ == "__main__":
    main()
