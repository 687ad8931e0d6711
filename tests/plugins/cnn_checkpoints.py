"""Small checkpoints in the format of the model hub, with random weights."""

import json
from pathlib import Path
from typing import Any

PREPROCESSOR: dict[str, Any] = {
    "do_resize": True,
    "size": {"height": 64, "width": 64},
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}
SMALL = {"embedding_size": 8, "hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "resnet": ("ResNet", {**SMALL, "layer_type": "basic"}),
    "convnext": ("ConvNext", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 2, 1]}),
    "convnextv2": ("ConvNextV2", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 2, 1]}),
    "regnet": ("RegNet", {**SMALL, "groups_width": 8}),
    "mobilenet_v1": ("MobileNetV1", {"depth_multiplier": 0.25}),
    "mobilenet_v2": ("MobileNetV2", {"depth_multiplier": 0.35}),
    "efficientnet": ("EfficientNet", {"width_coefficient": 0.25, "depth_coefficient": 0.5, "hidden_dim": 320}),
}


def checkpoint(folder: Path, kind: str = "resnet", **preprocessor: Any) -> Any:
    """Write a checkpoint of 7 classes into `folder`, and return transformers' own network."""
    import torch
    import transformers

    from trasluz.torchkit.checkpoint_folder import quiet

    name, settings = KINDS[kind]
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(num_labels=7, **settings)
    network = getattr(transformers, f"{name}ForImageClassification")(config).eval()
    with torch.no_grad():
        for module in network.modules():  # as after a training: statistics and scales that differ
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.5, 1.5)
            if isinstance(module, torch.nn.LayerNorm):
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.1)
    with quiet():
        network.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR | preprocessor))
    return network
