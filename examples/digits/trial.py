"""One trial: cross-validates one support vector machine on scikit-learn's digits."""

import os

# Two trials run side by side; each keeps to one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import nni
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC


def build(parameters):
    scale = {"none": None, "standard": StandardScaler(), "minmax": MinMaxScaler()}
    steps = [
        scale[parameters["scale"]],
        PCA(int(parameters["components"]), random_state=0),
        SVC(
            C=parameters["C"],
            gamma=parameters["gamma"],
            kernel=parameters["kernel"],
            degree=parameters["degree"],
        ),
    ]
    return make_pipeline(*[step for step in steps if step is not None])


def main():
    parameters = nni.get_next_parameter()
    images, digits = load_digits(return_X_y=True)
    # A few examples to learn from, many to be judged by: so there is room for
    # a better choice.
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = []
    for judged, learned in folds.split(images, digits):
        model = build(parameters).fit(images[learned], digits[learned])
        scores.append(model.score(images[judged], digits[judged]))
        nni.report_intermediate_result(sum(scores) / len(scores))
    nni.report_final_result(sum(scores) / len(scores))


if __name__ == "__main__":
    main()
