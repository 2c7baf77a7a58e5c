"""``headstart export MODEL --to FORMAT``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from headstart.deployment.formats import ExportPrecision


def export(
    model: Path,
    /,
    *,
    to: str,
    out: Path | None = None,
    items: Path | None = None,
    precision: ExportPrecision | None = None,
    with_items: Annotated[bool, Parameter(negative="")] = False,
    ort_web: Path | None = None,
) -> int:
    """Write a saved classifier as a folder for another way of running, proved to give its answers.

    The folder has the network, class names, input specs, thresholds, licences, a few golden items with their answers,
    the code that runs it, a README, and the SHA-256 of every file. Before it is written, items go both ways, from the
    bytes of files to answers: the test items of the run where their files are still there, or those named with
    --items, and drawn ones. Where the two ways differ by more than rounding explains, nothing is written, and the
    message names the step.

    Examples:
        headstart export runs/beetles --to onnx
        headstart export runs/beetles/model --to onnx --out beetles-onnx --items new-beetles/
        headstart export runs/beetles --to web --ort-web onnxruntime-web-1.30.0.tgz

    Args:
        model: A saved classifier: a run's model folder, or the run.
        to: The format: onnx, openvino, litert, docker or web.
        out: The folder to make; NAME-FORMAT in this folder when not given. Nothing is overwritten.
        items: Your own items to prove it on, in place of the run's test items: a folder, a table, an archive.
        precision: Of the network's numbers: f32, f16, bf16 or int8, of which each format has some.
        with_items: Write copies of a few of your own items into the export, as golden items.
        ort_web: Of web: the package that "npm pack onnxruntime-web" writes, or the folder with its files; looked for
            in this folder when not given.
    """
    from headstart.deployment.contents import describe_agreement, describe_unproved
    from headstart.verbs.export import export as write
    from headstart_runtime.inference.model_format import find_model, read_model

    noun = read_model(find_model(model)).modality.noun
    made = write(model, to=to, out=out, items=items, precision=precision, with_items=with_items, ort_web=ort_web)
    proof = made.proof
    if proof.held_out is not None:
        print(f"held out: {describe_agreement(proof.held_out, noun.many)}")
    if proof.unread:
        print(describe_unproved(proof, noun))
    if proof.drawn is not None:
        print(f"drawn: {describe_agreement(proof.drawn, noun.many)}")
    if made.validation is not None:
        print(f"validation: {made.validation.describe()}")
    print(f"{made.folder}: {made.size / 1e6:.1f} MB, {proof.milliseconds:.3g} ms for {noun.a_one}")
    return 0
