"""Writes halved_axes.safetensors, revunet_halved_xy_xyz.safetensors and baseline_halved_xy_xyz.safetensors from PyTorch,
in float64: pooling and upsampling along some of the axes, and networks whose first step halves x and y only.

    python3 make_halved_axes.py            # with PyTorch 2.15 on a CPU

Values are stored as make_golden.py stores them.
"""
import torch
import torch.nn.functional as F

import make_golden as G
import torch_revunet as T

AXES = {"d": (2, 1, 1), "h": (1, 2, 1), "w": (1, 1, 2), "dh": (2, 2, 1), "dw": (2, 1, 2), "hw": (1, 2, 2)}


def ops():
    g, out = torch.Generator().manual_seed(12), {}
    for name, factors in AXES.items():
        coarse = (3, 2, 3)
        fine = [c * f for c, f in zip(coarse, factors)]
        G.op_case(out, f"max_pool3d_{name}", {"x": G.f32(1, 5, *fine, gen=g)}, lambda x: F.max_pool3d(x, factors), g)
        G.op_case(out, f"upsample_trilinear_{name}", {"x": G.f32(1, 5, *coarse, gen=g)},
                  lambda x: F.interpolate(x, scale_factor=factors, mode="trilinear", align_corners=False), g)
    G.save("halved_axes.safetensors", out)


if __name__ == "__main__":
    ops()
    steps = [(2, 2, 1), (2, 2, 2)]  # xy, xyz
    # With 24 slices along x, the finest level is cut into slabs where a run asks for that.
    size = (24, 8, 6)
    G.network("revunet_halved_xy_xyz.safetensors", T.ReversibleUNet((4, 8, 12), 2, 1, factors=steps), size)
    G.network("baseline_halved_xy_xyz.safetensors", T.BaselineUNet(2, 3, factors=steps), size)
