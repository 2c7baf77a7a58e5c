"""Advice: the strategy that the field's rule expects to do best, from quick measurements of the samples.

The rule goes by size and by likeness to what the network was pretrained on (Stanford CS231n, notes on transfer
learning): small and similar, a linear classifier on top; small and different, one on earlier layers; large and
similar, fine-tune a part; large and different, train all of it on from the pretrained weights. Why: early layers are
general and late ones special (Yosinski et al. 2014, arXiv:1411.1792); what pretraining gives to a probe shrinks with
likeness, what it gives to fine-tuning shrinks with size (Kornblith, Shlens & Le 2019, arXiv:1805.08974).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from headstart.selection.context import FitContext
from headstart.selection.costs import estimate_costs
from headstart.selection.dataset_stats import LARGE, SMALL, DatasetSize, DatasetStats, LayerScore, measure_dataset
from headstart.selection.domain_similarity import DIFFERENT, SIMILAR, DomainSimilarity, Similarity
from headstart.selection.probes import LAYER
from headstart.selection.rule import ArmChoice
from headstart_runtime.errors import DataError, describe_schema_mismatch
from headstart_runtime.modalities.item import SAMPLE, Noun
from headstart_runtime.tasks.task import Measure

SCHEMA_VERSION = 1
ACCURACY = Measure("accuracy", "log loss", "nats")

#: (size, similarity) -> the strategy expected, the runner-up, and what to expect of it over a linear probe
RULE: Mapping[tuple[DatasetSize, Similarity], tuple[str, str, str]] = {
    ("small", "similar"): ("linear-probe", "intermediate-probe", "it is the baseline: training more gains little"),
    ("small", "between"): ("intermediate-probe", "partial-finetune", "a point or two over linear-probe"),
    ("small", "different"): ("intermediate-probe", "partial-finetune", "some points over linear-probe"),
    ("middle", "similar"): ("linear-probe", "partial-finetune", "it is the baseline: training more gains little"),
    ("middle", "between"): ("partial-finetune", "full-finetune", "some points over linear-probe"),
    ("middle", "different"): ("partial-finetune", "full-finetune", "many points over linear-probe"),
    ("large", "similar"): ("partial-finetune", "full-finetune", "a point or two over linear-probe"),
    ("large", "between"): ("partial-finetune", "full-finetune", "some points over linear-probe"),
    ("large", "different"): ("full-finetune", "partial-finetune", "many points over linear-probe"),
}


#: The same where no network can be trained.
PROBE_RULE: Mapping[Similarity, tuple[str, str, str]] = {
    "similar": ("linear-probe", "intermediate-probe", "it is the baseline"),
    "between": ("intermediate-probe", "linear-probe", "a point or two over linear-probe"),
    "different": ("intermediate-probe", "linear-probe", "some points over linear-probe"),
}

#: What is said before "what the network was pretrained on".
SIMILARITIES: Mapping[Similarity, str] = {
    "similar": "they are similar to",
    "between": "they are neither similar to nor different from",
    "different": "they are different from",
}


@dataclass(frozen=True, slots=True)
class StrategyAdvice:
    """The strategy that the rule expects to do best, and the measurements behind it."""

    facts: DatasetStats
    size: DatasetSize
    similarity: Similarity
    expected: str  #: a name in ``STRATEGIES``
    runner_up: str  #: another
    gain: str  #: what to expect of it over a linear probe, in words
    seconds: Mapping[str, float | None]  #: by strategy, predicted, once features are stored; None: unknown
    reason: str  #: one or two sentences
    approximate: tuple[str, ...] = ()  #: strategies whose seconds are arithmetic, right within a factor of two or three
    obstacle: str = ""  #: why no network can be trained; "" where one can

    def to_json(self) -> dict[str, Any]:
        """Return a record that ``json.dumps`` takes."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Return the advice that ``to_json`` wrote.

        Raises:
            DataError: another schema, or fields missing or unknown.
        """
        if (version := value.get("schema_version")) != SCHEMA_VERSION:
            raise DataError(describe_schema_mismatch("advice", version, SCHEMA_VERSION))
        try:
            fields = {key: field for key, field in value.items() if key != "schema_version"}
            facts = dict(fields.pop("facts"))
            asked = facts.pop("domain")
            layers = tuple(LayerScore(**it) for it in facts.pop("layers"))
            unknown = tuple(facts.pop("unknown"))
            fields["approximate"] = tuple(fields["approximate"])
            known = DomainSimilarity(**asked) if asked is not None else None
            return cls(facts=DatasetStats(**facts, domain=known, layers=layers, unknown=unknown), **fields)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"advice cannot be read: {error}; wanted the fields that to_json writes") from None


def advise_strategy(context: FitContext, *, timed: bool = False) -> StrategyAdvice:
    """Measure some of the training samples and apply the rule.

    Features that the store does not have are computed, of the sample only. Test and validation are not looked at.

    Args:
        context: its head settings do not matter, its seed neither: the sample goes by digests.
        timed: predict what training takes from a timed trial; imports PyTorch and wants all features stored.

    Raises:
        HeadstartError: features cannot be computed or stored.
    """
    advice = apply_rule(measure_dataset(context), context.noun, context.training_obstacle)
    predicted = estimate_costs(context, timed=timed)
    return replace(advice, seconds=predicted.seconds, approximate=predicted.approximate)


def apply_rule(facts: DatasetStats, noun: Noun = SAMPLE, obstacle: str = "") -> StrategyAdvice:
    """Apply the rule to these facts; where the layers speak against it, the runner-up is what they speak for.

    Args:
        facts: that were measured.
        noun: of the samples.
        obstacle: why no network can be trained; "" where one can.
    """
    expected, runner_up, gain = PROBE_RULE[facts.similarity] if obstacle else RULE[facts.size, facts.similarity]
    if _last_is_best(facts, expected):
        runner_up = "linear-probe"
    reason = _reason(facts, expected, noun, obstacle)
    return StrategyAdvice(facts, facts.size, facts.similarity, expected, runner_up, gain, {}, reason, obstacle=obstacle)


def _last_is_best(facts: DatasetStats, expected: str) -> bool:
    """Return whether the rule wants earlier layers and the last one does best on the sample."""
    return expected == "intermediate-probe" and facts.best_layer is not None and facts.best_layer.layer == LAYER


def _reason(facts: DatasetStats, expected: str, noun: Noun, obstacle: str) -> str:
    limits = {
        "small": f"under {SMALL}",
        "middle": f"{SMALL} to {LARGE}, the rule's grey zone",
        "large": f"over {LARGE}",
    }
    sizes = {"small": "small", "middle": "medium-sized", "large": "large"}
    per_class = f"{facts.per_class_median:.0f} training {noun.many} per {facts.noun}"
    size = f"{per_class} are a {sizes[facts.size]} set ({limits[facts.size]})"
    if facts.domain is None:
        likeness = "how similar they are to what the network was pretrained on cannot be told"
    else:
        likeness = (
            f"{SIMILARITIES[facts.domain.similarity]} what the network was pretrained on: it is unsure of them by "
            f"{facts.domain.share:.0%} of the most there is (under {SIMILAR:.0%} is similar, over {DIFFERENT:.0%} "
            "different)"
        )
    if facts.earlier_layer is not None:
        likeness += (
            f"; {facts.earlier_layer.layer} tells the {facts.nouns} better than the last layer, a sign of difference"
        )
    best_last = f"though the last layer alone tells the {facts.nouns} best on the sample"
    doubt = f", {best_last}" if _last_is_best(facts, expected) else ""
    left = f"No network can be trained: {obstacle}. " if obstacle else ""
    return f"{size}; {likeness}. {left}The rule expects {expected}{doubt}."


@dataclass(frozen=True, slots=True)
class AdviceOutcome:
    """Whether an expectation came true."""

    verdict: Literal["hit", "near", "miss", "open"]  #: near: not told from the best; open: it was not put to the test
    text: str  #: one sentence


def judge_advice(
    advice: StrategyAdvice, choice: ArmChoice, strategies: Mapping[str, str], measure: Measure = ACCURACY
) -> AdviceOutcome:
    """Compare the advice with the outcome of a comparison.

    Args:
        advice: made before.
        choice: the comparison's, on validation.
        strategies: of each of its arms, by the arm's name.
        measure: by which they were compared.
    """
    expected, won = advice.expected, strategies[choice.winner]
    own = [name for name, strategy in strategies.items() if strategy == expected]
    if not own:
        return AdviceOutcome("open", f"The rule expected {expected}, which was not tried; {choice.winner} won.")
    if len(set(strategies.values())) == 1:
        return AdviceOutcome("open", f"The rule expected {expected}, and nothing else was tried.")
    if won == expected:
        return AdviceOutcome("hit", f"The rule expected {expected}, and {choice.winner} won.")
    equal = next((tie for tie in choice.equals if tie.best == choice.winner and set(tie.behind) & set(own)), None)
    if equal is not None:
        text = (
            f"The rule expected {expected}; {choice.winner} costs the same and had the lower cross-validated log loss."
        )
        return AdviceOutcome("near", text)
    behind = {pair.b: pair for pair in choice.pairs if pair.b in own}
    if choice.best in own:
        text = (
            f"The rule expected {expected}, the best arm; {choice.winner} cannot be told from it, costs less and won."
        )
        return AdviceOutcome("near", text)
    if any(not pair.exceeds_one_se for pair in behind.values()):
        text = f"The rule expected {expected}, which cannot be told from the best, {choice.best}; {choice.winner} won."
        return AdviceOutcome("near", text)
    short = min(pair.difference for pair in behind.values())
    by = f"{100 * short:.1f} points" if measure.share else f"{measure.name} {measure.format(short)}"
    return AdviceOutcome("miss", f"The rule expected {expected}; {choice.best} beat it by {by} on validation.")
