"""The words of this field that a report uses, each in one or two plain sentences."""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from headstart_runtime.modalities.item import Noun

#: In alphabetical order, with a place for the word for items, see ``Noun.fill``. ``docs/glossary.md`` is made from it,
#: and a report ends with those that it uses.
TERMS: Mapping[str, str] = {
    "95 % interval": "The range in which the true value lies, as far as this many {many} can tell: of 100 such "
    "ranges about 95 hold it. Few {many} make it wide.",
    "accuracy": "The share of {many} whose predicted class is the right one.",
    "area under the ROC curve": "How well a class is told from all others: the chance that {a_one} of the class "
    "gets a higher probability for it than {a_one} of another class. 0.5 is guessing, 1 is perfect.",
    "arm": "One way to make a classifier that a run tried. The command line and the files call it so.",
    "augmented views": "Changed copies of training {many}: {views}. A network "
    "that is trained on them learns what does not matter.",
    "average precision": "The mean precision over all thresholds at which a class or label could be called found, one "
    "number for its precision-recall curve. 1 is perfect.",
    "backbone": "A network that was trained before, on many other {many}, and that turns {a_one} into features.",
    "balanced accuracy": "The accuracy of each class, averaged over the classes: a rare class counts as much as a "
    "common one.",
    "Brier score": "The squared distance between the stated probabilities and the truth, averaged over {many}: 0 is "
    "perfect, 2 is worst.",
    "calibration": "A correction of the stated probabilities, so that of the answers given with 80 % about 80 of "
    "100 are right.",
    "calibration error": "How far the stated probabilities are from the share of answers that are right, on average "
    "over {many} (expected calibration error, ECE).",
    "class": "A name to predict, such as a species. {A_one} has one.",
    "confusion matrix": "A table of {many}: each row is a true class, each column the class that was predicted.",
    "cross-validation": "{Many} are cut into parts; each part is predicted by a head that was fitted on the others, "
    "so that every {one} is predicted by a head that has not seen it.",
    "epoch": "One round of training over all training {many}.",
    "exact match": "The share of {many} whose labels are all right: none is missing and none is too many.",
    "F1": "One number for precision and recall of a class or label, their harmonic mean. Macro F1 is its mean over all "
    "of them.",
    "features": "The numbers into which a network turns {a_one}. {Many} that are alike to the network have similar "
    "ones.",
    "group": "{Many} that belong together, such as {groups}. They stay on one side of the "
    "split and count as fewer {many} than they are.",
    "head": "The last step of a model, from features to an answer, such as a probability for each class.",
    "Holm's correction": "Who makes many comparisons finds some difference by chance. It makes each p-value larger, "
    "so that this happens in one of 20 runs at most.",
    "Jaccard index": "Of the labels that {a_one} has or was given, the share that is in both. 1 is perfect.",
    "layer": "A step inside a network. {layers}",
    "leak": "A held-out {one} that {same_one} as {a_one} that was learned from. It makes the score look better "
    "than it is.",
    "learning curve": "The score with a part of the training {many}, over how many they are. Where it still "
    "rises, more {many} help.",
    "learning rate": "How far each step of a training changes the network.",
    "log loss": "How surprised the stated probabilities are by the truth, averaged over {many}, in nats: 0 is "
    "perfect, and being sure and wrong costs most.",
    "MAE of ranks": "How many grades the answers are off by, on average: 0 is perfect, 1 is the next grade.",
    "McNemar's test": "A test of two classifiers on the same {many}. It looks only at {many} that one of them has "
    "right and the other wrong.",
    "mean absolute error": "How far the answers are from the true numbers, on average, in whichever direction.",
    "mean average precision": "The average precision of each label, averaged over the labels: a rare label counts as "
    "much as a common one.",
    "micro F1": "F1 over all labels of all {many} together, so that a common label counts more than a rare one.",
    "miss rate": "Of the labels that {a_one} has, the share that is not given, averaged over {many}.",
    "nat": "A unit of information: a right answer that was given a probability of 37 % costs 1 nat.",
    "near-duplicates": "{Many} that {same_many}, such as {copies}.",
    "negative predictive value": "Of the {many} that are not taken for the positive class, the share that is "
    "not of it.",
    "net benefit": "Right alarms less false ones, which count as much as the threshold says, for each of the {many}. "
    "Acting on the answers pays where it is above that of acting on all {many} and on none.",
    "novelty": "How unlike the training {many} {a_one} is. Above 1 the answer should not be trusted.",
    "p-value": "How often chance alone would show a difference as large as this. Below 0.05 is taken for more than "
    "chance.",
    "parameters": "Numbers inside a network or a head that are set by fitting or training.",
    "parity check": "{Many} go through the engine in use and through a reference, and their features are compared.",
    "points": "Hundredths of a share: from 90 % to 93 % are 3 points.",
    "precision": "Of the {many} that were taken for a class, or given a label, the share that is of it.",
    "prediction interval": "A range for the true number, made so that it holds it for a wanted share of {many}.",
    "prediction set": "The classes that may be right for {a_one}, one or several. It is made so that the right one is "
    "among them for a wanted share of {many}.",
    "quadratic kappa": "How far answers and labels agree beyond chance, where a mistake by two ranks costs four times "
    "as much as one by one. 1 is perfect, 0 is chance.",
    "rank correlation": "How well the order of the answers follows that of the true numbers (Spearman). 1 is perfect, "
    "0 is chance.",
    "recall": "Of the {many} of a class, or with a label, the share that is found.",
    "relative error": "The error over that of always saying the median: 0 is perfect, 1 is no better than that.",
    "residual": "The answer less the true number: above 0 the answer is too high.",
    "risk-coverage curve": "The share of wrong answers when only the surest {many} are answered, over the share "
    "that is answered.",
    "root mean squared error": "Like the mean absolute error, but a large error counts more than several small ones.",
    "R²": "The share of the spread of the true numbers that the answers explain. 1 is perfect, 0 is no better than "
    "always saying the mean.",
    "seed": "A number that fixes every draw, so that the same run can be made again.",
    "sensitivity": "Of the {many} of the positive class, the share that is found: its recall.",
    "shortcut": "A cue that tells the classes without what they are about, such as {shortcut}. A classifier "
    "that goes by it fails elsewhere.",
    "slice": "A kind of {many}, such as {kinds}.",
    "specificity": "Of the {many} of other classes, the share that is not taken for the positive class.",
    "test {many}": "{Many} that nothing was fitted or chosen on. The score on them is what to expect of new {many} "
    "from the same source.",
    "threshold": "The least probability from which on the positive class is predicted.",
    "training {many}": "{Many} that the classifier learned from.",
    "unfamiliar": "Unlike the training {many}, by its novelty: don't trust the answer. The files call such {a_one} "
    "out of distribution, or declined.",
    "validation {many}": "{Many} that were not learned from, but on which the best way was chosen. Scores on them "
    "flatter a little.",
}

#: Ways to make a classifier, by the name of the strategy.
WAYS: Mapping[str, str] = {
    "linear-probe": "The network stays as it is; a head on its last layer is fitted.",
    "intermediate-probe": "The network stays as it is; a head is fitted on whichever layer serves best, or on all "
    "layers joined.",
    "tfidf": "A head is fitted on the weighed terms of {many} that are made of words, without a network.",
    "partial-finetune": "The upper part of the network is trained on your {many} together with a head; the lower part "
    "stays as it is.",
    "full-finetune": "The whole network is trained on your {many}, in small steps, together with a head.",
    "scratch": "The same kind of network is trained on your {many} alone, from random numbers: a yardstick for the "
    "gain from the pretrained network.",
    "average": "The answers of several ways, such as their probabilities, are averaged.",
    "vote": "Several ways vote; the class that most of them name is taken.",
    "concat": "One head is fitted on the features of several networks together.",
    "concat-all": "One head is fitted on the features of all layers of several networks together.",
}


class Glossary:
    """The terms that one page uses: ``term("recall")`` in a template links to its explanation."""

    def __init__(self, noun: Noun) -> None:
        self._noun = noun
        self._used: set[str] = set()

    def __call__(self, term: str, words: str = "") -> Markup:
        """Return a link to a term's explanation.

        Args:
            term: a key of ``TERMS``.
            words: text of the link, where it is not the term itself.

        Raises:
            KeyError: the term is not explained.
        """
        meaning = self._noun.fill(TERMS[term])
        self._used.add(term)
        return Markup('<a class="term" href="#{}" title="{}">{}</a>').format(  # format escapes
            make_anchor(term), meaning, words or self._noun.fill(term)
        )

    def explain(self, word: str) -> Markup:
        """Return a link to a word's explanation, or the word alone where it has none."""
        return self(word) if word in TERMS else escape(word)

    @property
    def used(self) -> tuple[tuple[str, str, str], ...]:
        """Anchor, term and explanation of each term used so far, in alphabetical order."""
        fill = self._noun.fill
        return tuple(
            (make_anchor(term), fill(term), fill(meaning)) for term, meaning in TERMS.items() if term in self._used
        )


def make_anchor(term: str) -> str:
    """Return the id of a term's explanation on a page."""
    return f"word-{re.sub(r'[^a-z0-9]+', '-', term.lower()).strip('-')}"


def list_ways(noun: Noun) -> dict[str, str]:
    """Return ways to make a classifier, by the name of the strategy, with their explanation."""
    return {name: noun.fill(meaning) for name, meaning in WAYS.items()}


def render_glossary(noun: Noun) -> str:
    """Return all terms and ways as Markdown, in alphabetical order."""
    entries = sorted({**TERMS, **WAYS}.items(), key=lambda entry: entry[0].lower())
    return "\n".join(noun.fill(f"- **{name}**: {meaning}") for name, meaning in entries)
