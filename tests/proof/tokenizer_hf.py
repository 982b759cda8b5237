#!/usr/bin/env python3
"""Do we and Hugging Face's `tokenizers` agree on a tokenizer that we wrote?

    tokenizer_hf.py FOLDER TEXT [IDS]          the token ids of the file TEXT, markers parsed
    tokenizer_hf.py FOLDER --chat JSON [IDS]   of the list of messages in JSON, under FOLDER's chat template

Prints the ids that `tokenizers` gives, separated by spaces. With IDS, a file of ids separated by white space or commas,
says where the first difference is and exits with 1 if there is one. Needs the PyPI packages tokenizers and, for --chat,
jinja2; run by hand (`make proof`), never by the product or its tests.
"""
import json
import os
import sys


def chat_text(folder, messages_path):
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message):
        raise ValueError(message)

    with open(os.path.join(folder, "tokenizer_config.json"), encoding="utf-8") as f:
        config = json.load(f)
    with open(messages_path, encoding="utf-8") as f:
        messages = json.load(f)
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = raise_exception
    names = {key: config[key] for key in ("bos_token", "eos_token", "pad_token") if key in config}
    return environment.from_string(config["chat_template"]).render(messages=messages, add_generation_prompt=True, **names)


def main(arguments):
    from tokenizers import Tokenizer

    chat = "--chat" in arguments
    arguments = [a for a in arguments if a != "--chat"]
    if len(arguments) not in (2, 3):
        sys.stderr.write(__doc__)
        return 2
    folder, source = arguments[:2]
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    if chat:
        text = chat_text(folder, source)
    else:
        with open(source, encoding="utf-8", newline="") as f:
            text = f.read()
    got = tokenizer.encode(text, add_special_tokens=False).ids
    print(*got)
    if len(arguments) == 2:
        return 0
    with open(arguments[2], encoding="utf-8") as f:
        want = [int(word) for word in f.read().replace(",", " ").split()]
    if got == want:
        return 0
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    sys.stderr.write(f"differ at token {at}: tokenizers {got[at:at + 5]}, ours {want[at:at + 5]}"
                     f" ({len(got)} and {len(want)} tokens)\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
