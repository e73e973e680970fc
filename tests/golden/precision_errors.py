"""Prints how far PyTorch's own f32 and bf16 are from the golden networks: the tolerances of
tests/models/golden_network_test.cpp are compared with this.

    python3 precision_errors.py GOLDEN_DIR      # needs torch and safetensors

Activations have the given type; weights are f32 rounded to it. Errors are relative to a tensor's largest value.
"""
import sys

import torch
from safetensors.torch import load_file

import torch_revunet as T

NETWORKS = {"revunet_tiny_e1d1": lambda: T.ReversibleUNet((8, 16, 24, 32, 40), 1, 1),
            "revunet_tiny_e3d2": lambda: T.ReversibleUNet((8, 16, 24, 32, 40), 3, 2),
            "baseline_tiny": lambda: T.BaselineUNet(4)}


def error(got, expected):
    got, expected = got.detach().double(), expected.double()
    return float((got - expected).abs().max() / expected.abs().max())


def report(folder, name, dtype):
    golden = load_file(f"{folder}/{name}.safetensors")
    model = NETWORKS[name]()
    model.load_state_dict({k[len("weight."):]: v for k, v in golden.items() if k.startswith("weight.")})
    model = model.to(dtype)
    output = model(golden["input"].to(dtype))
    losses = T.region_dice_losses(output.float(), golden["target"])
    losses.sum().backward()
    gradients = sorted(error(p.grad, golden["grad." + k]) for k, p in model.named_parameters())
    print(f"{name:20} {str(dtype)[6:]:9} output {error(output, golden['output']):.1e}  "
          f"losses {error(losses, golden['region_losses_f64']):.1e}  "
          f"gradients: median {gradients[len(gradients) // 2]:.1e}, worst {gradients[-1]:.1e}")


if __name__ == "__main__":
    for network in NETWORKS:
        for precision in (torch.float32, torch.bfloat16):
            report(sys.argv[1], network, precision)
