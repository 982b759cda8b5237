"""One decoder layer of each family for ONE sequence, naive on purpose: no cache, no batch, no fused step.

`w` maps Hugging Face tensor names to float64 tensors, `prefix` is "model.layers.N.". T positions, d model width.
"""

import torch
import torch.nn.functional as F

import rope

LATENT_NORM_EPS = 1e-6  # of q_a_layernorm and kv_a_layernorm; not rms_norm_eps


def rms_norm(x, gain, eps):
    return gain * x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)


def swiglu(w, prefix, x):
    gate, up = x @ w[prefix + "gate_proj.weight"].T, x @ w[prefix + "up_proj.weight"].T
    return (F.silu(gate) * up) @ w[prefix + "down_proj.weight"].T


def attend(q, k, v, scale):
    """q, k [T, heads, width], v [T, heads, v width]; causal; returns [T, heads * v width]."""
    scores = scale * torch.einsum("qhc,khc->hqk", q, k)
    length = q.shape[0]
    future = torch.ones(length, length, dtype=torch.bool).triu(1)
    weights = scores.masked_fill(future, -torch.inf).softmax(-1)
    return torch.einsum("hqk,khc->qhc", weights, v).flatten(1)


def grouped_query_attention(c, w, prefix, x):
    heads, kv_heads = c["num_attention_heads"], c["num_key_value_heads"]
    head_dim = c.get("head_dim") or c["hidden_size"] // heads

    def project(name, count):
        y = x @ w[prefix + name + ".weight"].T
        if prefix + name + ".bias" in w:
            y = y + w[prefix + name + ".bias"]
        return y.reshape(len(x), count, head_dim)

    cos, sin = rope.cos_sin(c, head_dim, len(x))
    q = rope.rotate_halves(project("q_proj", heads), cos, sin)
    k = rope.rotate_halves(project("k_proj", kv_heads), cos, sin)
    v = project("v_proj", kv_heads)
    owner = [head * kv_heads // heads for head in range(heads)]
    return attend(q, k[:, owner], v[:, owner], head_dim**-0.5) @ w[prefix + "o_proj.weight"].T


def latent_attention_scale(c):
    scale = (c["qk_nope_head_dim"] + c["qk_rope_head_dim"]) ** -0.5
    scaling = c.get("rope_scaling")
    if rope.scaling_kind(scaling) == "yarn":
        scale *= rope.mscale(scaling["factor"], scaling["mscale_all_dim"]) ** 2
    return scale


def latent_attention(c, w, prefix, x):
    heads, latent = c["num_attention_heads"], c["kv_lora_rank"]
    nope, turned, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
    length = len(x)

    if c["q_lora_rank"] is None:
        q = x @ w[prefix + "q_proj.weight"].T
    else:
        q = rms_norm(x @ w[prefix + "q_a_proj.weight"].T, w[prefix + "q_a_layernorm.weight"], LATENT_NORM_EPS)
        q = q @ w[prefix + "q_b_proj.weight"].T
    q_nope, q_rope = q.reshape(length, heads, nope + turned).split([nope, turned], -1)

    kv, k_rope = (x @ w[prefix + "kv_a_proj_with_mqa.weight"].T).split([latent, turned], -1)
    kv = rms_norm(kv, w[prefix + "kv_a_layernorm.weight"], LATENT_NORM_EPS) @ w[prefix + "kv_b_proj.weight"].T
    k_nope, v = kv.reshape(length, heads, nope + value).split([nope, value], -1)

    cos, sin = rope.cos_sin(c, turned, length)
    q_rope = rope.rotate_interleaved(q_rope, cos, sin)
    k_rope = rope.rotate_interleaved(k_rope[:, None], cos, sin).expand(length, heads, turned)
    q, k = torch.cat([q_nope, q_rope], -1), torch.cat([k_nope, k_rope], -1)
    return attend(q, k, v, latent_attention_scale(c)) @ w[prefix + "o_proj.weight"].T


def margin_of_top(scores, count):
    """Distance between the last score taken and the first one left; infinite when none is left."""
    ordered = scores.sort(-1, descending=True).values
    if count == scores.shape[-1]:
        return float("inf")
    gap = (ordered[:, count - 1] - ordered[:, count])
    return gap.nan_to_num(posinf=float("inf")).min().item()


def route(c, w, prefix, x):
    """Returns (s [T, E], chosen [T, K] ascending, gate weights [T, K], smallest margin of any choice made)."""
    experts, top, groups = c["n_routed_experts"], c["num_experts_per_tok"], c["n_group"] or 1
    logits = x @ w[prefix + "gate.weight"].T
    s = logits.sigmoid() if c["scoring_func"] == "sigmoid" else logits.softmax(-1)
    choice = s.detach()
    if c["topk_method"] == "noaux_tc":
        choice = choice + w[prefix + "gate.e_score_correction_bias"].detach()

    margin = float("inf")
    if c["topk_method"] != "greedy":
        grouped = choice.reshape(len(x), groups, experts // groups)
        best = 2 if c["topk_method"] == "noaux_tc" else 1
        group_score = grouped.sort(-1, descending=True).values[..., :best].sum(-1)
        margin = margin_of_top(group_score, c["topk_group"])
        kept = torch.zeros_like(group_score, dtype=torch.bool)
        kept.scatter_(1, group_score.topk(c["topk_group"], -1).indices, True)
        choice = grouped.masked_fill(~kept[..., None], -torch.inf).flatten(1)
    margin = min(margin, margin_of_top(choice, top))

    chosen = choice.topk(top, -1).indices.sort(-1).values
    g = s.gather(1, chosen)
    if c["norm_topk_prob"]:
        g = g / (g.sum(-1, keepdim=True) + 1e-20)
        if c["model_type"] == "deepseek_v2":
            return s, chosen, g, margin
    return s, chosen, g * c["routed_scaling_factor"], margin


def mixture(c, w, prefix, x, routing):
    _, chosen, g, _ = routing
    rows = []
    for t in range(len(x)):
        y = swiglu(w, prefix + "shared_experts.", x[t])
        for k, expert in enumerate(chosen[t].tolist()):
            y = y + g[t, k] * swiglu(w, f"{prefix}experts.{expert}.", x[t])
        rows.append(y)
    return torch.stack(rows)


def decoder_layer(c, w, prefix, x):
    """Returns (output [T, d], routing or None when the layer is dense)."""
    attention = latent_attention if "kv_lora_rank" in c else grouped_query_attention
    h = rms_norm(x, w[prefix + "input_layernorm.weight"], c["rms_norm_eps"])
    x = x + attention(c, w, prefix + "self_attn.", h)
    h = rms_norm(x, w[prefix + "post_attention_layernorm.weight"], c["rms_norm_eps"])
    if prefix + "mlp.gate.weight" not in w:
        return x + swiglu(w, prefix + "mlp.", h), None
    routing = route(c, w, prefix + "mlp.", h)
    return x + mixture(c, w, prefix + "mlp.", h, routing), routing
