"""Small Vision Transformers in the format of the model hub, with random weights."""

import json
from pathlib import Path
from typing import Any

PREPROCESSOR: dict[str, Any] = {
    "do_resize": True,
    "size": {"height": 32, "width": 32},
    "resample": 2,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.4, 0.6],
    "image_std": [0.5, 0.6, 0.4],
}
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 8,
    "num_labels": 7,
}
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "vit": ("ViT", "ForImageClassification", {"intermediate_size": 40}),
    "deit": ("DeiT", "ForImageClassification", {"intermediate_size": 40}),
    "distilled": ("DeiT", "ForImageClassificationWithTeacher", {"intermediate_size": 40}),
    "dinov2": ("Dinov2", "ForImageClassification", {"mlp_ratio": 3}),
    "registers": ("Dinov2WithRegisters", "ForImageClassification", {"mlp_ratio": 3, "num_register_tokens": 3}),
}


def checkpoint(folder: Path, kind: str = "vit", *, base: bool = False, **preprocessor: Any) -> Any:
    """Write a checkpoint of 7 classes into `folder`, and return transformers' own network.

    Args:
        folder: An empty folder.
        kind: One of `KINDS`.
        base: Whether to write it without its classifier.
        preprocessor: What its `preprocessor_config.json` says besides `PREPROCESSOR`.
    """
    import torch
    import transformers

    from trasluz.torchkit.checkpoint_folder import quiet

    name, what, settings = KINDS[kind]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**SMALL, **settings)
    network = getattr(transformers, f"{name}{'Model' if base else what}")(config).eval()
    with torch.no_grad():  # as after a training: nothing is zero or one any more
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    with quiet():
        network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR | preprocessor))
    return network
