"""Whole model over ragged sequences: logits, next-token loss, MTP loss, sequence-wise balance loss."""

import torch
import torch.nn.functional as F

from layers import decoder_layer, margin_of_top, rms_norm


def head(c, w):
    return w["model.embed_tokens.weight"] if c["tie_word_embeddings"] else w["lm_head.weight"]


def run_main(c, w, tokens):
    """tokens [T] -> states [layers + 1][T, d] (embedding first), final [T, d] after model.norm, logits, routings."""
    x = w["model.embed_tokens.weight"][tokens]
    states, routings = [x], {}
    for layer in range(c["num_hidden_layers"]):
        x, routing = decoder_layer(c, w, f"model.layers.{layer}.", x)
        states.append(x)
        if routing:
            routings[layer] = routing
    final = rms_norm(x, w["model.norm.weight"], c["rms_norm_eps"])
    return {"states": states, "final": final, "logits": final @ head(c, w).T, "routings": routings}


def mtp_input(c, w, tokens, final):
    """[T - 1, d]: position i sees the embedding of token i + 1, then the main state of position i."""
    prefix = f"model.layers.{c['num_hidden_layers']}."
    emb = rms_norm(w["model.embed_tokens.weight"][tokens[1:]], w[prefix + "enorm.weight"], c["rms_norm_eps"])
    main = rms_norm(final[:-1], w[prefix + "hnorm.weight"], c["rms_norm_eps"])
    return torch.cat([emb, main], -1) @ w[prefix + "eh_proj.weight"].T


def run_mtp(c, w, tokens, final):
    """Logits [T - 1, V]: row i predicts token i + 2. Rotary position of row i is i."""
    prefix = f"model.layers.{c['num_hidden_layers']}."
    x, routing = decoder_layer(c, w, prefix, mtp_input(c, w, tokens, final))
    x = rms_norm(x, w[prefix + "shared_head.norm.weight"], c["rms_norm_eps"])
    return x @ head(c, w).T, routing


def shifted_loss(logits_of, sequences, shift):
    """Mean over all sequences' positions that have a token `shift` further on; never across sequences."""
    total, count = torch.zeros((), dtype=torch.float64), 0
    for logits, tokens in zip(logits_of, sequences):
        targets = tokens[shift:]
        if len(targets):
            total = total + F.cross_entropy(logits[: len(targets)], targets, reduction="sum")
        count += len(targets)
    return total / count


def balance_loss(s, top):
    """One sequence, one layer, alpha 1: sum_e f_e P_e, f from a plain top-K of s (no bias, no groups)."""
    length, experts = s.shape
    taken = torch.zeros_like(s).scatter_(1, s.detach().topk(top, -1).indices, 1.0)
    f = taken.sum(0) * experts / (top * length)
    p = (s / s.sum(-1, keepdim=True)).mean(0)
    return (f * p).sum(), margin_of_top(s.detach(), top)
