"""The words of this field that a report uses, each in one or two plain sentences."""

import re
from collections.abc import Mapping

from markupsafe import Markup

#: In alphabetical order. ``docs/glossary.md`` is made from it, and a report ends with those that it uses.
TERMS: Mapping[str, str] = {
    "95 % interval": "The range in which the true value lies, as far as this many photos can tell: of 100 such "
    "ranges about 95 hold it. Few photos make it wide.",
    "accuracy": "The share of photos whose predicted class is the right one.",
    "area under the ROC curve": "How well a class is told from all others: the chance that a photo of the class "
    "gets a higher probability for it than a photo of another class. 0.5 is guessing, 1 is perfect.",
    "arm": "One way to make a classifier that a run tried. The command line and the files call it so.",
    "augmented views": "Changed copies of training photos: mirrored, cut, turned or with other colours. A network "
    "that is trained on them learns what does not matter.",
    "average precision": "The mean precision over all thresholds at which a class could be called found, one number "
    "for its precision-recall curve. 1 is perfect.",
    "backbone": "A network that was trained before, on many other photos, and that turns a photo into features.",
    "balanced accuracy": "The accuracy of each class, averaged over the classes: a rare class counts as much as a "
    "common one.",
    "Brier score": "The squared distance between the stated probabilities and the truth, averaged over photos: 0 is "
    "perfect, 2 is worst.",
    "calibration": "A correction of the stated probabilities, so that of the answers given with 80 % about 80 of "
    "100 are right.",
    "calibration error": "How far the stated probabilities are from the share of answers that are right, on average "
    "over photos (expected calibration error, ECE).",
    "class": "A name to predict, such as a species. A photo has one.",
    "confusion matrix": "A table of photos: each row is a true class, each column the class that was predicted.",
    "cross-validation": "Photos are cut into parts; each part is predicted by a head that was fitted on the others, "
    "so that every photo is predicted by a head that has not seen it.",
    "epoch": "One round of training over all training photos.",
    "F1": "One number for precision and recall of a class, their harmonic mean. Macro F1 is its mean over the classes.",
    "features": "The numbers into which a network turns a photo. Photos that look alike to the network have similar "
    "ones.",
    "group": "Photos that belong together, such as a burst, one animal or one patient. They stay on one side of the "
    "split and count as fewer photos than they are.",
    "head": "The last step of a classifier, from features to a probability for each class.",
    "Holm's correction": "Who makes many comparisons finds some difference by chance. It makes each p-value larger, "
    "so that this happens in one of 20 runs at most.",
    "layer": "A step inside a network. Early ones see edges and colours, late ones whole things.",
    "leak": "A held-out photo that shows the same as a photo that was learned from. It makes the score look better "
    "than it is.",
    "learning curve": "The accuracy with a part of the training photos, over how many they are. Where it still "
    "rises, more photos help.",
    "learning rate": "How far each step of a training changes the network.",
    "log loss": "How surprised the stated probabilities are by the truth, averaged over photos, in nats: 0 is "
    "perfect, and being sure and wrong costs most.",
    "McNemar's test": "A test of two classifiers on the same photos. It looks only at photos that one of them has "
    "right and the other wrong.",
    "nat": "A unit of information: a right answer that was given a probability of 37 % costs 1 nat.",
    "near-duplicates": "Photos that show the same, such as a copy, another size or another cut of one photo.",
    "novelty": "How unlike the training photos a photo is. Above 1 the answer should not be trusted.",
    "p-value": "How often chance alone would show a difference as large as this. Below 0.05 is taken for more than "
    "chance.",
    "parameters": "Numbers inside a network or a head that are set by fitting or training.",
    "parity check": "Photos go through the engine in use and through a reference, and their features are compared.",
    "points": "Hundredths of a share: from 90 % to 93 % are 3 points.",
    "precision": "Of the photos that were taken for a class, the share that shows it.",
    "prediction set": "The classes that a photo may show, one or several. It is made so that the right one is among "
    "them for a wanted share of photos.",
    "recall": "Of the photos that show a class, the share that is found.",
    "risk-coverage curve": "The share of wrong answers when only the surest photos are answered, over the share "
    "that is answered.",
    "seed": "A number that fixes every draw, so that the same run can be made again.",
    "shortcut": "A cue that tells the classes without what they are about, such as the background. A classifier "
    "that goes by it fails elsewhere.",
    "slice": "A kind of photos, such as the dark ones or those of one camera.",
    "test photos": "Photos that nothing was fitted or chosen on. The score on them is what to expect of new photos "
    "from the same source.",
    "training photos": "Photos that the classifier learned from.",
    "unfamiliar": "Unlike the training photos, by its novelty: don't trust the answer. The files call such a photo "
    "out of distribution, or declined.",
    "validation photos": "Photos that were not learned from, but on which the best way was chosen. Scores on them "
    "flatter a little.",
}

#: Ways to make a classifier, by the name of the strategy.
WAYS: Mapping[str, str] = {
    "linear-probe": "The network stays as it is; a head on its last layer is fitted.",
    "intermediate-probe": "The network stays as it is; a head is fitted on whichever layer serves best, or on all "
    "layers joined.",
    "partial-finetune": "The upper part of the network is trained on your photos together with a head; the lower part "
    "stays as it is.",
    "full-finetune": "The whole network is trained on your photos, in small steps, together with a head.",
    "scratch": "The same kind of network is trained on your photos alone, from random numbers: a yardstick for the "
    "gain from the pretrained network.",
    "average": "The probabilities of several ways are averaged.",
    "vote": "Several ways vote; the class that most of them name is taken.",
    "greedy": "The probabilities of several ways are averaged, each way counting as often as helps.",
    "concat": "One head is fitted on the features of several networks together.",
}


class Glossary:
    """The terms that one page uses: ``term("recall")`` in a template links to its explanation."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def __call__(self, term: str, words: str = "") -> Markup:
        """Return a link to a term's explanation.

        Args:
            term: a key of ``TERMS``.
            words: text of the link, where it is not the term itself.

        Raises:
            KeyError: the term is not explained.
        """
        meaning = TERMS[term]
        self._used.add(term)
        return Markup('<a class="term" href="#{}" title="{}">{}</a>').format(  # format escapes
            make_anchor(term), meaning, words or term
        )

    @property
    def used(self) -> tuple[tuple[str, str, str], ...]:
        """Anchor, term and explanation of each term used so far, in alphabetical order."""
        return tuple((make_anchor(term), term, meaning) for term, meaning in TERMS.items() if term in self._used)


def make_anchor(term: str) -> str:
    """Return the id of a term's explanation on a page."""
    return f"word-{re.sub(r'[^a-z0-9]+', '-', term.lower()).strip('-')}"


def render_glossary() -> str:
    """Return all terms and ways as Markdown, in alphabetical order."""
    entries = sorted({**TERMS, **WAYS}.items(), key=lambda entry: entry[0].lower())
    return "\n".join(f"- **{name}**: {meaning}" for name, meaning in entries)
