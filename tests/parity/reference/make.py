#!/usr/bin/env python3
"""Writes NAME/{config.json,model.safetensors,expected.safetensors} for every model of configs.py.

usage: make.py [NAME...] [--out DIR]     make.py --find-seed NAME
Everything is computed in float64 from the float32 weights of the file and stored as float32.
"""

import argparse
import json
import math
import pathlib
import sys

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import model
import tensor_file
import weights
from configs import MODELS

MTP_WEIGHT = 0.3
SMALLEST_MARGIN = 2e-3


def float_leaves(c, stored):
    """The tensors gradients are taken of: float64, without the correction bias and the MTP duplicates."""
    w = {name: tensor.double() for name, tensor in stored.items() if name not in weights.duplicates(c)}
    for name, tensor in w.items():
        if not name.endswith("e_score_correction_bias"):
            tensor.requires_grad_()
    return w


def gradients(loss, w):
    names = [name for name, tensor in w.items() if tensor.requires_grad]
    found = torch.autograd.grad(loss, [w[name] for name in names], retain_graph=True, allow_unused=True)
    return {name: torch.zeros_like(w[name]) if g is None else g for name, g in zip(names, found)}


def add_routing(out, layer, routings):
    out[f"route.{layer}.experts"] = torch.cat([r[1] for r in routings]).int()
    out[f"route.{layer}.weights"] = torch.cat([r[2] for r in routings])
    return min(r[3] for r in routings)


def add_balance(c, w, out, runs):
    """balance_loss [MoE layers], and gradients of its sum for the routers and the embedding."""
    rows, margin = [], math.inf
    for layer in runs[0]["routings"]:
        terms = [model.balance_loss(run["routings"][layer][0], c["num_experts_per_tok"]) for run in runs]
        rows.append(torch.stack([value for value, _ in terms]).mean())
        margin = min([margin] + [m for _, m in terms])
    losses = torch.stack(rows)
    out["balance_loss"] = losses
    for name, g in gradients(losses.sum(), w).items():
        if name == "model.embed_tokens.weight" or (name.endswith("mlp.gate.weight") and g.abs().max() > 0):
            out["grad_balance." + name] = g
    return margin


def add_mtp(c, w, out, sequences, runs, main_loss):
    mtp = [model.run_mtp(c, w, tokens, run["final"]) for tokens, run in zip(sequences, runs) if len(tokens) > 1]
    kept = [tokens for tokens in sequences if len(tokens) > 1]
    out["mtp_logits"] = torch.cat([logits for logits, _ in mtp])
    loss = model.shifted_loss([logits for logits, _ in mtp], [tokens[1:] for tokens in kept], 1)
    out["mtp_loss"] = loss
    for name, g in gradients(main_loss, w).items():
        if not name.startswith(f"model.layers.{c['num_hidden_layers']}."):
            out["grad_main." + name] = g
    return main_loss + MTP_WEIGHT * loss, add_routing(out, c["num_hidden_layers"], [r for _, r in mtp])


def expected(c, stored, sequences):
    """Returns (name -> float64 or int tensor, smallest routing margin)."""
    w = float_leaves(c, stored)
    runs = [model.run_main(c, w, tokens) for tokens in sequences]
    out = {
        "tokens": torch.cat(sequences).int(),
        "lengths": torch.tensor([len(tokens) for tokens in sequences], dtype=torch.int32),
        "logits": torch.cat([run["logits"] for run in runs]),
        "final": torch.cat([run["final"] for run in runs]),
    }
    for depth in range(c["num_hidden_layers"] + 1):
        out[f"hidden.{depth}"] = torch.cat([run["states"][depth] for run in runs])
    loss = model.shifted_loss([run["logits"] for run in runs], sequences, 1)
    out["loss"] = loss

    margin = math.inf
    for layer in runs[0]["routings"]:
        margin = min(margin, add_routing(out, layer, [run["routings"][layer] for run in runs]))
    if runs[0]["routings"]:
        margin = min(margin, add_balance(c, w, out, runs))
    if c.get("num_nextn_predict_layers"):
        loss, mtp_margin = add_mtp(c, w, out, sequences, runs, loss)
        margin = min(margin, mtp_margin)
    for name, g in gradients(loss, w).items():
        out["grad." + name] = g
    return {name: torch.atleast_1d(tensor.detach()) for name, tensor in out.items()}, margin


def build(name, seed):
    c, lengths, _ = MODELS[name]
    stored, sequences = weights.draw(c, seed), weights.draw_tokens(c, lengths, seed)
    return stored, *expected(c, stored, sequences)


def write(name, out_dir):
    c, _, seed = MODELS[name]
    stored, outputs, margin = build(name, seed)
    if margin < SMALLEST_MARGIN:
        sys.exit(f"{name}: seed {seed} has a routing margin of {margin:.2g}, wanted {SMALLEST_MARGIN}; try --find-seed")
    folder = out_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(c, indent=2) + "\n")
    tensor_file.save(folder / "model.safetensors", stored, {"format": "pt"})
    rounded = {key: tensor if tensor.dtype == torch.int32 else tensor.float() for key, tensor in outputs.items()}
    facts = {"seed": str(seed), "smallest_routing_margin": f"{margin:.6g}"}
    tensor_file.save(folder / "expected.safetensors", rounded, facts)
    size = sum(file.stat().st_size for file in folder.iterdir())
    parts = [f"logit std {outputs['logits'].std():.2f}"]
    parts += [f"{key} {outputs[key].item():.5f}" for key in ("loss", "mtp_loss") if key in outputs]
    print(f"{name}: seed {seed}, {size / 1000:.0f} kB, {', '.join(parts)}, margin {margin:.2g}")


def find_seed(name):
    for seed in range(1, 1000):
        margin = build(name, seed)[2]
        print(f"{name}: seed {seed}, margin {margin:.2g}")
        if margin >= SMALLEST_MARGIN:
            return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--find-seed", metavar="NAME")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.find_seed:
        find_seed(arguments.find_seed)
        return
    for name in arguments.names or MODELS:
        write(name, arguments.out)


if __name__ == "__main__":
    main()
