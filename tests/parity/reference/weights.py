"""Seeded random weights under Hugging Face names. Pure Python draws, so no torch version changes them."""

import random

import torch


def shapes(c):
    """name -> shape of every tensor of a checkpoint, MTP layer and its two duplicates included."""
    d, vocab = c["hidden_size"], c["vocab_size"]
    table = {"model.embed_tokens.weight": [vocab, d], "model.norm.weight": [d]}
    if not c["tie_word_embeddings"]:
        table["lm_head.weight"] = [vocab, d]
    main = c["num_hidden_layers"]
    for layer in range(main + c.get("num_nextn_predict_layers", 0)):
        prefix = f"model.layers.{layer}."
        table[prefix + "input_layernorm.weight"] = [d]
        table[prefix + "post_attention_layernorm.weight"] = [d]
        latent = "kv_lora_rank" in c
        table.update(latent_shapes(c, prefix + "self_attn.") if latent else grouped_shapes(c, prefix + "self_attn."))
        if latent and layer >= c["first_k_dense_replace"]:
            table.update(moe_shapes(c, prefix + "mlp."))
        else:
            table.update(mlp_shapes(prefix + "mlp.", d, c["intermediate_size"]))
        if layer >= main:
            table[prefix + "embed_tokens.weight"] = table[prefix + "shared_head.head.weight"] = [vocab, d]
            table[prefix + "eh_proj.weight"] = [d, 2 * d]
            for norm in ("enorm", "hnorm", "shared_head.norm"):
                table[f"{prefix}{norm}.weight"] = [d]
    return table


def mlp_shapes(prefix, d, width):
    return {
        prefix + "gate_proj.weight": [width, d],
        prefix + "up_proj.weight": [width, d],
        prefix + "down_proj.weight": [d, width],
    }


def moe_shapes(c, prefix):
    d, experts, width = c["hidden_size"], c["n_routed_experts"], c["moe_intermediate_size"]
    table = {prefix + "gate.weight": [experts, d]}
    if c["topk_method"] == "noaux_tc":
        table[prefix + "gate.e_score_correction_bias"] = [experts]
    for expert in range(experts):
        table.update(mlp_shapes(f"{prefix}experts.{expert}.", d, width))
    table.update(mlp_shapes(prefix + "shared_experts.", d, width * c["n_shared_experts"]))
    return table


def grouped_shapes(c, prefix):
    d, heads, kv_heads = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"]
    head_dim = c.get("head_dim") or d // heads
    table = {prefix + "o_proj.weight": [d, heads * head_dim]}
    for name, count in (("q_proj", heads), ("k_proj", kv_heads), ("v_proj", kv_heads)):
        table[f"{prefix}{name}.weight"] = [count * head_dim, d]
        if c["model_type"] == "qwen2":
            table[f"{prefix}{name}.bias"] = [count * head_dim]
    return table


def latent_shapes(c, prefix):
    d, heads, latent, q_latent = c["hidden_size"], c["num_attention_heads"], c["kv_lora_rank"], c["q_lora_rank"]
    nope, turned, value = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
    table = {
        prefix + "kv_a_proj_with_mqa.weight": [latent + turned, d],
        prefix + "kv_a_layernorm.weight": [latent],
        prefix + "kv_b_proj.weight": [heads * (nope + value), latent],
        prefix + "o_proj.weight": [d, heads * value],
    }
    if q_latent is None:
        table[prefix + "q_proj.weight"] = [heads * (nope + turned), d]
    else:
        table[prefix + "q_a_proj.weight"] = [q_latent, d]
        table[prefix + "q_a_layernorm.weight"] = [q_latent]
        table[prefix + "q_b_proj.weight"] = [heads * (nope + turned), q_latent]
    return table


def spread(name, shape):
    """(mean, standard deviation) of a tensor's entries."""
    if name.endswith("e_score_correction_bias"):
        return -0.45, 0.15  # s + bias takes both signs: masking dropped groups with 0.0 gives other choices
    if name.endswith("norm.weight"):
        return 1.0, 0.2
    if name.endswith(".bias"):
        return 0.0, 0.5
    if name.endswith("embed_tokens.weight"):
        return 0.0, 0.35
    gain = 1.5 if name.endswith(("lm_head.weight", "gate.weight", "q_proj.weight", "k_proj.weight")) else 1.0
    return 0.0, gain * shape[-1] ** -0.5


def draw(c, seed):
    """name -> float32 tensor. Each tensor has its own stream, so adding one leaves the others as they are."""
    tensors = {}
    for name, shape in shapes(c).items():
        mean, deviation = spread(name, shape)
        stream = random.Random(f"{seed}/{name}")
        count = torch.Size(shape).numel()
        values = [stream.gauss(mean, deviation) for _ in range(count)]
        tensors[name] = torch.tensor(values, dtype=torch.float32).reshape(shape)
    for name in duplicates(c):
        tensors[name] = tensors[duplicates(c)[name]].clone()
    return tensors


def duplicates(c):
    """MTP tensors that are copies of main ones: name -> original."""
    table = {}
    if c.get("num_nextn_predict_layers"):
        prefix = f"model.layers.{c['num_hidden_layers']}."
        table[prefix + "embed_tokens.weight"] = "model.embed_tokens.weight"
        table[prefix + "shared_head.head.weight"] = "lm_head.weight"
    return table


def draw_tokens(c, lengths, seed):
    stream = random.Random(f"{seed}/tokens")
    return [torch.tensor([stream.randrange(c["vocab_size"]) for _ in range(length)]) for length in lengths]
