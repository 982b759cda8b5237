#!/usr/bin/env python3
"""A model trained here loads in Hugging Face transformers and gives our logits and token ids. Needs torch and transformers from PyPI.
Usage: transformers_load.py [MODEL FOLDER], by default the quickstart's R1-Zero. Exit 1 on a difference."""
import json
import os
import subprocess
import sys

R1 = os.environ.get("R1_BINARY", "build/release/r1")
FOLDER = sys.argv[1] if len(sys.argv) > 1 else "runs/proof/seed-1/r1-zero/final"
QUESTION = "compute 7 + 8 * 2 - 9"


def main():
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError as missing:
        print(f"not run: {missing}; pip install torch transformers")
        return 1
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    messages = [{"role": "user", "content": QUESTION}]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32)
    theirs = model(torch.tensor([ids])).logits[0].detach()
    ours = json.loads(subprocess.run([R1, "logits", FOLDER, "--tokens", ",".join(map(str, ids))], check=True,
                                     stdout=subprocess.PIPE, text=True).stdout)
    ours = torch.tensor(ours["logits"])
    difference = float((ours - theirs).abs().max() / theirs.abs().max())
    print(f"{len(ids)} tokens, vocabulary {ours.shape[1]}: largest difference over largest logit {difference:.2e}")
    out = model.generate(torch.tensor([ids]), max_new_tokens=80, do_sample=False)
    print(tokenizer.decode(out[0]))
    return 0 if difference < 2e-3 else 1


if __name__ == "__main__":
    sys.exit(main())
