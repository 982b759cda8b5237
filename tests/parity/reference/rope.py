"""Rotary frequencies (plain, llama3, YaRN) and the two pair layouts, in float64."""

import math

import torch


def mscale(factor, weight):
    return 1.0 + 0.1 * weight * math.log(factor) if factor > 1 else 1.0


def scaling_kind(scaling):
    return (scaling.get("rope_type") or scaling.get("type")) if scaling else "none"


def llama3_frequency(theta, scaling):
    original = scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    wavelength = 2 * math.pi / theta
    if wavelength < original / high:
        return theta
    if wavelength > original / low:
        return theta / scaling["factor"]
    blend = (original / wavelength - low) / (high - low)
    return (1 - blend) * theta / scaling["factor"] + blend * theta


def yarn_frequencies(thetas, base, dim, scaling):
    def turns_to_dim(turns):
        original = scaling["original_max_position_embeddings"]
        return dim * math.log(original / (2 * math.pi * turns)) / (2 * math.log(base))

    low = max(math.floor(turns_to_dim(scaling["beta_fast"])), 0)
    high = min(math.ceil(turns_to_dim(scaling["beta_slow"])), dim - 1)
    assert high > low
    scaled = []
    for i, theta in enumerate(thetas):
        ramp = min(max((i - low) / (high - low), 0.0), 1.0)
        scaled.append(theta * (1 - ramp) + theta / scaling["factor"] * ramp)
    return scaled


def cos_sin(config, dim, length):
    """cos and sin of pos * theta_i, each [length, dim / 2], with YaRN's magnitude factor."""
    base, scaling = config["rope_theta"], config.get("rope_scaling")
    thetas = [base ** (-2 * i / dim) for i in range(dim // 2)]
    kind, magnitude = scaling_kind(scaling), 1.0
    if kind == "llama3":
        thetas = [llama3_frequency(theta, scaling) for theta in thetas]
    elif kind == "yarn":
        thetas = yarn_frequencies(thetas, base, dim, scaling)
        factor = scaling["factor"]
        magnitude = mscale(factor, scaling["mscale"]) / mscale(factor, scaling["mscale_all_dim"])
    else:
        assert kind == "none", kind
    angle = torch.arange(length, dtype=torch.float64)[:, None] * torch.tensor(thetas, dtype=torch.float64)
    return magnitude * angle.cos(), magnitude * angle.sin()


def rotate_interleaved(x, cos, sin):
    """x [length, heads, dim]; pair i is (2i, 2i + 1)."""
    a, b = x[..., 0::2], x[..., 1::2]
    cos, sin = cos[:, None], sin[:, None]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(-2)


def rotate_halves(x, cos, sin):
    """x [length, heads, dim]; pair i is (i, i + dim / 2)."""
    a, b = x.chunk(2, -1)
    cos, sin = cos[:, None], sin[:, None]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)
