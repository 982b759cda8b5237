#!/usr/bin/env python3
"""Would the fixtures notice? Applies known misreadings, one at a time, and prints how far the outputs move."""

import contextlib
import pathlib
import sys
from unittest import mock

import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import layers
import make
import model
import rope
import weights
from configs import MODELS

V3, NO_LORA, V2 = "deepseek-v3-tiny", "deepseek-v3-noqlora-tiny", "deepseek-v2-tiny"
plain_route, plain_run_main, plain_fill = layers.route, model.run_main, torch.Tensor.masked_fill


def fill_groups_with_zero(x, mask, value):
    dropped_groups = x.dim() == 3 and mask.shape[-1] == 1
    return plain_fill(x, mask, 0.0 if dropped_groups else value)


def route_with(**changes):
    return lambda c, w, prefix, x: plain_route({**c, **changes}, w, prefix, x)


def route_weighing_with_bias(c, w, prefix, x):
    s, chosen, _, margin = plain_route(c, w, prefix, x)
    g = (s + w[prefix + "gate.e_score_correction_bias"]).gather(1, chosen)
    return s, chosen, c["routed_scaling_factor"] * g / g.sum(-1, keepdim=True), margin


def mtp_input_swapped(c, w, tokens, final):
    prefix = f"model.layers.{c['num_hidden_layers']}."
    emb = layers.rms_norm(w["model.embed_tokens.weight"][tokens[1:]], w[prefix + "enorm.weight"], 1e-6)
    main = layers.rms_norm(final[:-1], w[prefix + "hnorm.weight"], 1e-6)
    return torch.cat([main, emb], -1) @ w[prefix + "eh_proj.weight"].T


def run_main_without_final_norm(c, w, tokens):
    run = plain_run_main(c, w, tokens)
    return {**run, "final": run["states"][-1]}


def other_scale(c):
    return (c["qk_nope_head_dim"] + c["qk_rope_head_dim"]) ** -0.5


def zero(ending):
    return lambda w: {n: torch.zeros_like(t) if n.endswith(ending) else t for n, t in w.items()}


def use_main_norm_for_mtp(w):
    return {**w, "model.layers.3.shared_head.norm.weight": w["model.norm.weight"]}


swap = mock.patch.object


@contextlib.contextmanager
def float32_arithmetic():
    leaves, angles = make.float_leaves, rope.cos_sin

    def float32_leaves(c, stored):
        return {n: t.detach().float().requires_grad_(t.requires_grad) for n, t in leaves(c, stored).items()}

    with swap(make, "float_leaves", float32_leaves):
        with swap(rope, "cos_sin", lambda *args: tuple(x.float() for x in angles(*args))):
            yield


# (model, misreading, config changes or context manager or function of the weights)
MISREADINGS = [
    ("llama-tiny", "no llama3 scaling", {"rope_scaling": None}),
    ("llama-tiny", "interleaved pairs", swap(rope, "rotate_halves", rope.rotate_interleaved)),
    ("qwen2-tiny", "interleaved pairs", swap(rope, "rotate_halves", rope.rotate_interleaved)),
    ("qwen2-tiny", "no q bias", zero("q_proj.bias")),
    ("qwen2-tiny", "no k bias", zero("k_proj.bias")),
    ("qwen2-tiny", "no v bias", zero("v_proj.bias")),
    (V3, "no YaRN frequencies", swap(rope, "yarn_frequencies", lambda thetas, *_: thetas)),
    (V3, "score scale without m^2", swap(layers, "latent_attention_scale", other_scale)),
    (V3, "half-split pairs", swap(rope, "rotate_interleaved", rope.rotate_halves)),
    (V3, "no group limit", swap(layers, "route", route_with(topk_group=4))),
    (V3, "dropped groups filled with 0.0", swap(torch.Tensor, "masked_fill", fill_groups_with_zero)),
    (V3, "no correction bias", zero("e_score_correction_bias")),
    (V3, "bias in the gate weights", swap(layers, "route", route_weighing_with_bias)),
    (V3, "gate weights not normalised", swap(layers, "route", route_with(norm_topk_prob=False))),
    (V3, "MTP: [hidden ; embedding]", swap(model, "mtp_input", mtp_input_swapped)),
    (V3, "MTP: h_i before model.norm", swap(model, "run_main", run_main_without_final_norm)),
    (V3, "MTP: model.norm for shared_head.norm", use_main_norm_for_mtp),
    (NO_LORA, "rms_norm_eps in kv_a_layernorm", swap(layers, "LATENT_NORM_EPS", 1e-3)),
    (NO_LORA, "1e-6 in the block norms", {"rms_norm_eps": 1e-6}),
    (V2, "sigmoid scores", swap(layers, "route", route_with(scoring_func="sigmoid"))),
    (V2, "no group limit", swap(layers, "route", route_with(topk_group=3))),
    (V2, "gate weights not scaled", swap(layers, "route", route_with(routed_scaling_factor=1.0))),
    (V2, "gate weights normalised", swap(layers, "route", route_with(norm_topk_prob=True))),
    (V2, "mscale and mscale_all_dim 1.0", {"rope_scaling": MODELS[V3][0]["rope_scaling"]}),
]


def outputs_of(name, change=None):
    c, lengths, seed = MODELS[name]
    stored, sequences = weights.draw(c, seed), weights.draw_tokens(c, lengths, seed)
    context = contextlib.nullcontext()
    if isinstance(change, dict):
        c = {**c, **change}
    elif hasattr(change, "__enter__"):
        context = change
    elif change:
        stored = change(stored)
    with context:
        return make.expected(c, stored, sequences)[0]


def main():
    torch.set_num_threads(1)
    right = {name: outputs_of(name) for name in MODELS}
    print("| model | misreading | logits | mtp_logits | grad |\n|---|---|---|---|---|")
    rounding = [(name, "(none: the same in float32)", float32_arithmetic()) for name in MODELS]
    for name, label, change in MISREADINGS + rounding:
        wrong = outputs_of(name, change)
        moved = {key: (wrong[key] - value).abs().max().item() for key, value in right[name].items()}
        gradient = max(value for key, value in moved.items() if key.startswith("grad."))
        mtp = f"{moved['mtp_logits']:.2g}" if "mtp_logits" in moved else ""
        print(f"| {name} | {label} | {moved['logits']:.2g} | {mtp} | {gradient:.2g} |")


if __name__ == "__main__":
    main()
