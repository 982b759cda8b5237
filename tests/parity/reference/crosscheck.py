#!/usr/bin/env python3
"""Judges what make.py wrote by the public `transformers` implementations, run in float64. Prints one table.

Compared: logits, loss, every gradient, the gate's choices and weights, the MTP logits, loss and combined gradients,
the balance loss (from the judge's router logits, by plain loops) and, by finite differences, all three gradients.
"""

import pathlib
import sys

import torch
import transformers
from transformers import AutoModelForCausalLM, modeling_rope_utils
from transformers.modeling_layers import MtpModel

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import make
import model
import tensor_file
import weights
from configs import MODELS


class DoubleTorch:
    """The torch module with its 32-bit types replaced: the judges' float32 islands become float64."""

    float = float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


def make_double(model_type):
    package = getattr(transformers.models, model_type)
    for module in (modeling_rope_utils, getattr(package, f"modeling_{model_type}")):
        module.torch = DoubleTorch()
    torch.Tensor.float = torch.Tensor.double


class Judge:
    def __init__(self, name):
        self.config, _, _ = MODELS[name]
        make_double(self.config["model_type"])
        options = {"dtype": torch.float64, "attn_implementation": "eager"}
        if "n_routed_experts" in self.config:
            options["experts_implementation"] = "eager"
        self.main = AutoModelForCausalLM.from_pretrained(HERE / name, **options).eval()
        self.mtp = None
        if self.config.get("num_nextn_predict_layers"):
            # The class finds its weights by the layer number of the released models, 61.
            self.main._keys_to_ignore_on_load_unexpected = [rf"model\.layers\.{self.config['num_hidden_layers']}.*"]
            self.mtp = MtpModel.from_pretrained(self.main, dtype=torch.float64, experts_implementation="eager").eval()
            self.mtp.set_attn_implementation("eager")
        for part in self.parts():
            for parameter in part.parameters():
                assert parameter.dtype == torch.float64
                parameter.requires_grad_()

    def parts(self):
        return [self.main] + ([self.mtp] if self.mtp else [])

    def run(self, sequences):
        """Logits per sequence, MTP logits per sequence, and what each gate answered: layer -> list of outputs."""
        answers, hooks = {}, []
        for part, offset in zip(self.parts(), (0, self.config["num_hidden_layers"])):
            layers = part.model.layers if part is self.main else part.layers
            for index, layer in enumerate(layers):
                mlp = (layer if part is self.main else layer.mtp_block).mlp
                if hasattr(mlp, "gate"):
                    record = answers.setdefault(index + offset, [])
                    hooks.append(mlp.gate.register_forward_hook(lambda _, __, out, record=record: record.append(out)))
        logits, mtp_logits = [], []
        for tokens in sequences:
            out = self.main(tokens[None], output_hidden_states=True, use_cache=False)
            logits.append(out.logits[0])
            if self.mtp and len(tokens) > 1:
                mtp_logits.append(self.run_mtp(tokens, out.hidden_states[-1]))
        for hook in hooks:
            hook.remove()
        return logits, mtp_logits, answers

    def run_mtp(self, tokens, final):
        positions = torch.arange(1, len(tokens))[None]  # the judge counts from the drafted token; only differences act
        state = self.mtp.forward_layer(0, final[:, :-1], positions, None, input_ids=tokens[None, 1:])
        return self.main.lm_head(state)[0]

    def gradients(self, loss):
        for part in self.parts():
            part.zero_grad()
        loss.backward(retain_graph=True)
        found = dict(self.read_gradients(self.main, lambda name: name))
        if self.mtp:
            layer = f"model.layers.{self.config['num_hidden_layers']}."
            rename = lambda name: name.replace("layers.0.mtp_block.", layer).replace("layers.0.", layer)
            renamed = dict(self.read_gradients(self.mtp, rename))
            found.update({name: g for name, g in renamed.items() if name.startswith(layer)})
        return {name.replace("post_norm", "shared_head.norm"): g for name, g in found.items()}

    def read_gradients(self, part, rename):
        for name, parameter in part.named_parameters():
            name, g = rename(name), parameter.grad
            g = torch.zeros_like(parameter) if g is None else g.clone()
            if name.endswith("experts.gate_up_proj"):
                for expert, (gate, up) in enumerate(zip(*g.chunk(2, 1))):
                    prefix = name[: -len("gate_up_proj")] + f"{expert}."
                    yield prefix + "gate_proj.weight", gate
                    yield prefix + "up_proj.weight", up
            elif name.endswith("experts.down_proj"):
                for expert, down in enumerate(g):
                    yield name[: -len("down_proj")] + f"{expert}.down_proj.weight", down
            else:
                yield name, g


def difference(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    assert a.dtype == b.dtype == torch.float64
    return (a - b).abs().max().item()


def compare_gradients(ours, theirs):
    assert set(ours) == set(theirs), sorted(set(ours) ^ set(theirs))
    return max(difference(ours[name], theirs[name]) for name in ours)


def part_of(outputs, prefix):
    return {name[len(prefix) :]: tensor for name, tensor in outputs.items() if name.startswith(prefix)}


def compare_routing(outputs, answers):
    """Largest difference of gate weights; the choices must be the same."""
    worst = 0.0
    for layer, record in answers.items():
        weights_of, chosen = torch.cat([r[1] for r in record]), torch.cat([r[2] for r in record])
        order = chosen.argsort(-1)
        assert torch.equal(chosen.gather(1, order).int(), outputs[f"route.{layer}.experts"]), layer
        worst = max(worst, difference(weights_of.gather(1, order), outputs[f"route.{layer}.weights"]))
    return worst


def balance_by_loops(c, logits):
    """The balance loss of one sequence from its router logits [T][E], without tensors."""
    squash = torch.sigmoid if c["scoring_func"] == "sigmoid" else lambda x: torch.softmax(x, -1)
    rows = squash(logits).tolist()
    experts, top, length = c["n_routed_experts"], c["num_experts_per_tok"], len(rows)
    total = 0.0
    for e in range(experts):
        hits = sum(e in sorted(range(experts), key=lambda j: -row[j])[:top] for row in rows)
        share = sum(row[e] / sum(row) for row in rows) / length
        total += experts / (top * length) * hits * share
    return total


def compare_balance(c, outputs, answers):
    main_layers = [layer for layer in answers if layer < c["num_hidden_layers"]]
    worst = 0.0
    for row, layer in enumerate(main_layers):
        values = [balance_by_loops(c, record[0]) for record in answers[layer]]
        worst = max(worst, abs(sum(values) / len(values) - outputs["balance_loss"][row].item()))
    return worst


def losses(c, w, sequences):
    """name of gradient prefix -> loss, for finite differences."""
    runs = [model.run_main(c, w, tokens) for tokens in sequences]
    main = model.shifted_loss([run["logits"] for run in runs], sequences, 1)
    found = {"grad.": main}
    if c.get("num_nextn_predict_layers"):
        kept = [(tokens, run) for tokens, run in zip(sequences, runs) if len(tokens) > 1]
        logits = [model.run_mtp(c, w, tokens, run["final"])[0] for tokens, run in kept]
        found["grad_main."] = main
        found["grad."] = main + make.MTP_WEIGHT * model.shifted_loss(logits, [tokens[1:] for tokens, _ in kept], 1)
    if runs[0]["routings"]:
        top = c["num_experts_per_tok"]
        terms = [model.balance_loss(r[0], top)[0] for run in runs for r in run["routings"].values()]
        found["grad_balance."] = sum(terms) / len(runs)
    return found


def finite_differences(c, stored, sequences, outputs, step=1e-6):
    """Largest relative error of a slope along a random direction, over the kinds of gradient."""
    generator = torch.Generator().manual_seed(5)
    worst = 0.0
    for prefix in ("grad.", "grad_main.", "grad_balance."):
        gradients = part_of(outputs, prefix)
        if not gradients:
            continue
        direction = {n: torch.randn(g.shape, generator=generator, dtype=torch.float64) for n, g in gradients.items()}
        ends = []
        for sign in (1, -1):
            w = {name: tensor.double() for name, tensor in stored.items()}
            for name in direction:
                w[name] = w[name] + sign * step * direction[name]
            ends.append(losses(c, w, sequences)[prefix])
        slope = ((ends[0] - ends[1]) / (2 * step)).item()
        ours = sum((direction[name] * gradients[name]).sum().item() for name in gradients)
        worst = max(worst, abs(slope - ours) / abs(slope))
    return worst


def check(name):
    c, lengths, seed = MODELS[name]
    stored, outputs, _ = make.build(name, seed)
    sequences = weights.draw_tokens(c, lengths, seed)
    judge = Judge(name)
    logits, mtp_logits, answers = judge.run(sequences)
    main_loss = model.shifted_loss(logits, sequences, 1)
    row = {"logits": difference(torch.cat(logits), outputs["logits"])}
    row["loss"] = difference(main_loss.reshape(1), outputs["loss"])
    if answers:
        row["gate"] = compare_routing(outputs, answers)
        row["balance"] = compare_balance(c, outputs, answers)
    total = main_loss
    if mtp_logits:
        kept = [tokens for tokens in sequences if len(tokens) > 1]
        mtp_loss = model.shifted_loss(mtp_logits, [tokens[1:] for tokens in kept], 1)
        of_loss = difference(mtp_loss.reshape(1), outputs["mtp_loss"])
        row["mtp"] = max(of_loss, difference(torch.cat(mtp_logits), outputs["mtp_logits"]))
        main_only = judge.gradients(main_loss)
        row["grad_main"] = compare_gradients(
            part_of(outputs, "grad_main."), {n: main_only[n] for n in part_of(outputs, "grad_main.")}
        )
        total = main_loss + make.MTP_WEIGHT * mtp_loss
    row["grad"] = compare_gradients(part_of(outputs, "grad."), judge.gradients(total))
    row["slope"] = finite_differences(c, stored, sequences, outputs)

    on_disk, _ = tensor_file.load(HERE / name / "expected.safetensors")
    assert set(on_disk) == set(outputs)
    row["file"] = max((on_disk[n].double() - outputs[n].double()).abs().max().item() for n in on_disk)
    return row


def main():
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    columns = ["logits", "loss", "grad", "gate", "balance", "mtp", "grad_main", "slope", "file"]
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    print("| model | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for name in sys.argv[1:] or MODELS:
        row = check(name)
        print(f"| {name} | " + " | ".join(f"{row[k]:.1e}" if k in row else "" for k in columns) + " |")


if __name__ == "__main__":
    main()
